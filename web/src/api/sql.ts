import { request } from "@/api/client";
import type { BodyOf } from "@/api/contract";
import type { CompletionItem, Diagnostic, HoverResponse, SignatureResponse, ValidateResponse } from "@/api/types";

interface Scope {
  thread_id?: string | undefined;
  signal?: AbortSignal | undefined;
}

const withThread = (scope: Scope) => (scope.thread_id ? { thread_id: scope.thread_id } : {});

export function validateSql(sql: string, scope: Scope = {}): Promise<ValidateResponse> {
  const body: BodyOf<"validate_sql"> = { sql, ...withThread(scope) };
  return request("/api/validate", { method: "POST", body, signal: scope.signal });
}

export function formatSql(sql: string): Promise<{ sql: string; changed: boolean; diagnostics?: Diagnostic[] }> {
  const body: BodyOf<"format_sql"> = { sql };
  return request("/api/format", { method: "POST", body });
}

export function completeSql(prefix: string, suffix: string, scope: Scope = {}): Promise<CompletionItem[]> {
  const body: BodyOf<"completions"> = {
    prefix,
    suffix,
    mode: "list",
    max_items: 50,
    ...(scope.thread_id ? { context: withThread(scope) } : {}),
  };
  return request<{ completions: CompletionItem[] }>("/api/completions", {
    method: "POST",
    body,
    signal: scope.signal,
  }).then((answer) => answer.completions ?? []);
}

export function hoverSql(sql: string, offset: number, scope: Scope = {}): Promise<HoverResponse | null> {
  const body: BodyOf<"hover"> = { sql, offset, ...withThread(scope) };
  return request("/api/sql/hover", { method: "POST", body, signal: scope.signal });
}

export function signatureSql(sql: string, offset: number, signal?: AbortSignal): Promise<SignatureResponse | null> {
  const body: BodyOf<"signature"> = { sql, offset };
  return request("/api/sql/signature", { method: "POST", body, signal });
}

import { request } from "@/api/client";
import type { CompletionItem, Diagnostic, HoverResponse, SignatureResponse, ValidateResponse } from "@/api/types";

interface Scope {
  thread_id?: string | undefined;
  signal?: AbortSignal | undefined;
}

const withThread = (scope: Scope) => (scope.thread_id ? { thread_id: scope.thread_id } : {});

export function validateSql(sql: string, scope: Scope = {}): Promise<ValidateResponse> {
  return request("/api/validate", { method: "POST", body: { sql, ...withThread(scope) }, signal: scope.signal });
}

export function formatSql(sql: string): Promise<{ sql: string; changed: boolean; diagnostics?: Diagnostic[] }> {
  return request("/api/format", { method: "POST", body: { sql } });
}

export function completeSql(prefix: string, suffix: string, scope: Scope = {}): Promise<CompletionItem[]> {
  return request<{ completions: CompletionItem[] }>("/api/completions", {
    method: "POST",
    body: { prefix, suffix, mode: "list", max_items: 50, ...(scope.thread_id ? { context: withThread(scope) } : {}) },
    signal: scope.signal,
  }).then((body) => body.completions ?? []);
}

export function hoverSql(sql: string, offset: number, scope: Scope = {}): Promise<HoverResponse | null> {
  return request("/api/sql/hover", {
    method: "POST",
    body: { sql, offset, ...withThread(scope) },
    signal: scope.signal,
  });
}

export function signatureSql(sql: string, offset: number, signal?: AbortSignal): Promise<SignatureResponse | null> {
  return request("/api/sql/signature", { method: "POST", body: { sql, offset }, signal });
}

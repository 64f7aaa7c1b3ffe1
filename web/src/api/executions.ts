import { buildUrl, request } from "@/api/client";
import type { BodyOf } from "@/api/contract";
import { queryClient } from "@/api/query-client";
import type { Column, ExecuteResponse, Execution, Row, ScriptState } from "@/api/types";

export async function executeSql(body: BodyOf<"execute_query">, signal?: AbortSignal): Promise<ExecuteResponse> {
  const response = await request<ExecuteResponse>("/api/execute", { method: "POST", body, signal });
  if (response.artifact) void queryClient.invalidateQueries({ queryKey: ["thread-artifacts"] });
  return response;
}

export function getExecution(id: string, signal?: AbortSignal): Promise<Execution> {
  return request<Execution & { execution?: Execution }>(`/api/executions/${id}`, { signal }).then(
    (body) => body.execution ?? body,
  );
}

export function cancelExecution(id: string): Promise<{ execution_id: string; state: string }> {
  return request(`/api/executions/${id}`, { method: "DELETE" });
}

export function getScript(id: string, signal?: AbortSignal): Promise<ScriptState> {
  return request(`/api/scripts/${id}`, { signal });
}

/** Ends a script and every query of it that runs. */
export function cancelScript(id: string): Promise<ScriptState> {
  return request(`/api/scripts/${id}`, { method: "DELETE" });
}

export function getExecutionRows(id: string, limit = 1000): Promise<{ columns: Column[]; rows: Row[] }> {
  return request(`/api/executions/${id}/rows`, { query: { limit } });
}

export function exportUrl(id: string, format: "csv" | "json"): string {
  return buildUrl(`/api/executions/${id}/rows`, { format, download: true });
}

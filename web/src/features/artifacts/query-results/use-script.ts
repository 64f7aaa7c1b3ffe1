import { useQuery } from "@tanstack/react-query";
import { getScript } from "@/api/executions";
import type { ScriptState, StatementResult } from "@/api/types";

const POLL_MS = 700;

export const isAtWork = (statement: StatementResult): boolean =>
  statement.state === "running" || statement.state === "waiting";

/** Whether the statements need a list: a single query, SHOW or DESCRIBE is its rows. */
export function isScript(statements: readonly StatementResult[]): boolean {
  const only = statements[0];
  return statements.length > 1 || (only !== undefined && !["select", "show", "describe"].includes(only.kind));
}

/** A single query tells of itself over its stream, once it has begun. */
const isFollowed = (statements: readonly StatementResult[]): boolean =>
  isScript(statements) || statements.some((s) => isAtWork(s) && !s.execution_id);

/** What became of each statement, asked again while one is at work. `gone`: the run is not kept any more. */
export function useScript(
  scriptId: string | null,
  known: readonly StatementResult[],
): { statements: readonly StatementResult[]; sql: string; gone: boolean } {
  const script = useQuery<ScriptState>({
    queryKey: ["script", scriptId],
    enabled: scriptId !== null && (known.length === 0 || isFollowed(known)),
    staleTime: POLL_MS,
    retry: false,
    refetchInterval: (query) => {
      const now = query.state.data?.statements ?? [];
      return isFollowed(now) && now.some(isAtWork) ? POLL_MS : false;
    },
    queryFn: ({ signal }) => getScript(scriptId ?? "", signal),
  });
  return { statements: script.data?.statements ?? known, sql: script.data?.sql ?? "", gone: script.isError };
}

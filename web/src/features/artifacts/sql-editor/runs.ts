import { useSyncExternalStore } from "react";
import { toErrorBody } from "@/api/errors";
import { executeSql } from "@/api/executions";
import type { ApiErrorBody, ExecuteResponse, StatementResult } from "@/api/types";
import { createStore } from "@/lib/external-store";
import type { TextPiece } from "@/lib/velosql-tokens";
import { liveView } from "@/stream/use-live-view";

/** How long the server may hold a run of ended rows back; later ones come over the socket. */
const WAIT_MS = 2000;

export interface Run {
  status: "starting" | "started" | "refused";
  /** Of the main result; null when no statement gives rows. */
  executionId: string | null;
  scriptId: string | null;
  statements: readonly StatementResult[];
  initial: ExecuteResponse | null;
  error: ApiErrorBody | null;
  /** What was sent, and where it stands in the document; null after a reload. */
  piece: TextPiece | null;
}

const SESSION_KEY = "velo.runs";

type Kept = Pick<Run, "executionId" | "scriptId">;
const nothing = { statements: [], initial: null, error: null, piece: null } as const;

/** The last run of each SQL artifact, so that leaving a tab or reloading the page does not lose it. */
const runs = createStore<Readonly<Record<string, Run>>>(restore());

function restore(): Record<string, Run> {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(SESSION_KEY) ?? "{}");
    if (typeof kept !== "object" || kept === null) return {};
    return Object.fromEntries(
      Object.entries(kept as Record<string, Partial<Kept> | null>)
        .filter(([, run]) => typeof run?.executionId === "string" || typeof run?.scriptId === "string")
        .map(([id, run]) => [
          id,
          {
            ...nothing,
            status: "started" as const,
            executionId: run?.executionId ?? null,
            scriptId: run?.scriptId ?? null,
          },
        ]),
    );
  } catch {
    return {};
  }
}

function put(artifactId: string, run: Run): void {
  runs.set((all) => ({ ...all, [artifactId]: run }));
  const kept = Object.entries(runs.get())
    .filter(([, r]) => r.executionId !== null || r.scriptId !== null)
    .map(([id, r]): [string, Kept] => [id, { executionId: r.executionId, scriptId: r.scriptId }]);
  try {
    sessionStorage.setItem(SESSION_KEY, JSON.stringify(Object.fromEntries(kept.slice(-50))));
  } catch {
    // Without session storage a reload forgets the run; the artifact of the result still has it.
  }
}

export function useRun(artifactId: string): Run | null {
  const all = useSyncExternalStore(runs.subscribe, runs.get);
  return all[artifactId] ?? null;
}

/** A run the assistant made belongs to the SQL it ran. */
export function adoptRun(
  sqlArtifactId: string,
  results: { execution_id: string; script_id: string | null; statements: readonly StatementResult[] },
): void {
  const known = runs.get()[sqlArtifactId];
  const executionId = results.execution_id || null;
  if (known && known.executionId === executionId && known.scriptId === results.script_id) return;
  put(sqlArtifactId, {
    ...nothing,
    status: "started",
    executionId,
    scriptId: results.script_id,
    statements: results.statements,
  });
}

/** A new run ends the rows that the one before only showed; streams and tables it feeds go on. */
function endBefore(before: Run | undefined): void {
  if (!before?.executionId) return;
  const main = before.statements.find((s) => s.execution_id === before.executionId);
  if (!main?.writes) liveView(before.executionId, before.initial ?? undefined).stop();
}

export async function startRun(artifactId: string, piece: TextPiece, threadId: string | undefined): Promise<void> {
  const before = runs.get()[artifactId];
  put(artifactId, {
    ...(before ?? { ...nothing, executionId: null, scriptId: null }),
    status: "starting",
    error: null,
  });
  endBefore(before);
  try {
    const response = await executeSql({
      sql: piece.text,
      options: { changelog: true, wait_ms: WAIT_MS },
      artifact_id: artifactId,
      ...(threadId ? { thread_id: threadId } : {}),
    });
    // Opened here, so that the first rows are held even if the panel is not on screen yet.
    if (response.execution_id) liveView(response.execution_id, response);
    put(artifactId, {
      status: "started",
      executionId: response.execution_id || null,
      scriptId: response.script_id ?? null,
      statements: response.statements ?? [],
      initial: response,
      error: null,
      piece,
    });
  } catch (error) {
    put(artifactId, {
      ...nothing,
      status: "refused",
      executionId: null,
      scriptId: null,
      error: toErrorBody(error),
      piece,
    });
  }
}

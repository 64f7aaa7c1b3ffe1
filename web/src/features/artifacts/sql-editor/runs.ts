import { useSyncExternalStore } from "react";
import { toErrorBody } from "@/api/errors";
import { executeSql } from "@/api/executions";
import type { ApiErrorBody, ExecuteResponse } from "@/api/types";
import { createStore } from "@/lib/external-store";
import { liveView } from "@/stream/use-live-view";

export interface Run {
  status: "starting" | "started" | "refused";
  executionId: string | null;
  initial: ExecuteResponse | null;
  error: ApiErrorBody | null;
}

const SESSION_KEY = "velo.runs";

/** The last run of each SQL artifact, so that leaving a tab or reloading the page does not lose it. */
const runs = createStore<Readonly<Record<string, Run>>>(restore());

function restore(): Record<string, Run> {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(SESSION_KEY) ?? "{}");
    if (typeof kept !== "object" || kept === null) return {};
    return Object.fromEntries(
      Object.entries(kept)
        .filter((entry): entry is [string, string] => typeof entry[1] === "string")
        .map(([id, executionId]) => [id, { status: "started" as const, executionId, initial: null, error: null }]),
    );
  } catch {
    return {};
  }
}

function put(artifactId: string, run: Run): void {
  runs.set((all) => ({ ...all, [artifactId]: run }));
  const ids = Object.entries(runs.get()).flatMap(([id, r]) => (r.executionId ? [[id, r.executionId]] : []));
  try {
    sessionStorage.setItem(SESSION_KEY, JSON.stringify(Object.fromEntries(ids.slice(-50))));
  } catch {
    // Without session storage a reload forgets the run; the artifact of the result still has it.
  }
}

export function useRun(artifactId: string): Run | null {
  const all = useSyncExternalStore(runs.subscribe, runs.get);
  return all[artifactId] ?? null;
}

/** A run the assistant made belongs to the SQL it ran. */
export function adoptRun(sqlArtifactId: string, executionId: string): void {
  if (runs.get()[sqlArtifactId]?.executionId === executionId) return;
  put(sqlArtifactId, { status: "started", executionId, initial: null, error: null });
}

export async function startRun(artifactId: string, sql: string, threadId: string | undefined): Promise<void> {
  const before = runs.get()[artifactId];
  put(artifactId, {
    status: "starting",
    executionId: before?.executionId ?? null,
    initial: before?.initial ?? null,
    error: null,
  });
  if (before?.executionId) liveView(before.executionId, before.initial ?? undefined).stop();
  try {
    const response = await executeSql({
      sql,
      options: { changelog: true },
      artifact_id: artifactId,
      ...(threadId ? { thread_id: threadId } : {}),
    });
    // Opened here, so that the first rows are held even if the panel is not on screen yet.
    liveView(response.execution_id, response);
    put(artifactId, { status: "started", executionId: response.execution_id, initial: response, error: null });
  } catch (error) {
    put(artifactId, { status: "refused", executionId: null, initial: null, error: toErrorBody(error) });
  }
}

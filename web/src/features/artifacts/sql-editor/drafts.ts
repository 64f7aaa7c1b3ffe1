import { useSyncExternalStore } from "react";
import { createStore } from "@/lib/external-store";
import { readStoredJson, writeStored } from "@/lib/storage";

export interface SqlDraft {
  baseVersion: number;
  sql: string;
}

const key = (artifactId: string) => `velo.sql-draft.${artifactId}`;
const isDraft = (value: unknown): value is SqlDraft =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as SqlDraft).sql === "string" &&
  typeof (value as SqlDraft).baseVersion === "number";

/** Edits not saved yet. Written through to storage, so that a crash or a reload loses no typing. */
const drafts = createStore<Readonly<Record<string, SqlDraft | null>>>({});

function draftOf(artifactId: string): SqlDraft | null {
  const held = drafts.get()[artifactId];
  return held !== undefined
    ? held
    : readStoredJson<SqlDraft | null>(key(artifactId), (v): v is SqlDraft | null => isDraft(v), null);
}

const cache = new Map<string, SqlDraft | null>();
function stable(artifactId: string): SqlDraft | null {
  const next = draftOf(artifactId);
  const last = cache.get(artifactId) ?? null;
  if (last && next && last.sql === next.sql && last.baseVersion === next.baseVersion) return last;
  cache.set(artifactId, next);
  return next;
}

export function useDraft(artifactId: string): SqlDraft | null {
  return useSyncExternalStore(drafts.subscribe, () => stable(artifactId));
}

export function setDraft(artifactId: string, draft: SqlDraft | null): void {
  drafts.set((all) => ({ ...all, [artifactId]: draft }));
  writeStored(key(artifactId), draft ? JSON.stringify(draft) : null);
}

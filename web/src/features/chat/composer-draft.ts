import { useSyncExternalStore } from "react";
import { createStore } from "@/lib/external-store";
import { readStored, writeStored } from "@/lib/storage";

const key = (threadId: string) => `velo.draft.${threadId}`;
const drafts = createStore<Readonly<Record<string, string>>>({});

/** What is typed but not sent, per thread. Written through, so that a reload, a crash or a lost studio loses nothing. */
export function useComposerDraft(threadId: string): [string, (text: string) => void] {
  const text = useSyncExternalStore(drafts.subscribe, () => drafts.get()[threadId] ?? readStored(key(threadId)) ?? "");
  return [text, (next) => setComposerDraft(threadId, next)];
}

export function setComposerDraft(threadId: string, text: string): void {
  drafts.set((all) => ({ ...all, [threadId]: text }));
  writeStored(key(threadId), text === "" ? null : text);
}

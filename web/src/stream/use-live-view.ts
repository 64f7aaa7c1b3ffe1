import { useEffect, useSyncExternalStore } from "react";
import type { ExecuteResponse } from "@/api/types";
import { LiveView, type LiveSnapshot } from "@/stream/live-view";

/** A view stays open for this long after its last reader left, so that changing tabs keeps the picture. */
const LINGER_MS = 15_000;

interface Held {
  view: LiveView;
  readers: number;
  closing: ReturnType<typeof setTimeout> | null;
}
const held = new Map<string, Held>();

export function liveView(executionId: string, initial?: ExecuteResponse): LiveView {
  let entry = held.get(executionId);
  if (!entry) {
    entry = { view: new LiveView(executionId, initial), readers: 0, closing: null };
    held.set(executionId, entry);
  }
  return entry.view;
}

function retain(executionId: string): () => void {
  const entry = held.get(executionId);
  if (!entry) return () => undefined;
  entry.readers += 1;
  if (entry.closing) clearTimeout(entry.closing);
  entry.closing = null;
  return () => {
    entry.readers -= 1;
    if (entry.readers > 0) return;
    entry.closing = setTimeout(() => {
      entry.view.close();
      if (held.get(executionId) === entry) held.delete(executionId);
    }, LINGER_MS);
  };
}

export function useLiveView(executionId: string, initial?: ExecuteResponse): [LiveSnapshot, LiveView] {
  const view = liveView(executionId, initial);
  useEffect(() => retain(executionId), [executionId]);
  return [useSyncExternalStore(view.subscribe, view.get), view];
}

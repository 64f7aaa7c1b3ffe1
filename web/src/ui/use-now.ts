import { useSyncExternalStore } from "react";
import { createStore } from "@/lib/external-store";

/** One clock for the page, so that every age on it changes in the same frame. */
const now = createStore(Date.now());
let readers = 0;
let timer: ReturnType<typeof setInterval> | null = null;

function subscribe(listener: () => void): () => void {
  const stop = now.subscribe(listener);
  readers += 1;
  timer ??= setInterval(() => now.set(Date.now()), 1000);
  return () => {
    stop();
    readers -= 1;
    if (readers === 0 && timer) {
      clearInterval(timer);
      timer = null;
    }
  };
}

export function useNow(): number {
  return useSyncExternalStore(subscribe, now.get);
}

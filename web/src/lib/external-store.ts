/** A value with subscribers, for `useSyncExternalStore`. Setting an equal value wakes nobody. */
export interface ExternalStore<T> {
  get: () => T;
  set: (next: T | ((current: T) => T)) => void;
  subscribe: (listener: () => void) => () => void;
}

export function createStore<T>(initial: T): ExternalStore<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      const candidate = typeof next === "function" ? (next as (current: T) => T)(value) : next;
      if (Object.is(candidate, value)) return;
      value = candidate;
      for (const listener of [...listeners]) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

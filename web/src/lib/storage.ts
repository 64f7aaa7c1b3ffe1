/** Browser storage that can be full, blocked or absent without anyone noticing but the reader's own settings. */
export function readStored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function writeStored(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Nothing to do: the value lives on in memory for this visit.
  }
}

export function readStoredJson<T>(key: string, guard: (value: unknown) => value is T, fallback: T): T {
  const text = readStored(key);
  if (text === null) return fallback;
  try {
    const value: unknown = JSON.parse(text);
    return guard(value) ? value : fallback;
  } catch {
    return fallback;
  }
}

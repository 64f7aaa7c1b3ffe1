/** Durations as people read them: `8 ms`, `1.2 s`, `4 m 10 s`, `2 h 4 m`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1).replace(/\.0$/, "")} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m${seconds % 60 ? ` ${seconds % 60} s` : ""}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} m` : ""}`;
  return `${Math.floor(minutes / 1440)} d`;
}

/** Freshness only; never used for data. */
export function formatAge(thenMs: number, nowMs: number): string {
  const age = Math.max(0, nowMs - thenMs);
  return age < 1000 ? "now" : `${formatDuration(Math.floor(age / 1000) * 1000)} ago`;
}

const INSTANT = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(\.\d+)?Z$/;

/** `2026-02-16T09:41:07.123456789Z` → `2026-02-16 09:41:07.123456789`. Text in, text out: no digit is lost. */
export function formatInstant(text: string): string {
  const match = INSTANT.exec(text);
  return match ? `${match[1]} ${match[2]}${match[3] ?? ""}` : text;
}

const clock = new Map<string, Intl.DateTimeFormat>();

export function formatClock(ms: number, zone: string, seconds = true): string {
  const key = `${zone}|${seconds}`;
  let format = clock.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hour: "2-digit",
      minute: "2-digit",
      ...(seconds ? { second: "2-digit" } : {}),
    });
    clock.set(key, format);
  }
  return Number.isFinite(ms) ? format.format(ms) : "–";
}

const days = new Map<string, Intl.DateTimeFormat>();

/** `2026-02-16` in the zone of the reader. */
export function formatDay(ms: number, zone: string): string {
  let format = days.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
    days.set(zone, format);
  }
  return Number.isFinite(ms) ? format.format(ms) : "–";
}

/** Milliseconds of an instant cell, or NaN. Used for positions on an axis, never for display of data. */
export function instantToMs(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return NaN;
  return Date.parse(value);
}

import { describe, expect, it } from "vitest";
import { readClocks, tableColumns } from "@/lib/result-columns";

const WINDOWED = [
  { name: "symbol", type: "String", hidden: false },
  { name: "avg_price", type: "Float", hidden: false },
  { name: "_window_start", type: "Integer", hidden: true },
  { name: "_window_end", type: "Integer", hidden: true },
];

describe("columns of a result", () => {
  it("reads the clocks of the engine as instants and nothing else", () => {
    const types = readClocks([...WINDOWED, { name: "window_start", type: "Integer" }]).map((c) => c.type);
    expect(types).toEqual(["String", "Float", "DateTime", "DateTime", "Integer"]);
  });
  it("shows one window column instead of two hidden ones", () => {
    const columns = tableColumns(WINDOWED, "UTC");
    expect(columns.map((c) => c.label ?? c.name)).toEqual(["window", "symbol", "avg_price"]);
    const at = Date.UTC(2026, 1, 16, 10, 5);
    const show = columns[0]?.show;
    expect(show?.({ _window_start: at, _window_end: at + 60_000 })).toBe("2026-02-16 10:05 – 10:06");
    expect(show?.({ _window_start: at, _window_end: at + 10_000 })).toBe("2026-02-16 10:05:00 – 10:05:10");
    expect(show?.({ _window_start: at, _window_end: at + 86_400_000 })).toBe("2026-02-16 10:05 – 2026-02-17 10:05");
    expect(show?.({ _window_start: null, _window_end: at })).toBe("–");
  });
  it("hides what is hidden, unless nothing else is there", () => {
    const hidden = { name: "_event_time", type: "Integer", hidden: true };
    expect(tableColumns([{ name: "a", type: "Float" }, hidden], "UTC").map((c) => c.name)).toEqual(["a"]);
    expect(tableColumns([hidden], "UTC").map((c) => c.name)).toEqual(["_event_time"]);
  });
  it("keeps a window column that was asked for as it was asked for", () => {
    const asked = WINDOWED.map((c) => (c.name === "_window_start" ? { ...c, hidden: false } : c));
    expect(tableColumns(asked, "UTC").map((c) => c.name)).toEqual(["symbol", "avg_price", "_window_start"]);
  });
});

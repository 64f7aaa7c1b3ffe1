import { describe, expect, it } from "vitest";
import { buildChart, ColorBook, describeChart } from "@/widgets/chart/chart-model";
import { measureColumns, pointPadding, toTsv } from "@/widgets/data-grid/columns";

const columns = [
  { name: "symbol", type: "String" },
  { name: "window_start", type: "DateTime" },
  { name: "avg", type: "Decimal" },
];
const rows = [
  { symbol: "TSLA", window_start: "2026-02-16T10:31:00.000Z", avg: "242.1000" },
  { symbol: "AAPL", window_start: "2026-02-16T10:30:00.000Z", avg: "185.4200" },
  { symbol: "AAPL", window_start: "2026-02-16T10:31:00.000Z", avg: null },
];
const line = { type: "line" as const, x: "window_start", y: ["avg"], series: "symbol", reason: "" };

describe("chart model", () => {
  it("draws a line per key in order of time; a gap stays a gap", () => {
    const model = buildChart(line, columns, rows);
    expect(model.kind === "line" && model.series.map((s) => [s.key, s.points.map((p) => p[1])])).toEqual([
      ["AAPL", [185.42, null]],
      ["TSLA", [242.1]],
    ]);
  });
  it("sorts bars and says how many are left", () => {
    const many = Array.from({ length: 25 }, (_, i) => ({ symbol: `S${i}`, avg: i }));
    const model = buildChart({ type: "bar", x: "symbol", y: ["avg"], series: null, reason: "" }, columns, many);
    expect(model.kind === "bar" && [model.bars[0]?.key, model.bars.length, model.more]).toEqual(["S24", 20, 5]);
  });
  it("describes itself with exact figures", () =>
    expect(describeChart(buildChart(line, columns, rows.slice(0, 2)))).toContain("AAPL 185.4200"));
  it("keeps a colour for the life of a key", () => {
    const book = new ColorBook();
    expect([book.indexOf("a"), book.indexOf("b"), book.indexOf("a")]).toEqual([0, 1, 0]);
  });
});

describe("grid columns", () => {
  it("align decimals on the point", () => {
    const [, , avg] = measureColumns(columns, [{ avg: "1.25" }, { avg: "10" }]);
    expect(avg?.fraction).toBe(2);
    expect(pointPadding("1.25", 2)).toBe("");
    expect(pointPadding("10", 2)).toBe("   ");
  });
  it("copy as tab-separated text", () =>
    expect(toTsv(columns.slice(0, 2), [{ symbol: "a\tb", window_start: null }])).toBe("a b\t"));
});

import type { ChartColumn, ChartSpec } from "@/lib/chart-choice";
import { cellText, isTimeType, plotNumber } from "@/lib/format/cell";
import { instantToMs } from "@/lib/format/time";

export type ChartRow = Record<string, unknown>;
export interface TimedRow {
  at: number;
  row: ChartRow;
}

export interface Series {
  key: string;
  points: [x: number, y: number | null][];
  latest: string;
}
export interface Bar {
  key: string;
  value: number;
  text: string;
}
export interface Tile {
  label: string;
  text: string;
}
export type ChartModel =
  | { kind: "line"; series: Series[]; timeAxis: boolean; yName: string; hidden: number }
  | { kind: "scatter"; points: [number, number][]; xName: string; yName: string; sampledFrom: number }
  | { kind: "bar"; bars: Bar[]; more: number; yName: string }
  | { kind: "tiles"; tiles: Tile[] }
  | { kind: "none" };

const MAX_SERIES = 12;
const MAX_BARS = 20;
const MAX_POINTS = 5000;

/** Turns rows into something to draw. Text becomes a number here and only here. */
export function buildChart(
  spec: ChartSpec,
  columns: readonly ChartColumn[],
  rows: readonly ChartRow[],
  history: readonly TimedRow[] = [],
): ChartModel {
  const y = spec.y[0];
  if (y === undefined || spec.type === "table") return { kind: "none" };
  const typeOf = (name: string) => columns.find((c) => c.name === name)?.type ?? "";
  switch (spec.type) {
    case "line":
      return spec.x ? lineModel(spec, spec.x, typeOf, rows) : historyModel(spec, history);
    case "bar":
      return barModel(spec.x ?? spec.series, y, typeOf(y), rows);
    case "histogram":
      return histogramModel(y, rows);
    case "scatter":
      return scatterModel(spec.x ?? y, y, rows);
    case "gauge": {
      const row = rows.at(-1);
      if (!row) return { kind: "none" };
      return {
        kind: "tiles",
        tiles: spec.y.slice(0, 4).map((name) => ({ label: name, text: cellText(row[name], typeOf(name)).text })),
      };
    }
  }
}

function keyOf(row: ChartRow, name: string | null): string {
  return name === null ? "" : cellText(row[name]).text;
}

function lineModel(
  spec: ChartSpec,
  x: string,
  typeOf: (name: string) => string,
  rows: readonly ChartRow[],
): ChartModel {
  const timeAxis = isTimeType(typeOf(x));
  const groups = new Map<string, Map<number, [number | null, string]>>();
  const names = spec.series === null && spec.y.length > 1 ? spec.y : spec.y.slice(0, 1);
  for (const row of rows) {
    const at = timeAxis ? instantToMs(row[x]) : (plotNumber(row[x]) ?? NaN);
    if (!Number.isFinite(at)) continue;
    for (const name of names) {
      const key = names.length > 1 ? name : keyOf(row, spec.series);
      const group = groups.get(key) ?? new Map<number, [number | null, string]>();
      groups.set(key, group);
      group.set(at, [plotNumber(row[name]), cellText(row[name], typeOf(name)).text]);
    }
  }
  return finishLines(groups, timeAxis, names.join(", "));
}

/** A stream without a time column is drawn over arrival time. */
function historyModel(spec: ChartSpec, history: readonly TimedRow[]): ChartModel {
  const y = spec.y[0] ?? "";
  const groups = new Map<string, Map<number, [number | null, string]>>();
  for (const { at, row } of history) {
    const key = keyOf(row, spec.series);
    const group = groups.get(key) ?? new Map<number, [number | null, string]>();
    groups.set(key, group);
    group.set(at, [plotNumber(row[y]), cellText(row[y]).text]);
  }
  return finishLines(groups, true, y);
}

function finishLines(
  groups: Map<string, Map<number, [number | null, string]>>,
  timeAxis: boolean,
  yName: string,
): ChartModel {
  const all = [...groups.entries()].map(([key, group]): Series => {
    const sorted = [...group.entries()].sort((a, b) => a[0] - b[0]);
    return {
      key,
      points: sorted.slice(-MAX_POINTS).map(([at, [value]]) => [at, value]),
      latest: sorted.at(-1)?.[1][1] ?? "",
    };
  });
  const kept =
    all.length <= MAX_SERIES ? all : [...all].sort((a, b) => b.points.length - a.points.length).slice(0, MAX_SERIES);
  return {
    kind: "line",
    series: kept.sort((a, b) => a.key.localeCompare(b.key)),
    timeAxis,
    yName,
    hidden: all.length - kept.length,
  };
}

function barModel(x: string | null, y: string, type: string, rows: readonly ChartRow[]): ChartModel {
  const latest = new Map<string, Bar>();
  for (const row of rows) {
    const value = plotNumber(row[y]);
    const key = keyOf(row, x);
    if (value !== null) latest.set(key, { key, value, text: cellText(row[y], type).text });
  }
  const bars = [...latest.values()].sort((a, b) => b.value - a.value || a.key.localeCompare(b.key));
  return { kind: "bar", bars: bars.slice(0, MAX_BARS), more: Math.max(0, bars.length - MAX_BARS), yName: y };
}

function histogramModel(y: string, rows: readonly ChartRow[]): ChartModel {
  const values = rows.map((row) => plotNumber(row[y])).filter((value): value is number => value !== null);
  if (values.length === 0) return { kind: "none" };
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const bins = Math.max(1, Math.min(MAX_BARS, Math.ceil(Math.sqrt(values.length))));
  const size = (high - low) / bins || 1;
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.floor((value - low) / size));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const bars = counts.map((count, i) => {
    const from = low + i * size;
    return { key: `${from.toPrecision(4)} – ${(from + size).toPrecision(4)}`, value: count, text: String(count) };
  });
  return { kind: "bar", bars, more: 0, yName: `count of ${y}` };
}

function scatterModel(x: string, y: string, rows: readonly ChartRow[]): ChartModel {
  const points: [number, number][] = [];
  const stride = Math.max(1, Math.ceil(rows.length / MAX_POINTS));
  for (let i = 0; i < rows.length; i += stride) {
    const left = plotNumber(rows[i]?.[x]);
    const right = plotNumber(rows[i]?.[y]);
    if (left !== null && right !== null) points.push([left, right]);
  }
  return { kind: "scatter", points, xName: x, yName: y, sampledFrom: rows.length };
}

/** One sentence for people who cannot see the picture. */
export function describeChart(model: ChartModel): string {
  switch (model.kind) {
    case "line": {
      const heads = model.series.slice(0, 5).map((s) => `${s.key || model.yName} ${s.latest}`);
      return `Line chart of ${model.yName}, ${model.series.length} series. Latest: ${heads.join(", ")}.`;
    }
    case "bar": {
      const heads = model.bars.slice(0, 5).map((b) => `${b.key} ${b.text}`);
      return `Bar chart of ${model.yName}, ${model.bars.length + model.more} bars. Highest: ${heads.join(", ")}.`;
    }
    case "scatter":
      return `Scatter chart of ${model.yName} against ${model.xName}, ${model.points.length} points.`;
    case "tiles":
      return model.tiles.map((tile) => `${tile.label} ${tile.text}`).join(", ");
    case "none":
      return "No chart for these rows.";
  }
}

/** Gives each key its colour for life, in order of first appearance. */
export class ColorBook {
  private order = new Map<string, number>();

  indexOf(key: string): number {
    const known = this.order.get(key);
    if (known !== undefined) return known;
    this.order.set(key, this.order.size);
    return this.order.size - 1;
  }
}

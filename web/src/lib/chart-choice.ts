import { isNumericType, isTextType, isTimeType } from "@/lib/format/cell";

export interface ChartColumn {
  name: string;
  type: string;
}
export type ChartType = "line" | "bar" | "scatter" | "gauge" | "histogram" | "table";
export interface ChartSpec {
  type: ChartType;
  x: string | null;
  y: string[];
  series: string | null;
  reason: string;
}

const KNOWN: readonly string[] = ["line", "bar", "scatter", "gauge", "histogram", "table"];
const ALIASES: Record<string, ChartType> = { area: "line", stat: "gauge", candlestick: "line", pie: "bar" };

/** The server's choice when it can be drawn with these columns, else our own reading of the shape. */
export function resolveChart(
  viz: { type?: string; x?: string | null; y?: string[]; series?: string | null; reason?: string } | null | undefined,
  columns: readonly ChartColumn[],
  keyColumns: readonly string[],
): ChartSpec {
  const fallback = chooseChart(columns, keyColumns);
  if (!viz?.type) return fallback;
  const type = ALIASES[viz.type] ?? (KNOWN.includes(viz.type) ? (viz.type as ChartType) : "table");
  const has = (name: string | null | undefined): name is string => columns.some((c) => c.name === name);
  const numeric = columns.filter((c) => isNumericType(c.type) && !keyColumns.includes(c.name)).map((c) => c.name);
  const y = (viz.y ?? []).filter(has);
  const spec: ChartSpec = {
    type,
    x: has(viz.x) ? viz.x : null,
    y: y.length > 0 ? y : fallback.y.length > 0 ? fallback.y : numeric,
    series: has(viz.series) ? viz.series : null,
    reason: viz.reason ?? fallback.reason,
  };
  if (type === "bar" && !spec.x) spec.x = spec.series ?? fallback.x;
  if (type === "line" && !spec.x) spec.x = timeColumn(columns)?.name ?? null;
  if (type !== "table" && spec.y.length === 0) return { ...spec, type: "table", reason: "no numeric column" };
  return spec;
}

function timeColumn(columns: readonly ChartColumn[]): ChartColumn | undefined {
  return (
    columns.find((c) => isTimeType(c.type) && /start/i.test(c.name)) ??
    columns.find((c) => isTimeType(c.type) && /window|time|ts|date/i.test(c.name)) ??
    columns.find((c) => isTimeType(c.type))
  );
}

/** The first rule of the contract that fits. */
export function chooseChart(columns: readonly ChartColumn[], keyColumns: readonly string[]): ChartSpec {
  const time = timeColumn(columns);
  const texts = columns.filter((c) => isTextType(c.type));
  const numbers = columns.filter((c) => isNumericType(c.type) && !keyColumns.includes(c.name));
  const group = texts.find((c) => keyColumns.includes(c.name)) ?? (keyColumns.length > 0 ? undefined : texts[0]);
  const y = numbers.map((c) => c.name);
  const none: ChartSpec = { type: "table", x: null, y: [], series: null, reason: "no numeric column" };
  if (y.length === 0) return none;
  if (time) {
    return {
      type: "line",
      x: time.name,
      y: y.slice(0, 1),
      series: group?.name ?? null,
      reason: group ? `values over time by ${group.name}` : "values over time",
    };
  }
  if (group)
    return { type: "bar", x: group.name, y: y.slice(0, 1), series: null, reason: `one value per ${group.name}` };
  if (columns.length === y.length && y.length <= 4 && keyColumns.length === 0 && y.length === 1) {
    return { type: "gauge", x: null, y, series: null, reason: "one value" };
  }
  if (y.length >= 2) return { type: "scatter", x: y[0] ?? null, y: y.slice(1, 2), series: null, reason: "two numbers" };
  return { ...none, y, reason: "no group to compare" };
}

/** The chart kinds the reader may pick for these columns. */
export function chartOptions(columns: readonly ChartColumn[], spec: ChartSpec): ChartType[] {
  const options: ChartType[] = [];
  const numeric = columns.filter((c) => isNumericType(c.type));
  if (numeric.length === 0) return ["table"];
  if (columns.some((c) => isTimeType(c.type)) || spec.type === "line") options.push("line");
  if (columns.some((c) => isTextType(c.type))) options.push("bar");
  if (numeric.length >= 2) options.push("scatter");
  options.push("gauge");
  return options;
}

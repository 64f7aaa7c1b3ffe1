import type { EChartsCoreOption } from "echarts/core";
import { formatFigure, formatShort } from "@/lib/format/number";
import { formatClock } from "@/lib/format/time";
import { FONT_CODE, FONT_UI, SERIES, TOKENS, type ThemeName } from "@/ui/tokens";
import type { ChartModel, ColorBook } from "@/widgets/chart/chart-model";

const DASHES = ["solid", "dashed", "dotted"] as const;
const SYMBOLS = ["circle", "rect", "triangle", "diamond"];

export function seriesColor(theme: ThemeName, index: number): string {
  return SERIES[theme].colors[index] ?? SERIES[theme].other;
}

export interface DrawSettings {
  theme: ThemeName;
  zone: string;
  colors: ColorBook;
  hidden: ReadonlySet<string>;
  watermark: number | null;
}

/** Everything ECharts needs for one picture. Motion is off: data moves, axes do not dance. */
export function chartOption(model: ChartModel, settings: DrawSettings): EChartsCoreOption {
  const t = TOKENS[settings.theme];
  const label = { color: t["text-3"], fontFamily: FONT_UI, fontSize: 11 };
  const base: EChartsCoreOption = {
    animation: false,
    backgroundColor: "transparent",
    textStyle: { fontFamily: FONT_UI, color: t["text-2"] },
    grid: { left: 8, right: 20, top: 16, bottom: 6, containLabel: true },
    tooltip: {
      confine: true,
      transitionDuration: 0,
      backgroundColor: t.raised,
      borderColor: t.border,
      borderWidth: 1,
      padding: [6, 10],
      extraCssText: "border-radius:6px;box-shadow:none",
      textStyle: { color: t.text, fontFamily: FONT_CODE, fontSize: 12 },
    },
  };
  const valueAxis = {
    type: "value",
    axisLabel: { ...label, formatter: formatShort },
    splitLine: { lineStyle: { color: t.border, width: 1, opacity: 0.7 } },
    axisLine: { show: false },
    axisTick: { show: false },
  };
  if (model.kind === "line") return { ...base, ...lineOption(model, settings, label, valueAxis) };
  if (model.kind === "bar") return { ...base, ...barOption(model, settings, label, valueAxis) };
  if (model.kind === "scatter") {
    return {
      ...base,
      xAxis: {
        ...valueAxis,
        scale: true,
        name: model.xName,
        nameLocation: "middle",
        nameGap: 26,
        nameTextStyle: label,
      },
      yAxis: { ...valueAxis, scale: true, name: model.yName, nameTextStyle: { ...label, align: "left" } },
      grid: { left: 8, right: 20, top: 28, bottom: 22, containLabel: true },
      series: [
        {
          type: "scatter",
          data: model.points,
          symbolSize: 5,
          itemStyle: { color: seriesColor(settings.theme, 0), opacity: 0.7 },
        },
      ],
    };
  }
  return base;
}

function lineOption(
  model: Extract<ChartModel, { kind: "line" }>,
  { theme, zone, colors, hidden, watermark }: DrawSettings,
  label: object,
  valueAxis: object,
): EChartsCoreOption {
  const t = TOKENS[theme];
  const shown = model.series.filter((s) => !hidden.has(s.key));
  const few = shown.every((s) => s.points.length <= 40);
  return {
    tooltip: {
      trigger: "axis",
      axisPointer: { type: "line", lineStyle: { color: t["text-3"], type: "dashed" } },
      order: "valueDesc",
      confine: true,
      transitionDuration: 0,
      backgroundColor: t.raised,
      borderColor: t.border,
      padding: [6, 10],
      textStyle: { color: t.text, fontFamily: FONT_CODE, fontSize: 12 },
    },
    xAxis: model.timeAxis
      ? {
          type: "time",
          ...timeRange(model, watermark),
          axisLabel: { ...label, hideOverlap: true, margin: 12, formatter: (ms: number) => axisTime(ms, zone, model) },
          axisLine: { lineStyle: { color: t.border } },
          axisTick: { show: false },
          splitLine: { show: false },
          axisPointer: { label: { formatter: (p: { value: number }) => formatClock(p.value, zone) } },
        }
      : { ...valueAxis, scale: true },
    yAxis: { ...valueAxis, scale: true },
    series: shown.map((s, i) => {
      const index = colors.indexOf(s.key);
      const color = seriesColor(theme, index);
      return {
        type: "line",
        name: s.key || model.yName,
        data: s.points,
        showSymbol: few,
        symbol: SYMBOLS[index % SYMBOLS.length],
        symbolSize: 5,
        connectNulls: false,
        sampling: "minmax",
        lineStyle: { width: 1.75, color, type: index < 4 ? "solid" : (DASHES[1 + (index % 2)] ?? "dashed") },
        itemStyle: { color },
        emphasis: { disabled: true },
        ...(i === 0 && watermark !== null && model.timeAxis
          ? {
              markLine: {
                silent: true,
                symbol: "none",
                label: { show: false },
                lineStyle: { color: t.time, width: 1, type: "solid" },
                data: [{ xAxis: watermark }],
              },
            }
          : {}),
      };
    }),
  };
}

/** A young chart is not stretched: at least five minutes, or five windows, are on the axis. */
const MIN_SPAN_MS = 5 * 60_000;

function timeRange(
  model: Extract<ChartModel, { kind: "line" }>,
  watermark: number | null,
): { min?: number; max?: number } {
  const xs = model.series.flatMap((s) => s.points.map((p) => p[0]));
  if (xs.length === 0) return {};
  const first = xs.reduce((a, b) => Math.min(a, b));
  const last = xs.reduce((a, b) => Math.max(a, b));
  const max = watermark !== null && watermark > last && watermark - last < MIN_SPAN_MS ? watermark : last;
  return max - first < MIN_SPAN_MS && watermark !== null
    ? { min: max - MIN_SPAN_MS, max }
    : { min: first, max: Math.max(max, first + 1) };
}

function axisTime(ms: number, zone: string, model: Extract<ChartModel, { kind: "line" }>): string {
  const xs = model.series
    .flatMap((s) => [s.points[0]?.[0], s.points.at(-1)?.[0]])
    .filter((x): x is number => x !== undefined);
  const span = Math.max(...xs) - Math.min(...xs);
  if (span > 2 * 86_400_000)
    return new Intl.DateTimeFormat("en-CA", {
      timeZone: zone,
      year: "numeric",
      month: "2-digit",
      ...(span < 400 * 86_400_000 ? { day: "2-digit" } : {}),
    }).format(ms);
  return formatClock(ms, zone, span < 10 * 60_000);
}

function barOption(
  model: Extract<ChartModel, { kind: "bar" }>,
  { theme, colors }: DrawSettings,
  label: object,
  valueAxis: object,
): EChartsCoreOption {
  const t = TOKENS[theme];
  const single = seriesColor(theme, 0);
  return {
    grid: { left: 8, right: 64, top: 8, bottom: 6, containLabel: true },
    xAxis: { ...valueAxis, position: "bottom" },
    yAxis: {
      type: "category",
      inverse: true,
      data: model.bars.map((b) => b.key),
      axisLabel: { ...label, color: t["text-2"], width: 140, overflow: "truncate", interval: 0 },
      axisLine: { lineStyle: { color: t.border } },
      axisTick: { show: false },
    },
    series: [
      {
        type: "bar",
        name: model.yName,
        barMaxWidth: 22,
        barCategoryGap: "34%",
        emphasis: { disabled: true },
        label: {
          show: true,
          position: "right",
          color: t.text,
          fontFamily: FONT_CODE,
          fontSize: 11,
          formatter: (p: { dataIndex: number }) => formatFigure(model.bars[p.dataIndex]?.text ?? ""),
        },
        data: model.bars.map((b) => ({
          value: b.value,
          itemStyle: {
            color: model.bars.length <= 8 ? seriesColor(theme, colors.indexOf(b.key)) : single,
            borderRadius: [0, 2, 2, 0],
          },
        })),
      },
    ],
  };
}

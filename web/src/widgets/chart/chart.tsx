import { BarChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use as register, type ECharts } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useImperativeHandle, useRef, useState, type Ref } from "react";
import { formatFigure } from "@/lib/format/number";
import { useThemeName } from "@/ui/appearance";
import { cx } from "@/ui/cx";
import { TOKENS } from "@/ui/tokens";
import { chartOption, seriesColor } from "@/widgets/chart/chart-option";
import { ColorBook, describeChart, type ChartModel } from "@/widgets/chart/chart-model";

register([BarChart, LineChart, ScatterChart, GridComponent, TooltipComponent, MarkLineComponent, CanvasRenderer]);

export interface ChartHandle {
  /** The picture as a PNG data URL, on the ground of the current theme. */
  png: () => string | null;
}

export interface ChartProps {
  model: ChartModel;
  zone: string;
  watermark: number | null;
  handle?: Ref<ChartHandle>;
}

const NONE: ReadonlySet<string> = new Set();

export default function Chart({ model, zone, watermark, handle }: ChartProps) {
  const theme = useThemeName();
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  const [colors] = useState(() => new ColorBook());
  const [hidden, setHidden] = useState(NONE);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const instance = init(element, null, { renderer: "canvas" });
    chart.current = instance;
    const observer = new ResizeObserver(() => instance.resize());
    observer.observe(element);
    return () => {
      observer.disconnect();
      instance.dispose();
      chart.current = null;
    };
  }, []);

  useImperativeHandle(
    handle,
    () => ({
      png: () =>
        chart.current?.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: TOKENS[theme].surface }) ?? null,
    }),
    [theme],
  );

  useEffect(() => {
    const option = chartOption(model, { theme, zone, colors, hidden, watermark });
    chart.current?.setOption(option, { notMerge: true, lazyUpdate: true });
  }, [model, theme, zone, colors, hidden, watermark]);

  const toggle = (key: string, solo: boolean, keys: readonly string[]) =>
    setHidden((current) => {
      if (solo)
        return current.size === keys.length - 1 && !current.has(key) ? NONE : new Set(keys.filter((k) => k !== key));
      const next = new Set(current);
      if (!next.delete(key)) next.add(key);
      return next;
    });

  const series = model.kind === "line" ? model.series : [];
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div role="img" aria-label={describeChart(model)} className="min-h-0 flex-1">
        <div ref={box} className="h-full w-full" />
      </div>
      {series.length > 0 && series.some((s) => s.key !== "") && (
        <div
          className="flex max-h-16 flex-wrap gap-x-1 gap-y-0.5 overflow-y-auto border-t border-line px-2 py-1"
          aria-label="Legend"
          role="group"
        >
          {series.map((s) => (
            <button
              key={s.key}
              type="button"
              aria-pressed={!hidden.has(s.key)}
              onClick={(event) =>
                toggle(
                  s.key,
                  event.altKey,
                  series.map((other) => other.key),
                )
              }
              className={cx(
                "num inline-flex h-6 items-center gap-1.5 rounded-chip px-1.5 text-meta hover:bg-hover",
                hidden.has(s.key) ? "text-fg-3 line-through" : "text-fg-2",
              )}
            >
              <span
                aria-hidden
                className="h-2 w-2 rounded-[2px]"
                style={{ background: seriesColor(theme, colors.indexOf(s.key)) }}
              />
              {s.key}
              <span className="code text-fg" title={s.latest}>
                {formatFigure(s.latest)}
              </span>
            </button>
          ))}
          {model.kind === "line" && model.hidden > 0 && (
            <span className="text-meta leading-6 text-fg-3">{model.hidden} more in the table</span>
          )}
        </div>
      )}
      {model.kind === "bar" && model.more > 0 && (
        <p className="border-t border-line px-3 py-1 text-meta text-fg-3">{model.more} more in the table</p>
      )}
    </div>
  );
}

import { ChartLine, Download, Pause, Play, Square } from "lucide-react";
import { lazy, Suspense, useRef, useState } from "react";
import { exportUrl } from "@/api/executions";
import type { ExecuteResponse } from "@/api/types";
import { chartOptions } from "@/lib/chart-choice";
import { copy } from "@/lib/copy/en";
import { isTimeType } from "@/lib/format/cell";
import { instantToMs } from "@/lib/format/time";
import { hasEnded } from "@/stream/live-view";
import { useLiveView } from "@/stream/use-live-view";
import { useZone } from "@/ui/appearance";
import { Button, IconButton } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { ErrorBlock } from "@/ui/error-block";
import { Menu } from "@/ui/menu";
import { Segmented } from "@/ui/segmented";
import { useNow } from "@/ui/use-now";
import { usePhone } from "@/ui/use-media";
import type { ChartHandle } from "@/widgets/chart/chart";
import { DataGrid } from "@/widgets/data-grid/data-grid";
import { RecordView } from "@/widgets/data-grid/record-view";
import { TimeRuler } from "@/widgets/time-ruler/time-ruler";
import { ChangelogList } from "@/features/artifacts/query-results/changelog-list";
import { download, downloadUrl } from "@/lib/download";
import { LiveChip } from "@/features/artifacts/query-results/live-state";
import { LiveSummary } from "@/features/artifacts/query-results/live-summary";
import { ResultCards } from "@/features/artifacts/query-results/result-cards";
import { ResultsEvidence } from "@/features/artifacts/query-results/results-evidence";
import { useResultsView, type ResultsTab } from "@/features/artifacts/query-results/results-view";
import { Tiles } from "@/features/artifacts/query-results/tiles";
import { WhyNoRows } from "@/features/artifacts/query-results/why-no-rows";
import { PanelFrame } from "@/features/artifacts/panel-frame";

const Chart = lazy(() => import("@/widgets/chart/chart"));

export interface LiveResultsProps {
  executionId: string;
  initial?: ExecuteResponse | undefined;
  title: string;
  windowMs?: number | null;
  onRunAgain?: (() => void) | undefined;
  /** Below an editor, which has its own Run and Stop. */
  embedded?: boolean;
}

const CHART_NAMES: Record<string, string> = {
  line: "Line",
  bar: "Bars",
  scatter: "Scatter",
  gauge: "Tiles",
  histogram: "Histogram",
};

/** One run, live: chart, table and changelog of the same fold, with its clocks and its counts. */
export function LiveResults({
  executionId,
  initial,
  title,
  windowMs = null,
  onRunAgain,
  embedded = false,
}: LiveResultsProps) {
  const [view, live] = useLiveView(executionId, initial);
  const { tab, setTab, spec, setChartType, model, columns, shown, rows } = useResultsView(view);
  const [opened, setOpened] = useState<Record<string, unknown> | null>(null);
  const picture = useRef<ChartHandle>(null);
  const zone = useZone();
  const now = useNow();
  const phone = usePhone();
  const ended = hasEnded(view.state);
  const empty = view.rows.length === 0 && view.changes.length === 0;
  const watermarkMs = view.metadata.watermark ? instantToMs(view.metadata.watermark) : NaN;
  const watermark = Number.isFinite(watermarkMs) ? watermarkMs : null;
  const newest =
    tab === "chart" && model.kind === "line" && model.timeAxis
      ? Math.max(...model.series.map((s) => s.points.at(-1)?.[0] ?? 0))
      : null;
  const charts = chartOptions(columns, spec);
  // Of a windowed result the newest window is what people look for.
  const newestFirst = shown.find((c) => isTimeType(c.type) && view.keyColumns.includes(c.name))?.name;

  const tabs: { value: ResultsTab; label: string }[] = [
    ...(spec.type === "table" ? [] : [{ value: "chart" as const, label: copy.results.chart }]),
    { value: "table", label: copy.results.table },
    { value: "changelog", label: copy.results.changelog },
  ];
  const exports = [
    {
      label: copy.results.csv,
      onSelect: () => downloadUrl(exportUrl(executionId, "csv")),
    },
    {
      label: copy.results.json,
      onSelect: () => downloadUrl(exportUrl(executionId, "json")),
    },
    ...(tab === "chart" && model.kind !== "tiles"
      ? [{ label: copy.results.png, onSelect: () => download(picture.current?.png() ?? null, `${title}.png`) }]
      : []),
  ];

  return (
    <div
      data-testid="query-results"
      data-state={
        view.connected === "lost" ? "disconnected" : view.error ? "error" : ended ? "ready" : empty ? "empty" : "live"
      }
      data-status={view.paused ? "paused" : view.state}
      data-rows={view.rows.length}
      data-seen={view.seen}
      className="h-full"
      onKeyDown={(event) => {
        if (event.target instanceof HTMLElement && event.target.closest("input, textarea")) return;
        if (event.key === "p" && !event.metaKey && !event.ctrlKey && !ended)
          (view.paused ? live.resume : live.pause).call(live);
        if (event.key === "v" && !event.metaKey && !event.ctrlKey) {
          const next = tabs[(tabs.findIndex((t) => t.value === tab) + 1) % tabs.length];
          if (next) setTab(next.value);
        }
      }}
    >
      <PanelFrame
        nested
        facts={
          <>
            <Segmented label={copy.results.views} value={tab} options={tabs} onChange={setTab} />
            {tab === "chart" && charts.length > 1 && (
              <Menu
                label={copy.results.chart}
                align="start"
                trigger={
                  <IconButton
                    icon={ChartLine}
                    label={copy.results.chartBecause(CHART_NAMES[spec.type] ?? spec.type, spec.reason)}
                  />
                }
                items={charts.map((type) => ({
                  label: CHART_NAMES[type] ?? type,
                  checked: type === spec.type,
                  onSelect: () => setChartType(type),
                }))}
              />
            )}
            <LiveChip view={view} now={now} />
            {view.note && <span className="truncate text-fg-3">{view.note}</span>}
          </>
        }
        actions={
          <>
            {!ended && (
              <>
                <Button
                  tone="quiet"
                  icon={view.paused ? Play : Pause}
                  keys="P"
                  aria-pressed={view.paused}
                  onClick={() => (view.paused ? live.resume() : live.pause())}
                >
                  {view.paused ? copy.results.resume : copy.results.pause}
                </Button>
                {!embedded && (
                  <Button tone="quiet" icon={Square} data-testid="stop-button" onClick={() => live.stop()}>
                    {copy.results.stop}
                  </Button>
                )}
              </>
            )}
            {ended && onRunAgain && !embedded && (
              <Button tone="quiet" icon={Play} onClick={onRunAgain}>
                {copy.results.runAgain}
              </Button>
            )}
            <Menu
              label={copy.results.exportMenu}
              testId="export-menu"
              trigger={<IconButton icon={Download} label={copy.results.exportMenu} />}
              items={exports}
            />
          </>
        }
        evidence={<ResultsEvidence view={view} zone={zone} />}
      >
        <div className="flex h-full min-h-0 flex-col">
          {!ended && (
            <TimeRuler
              newest={newest}
              watermark={watermark}
              now={now}
              windowMs={windowMs}
              late={view.metadata.rows_late ?? 0}
              zone={zone}
              live
            />
          )}
          {view.warnings.map((warning) => (
            <p
              key={warning.code + warning.message}
              role="note"
              data-testid="runtime-warning"
              data-code={warning.code}
              className="border-b border-line bg-tint-time px-3 py-1 text-meta text-fg"
            >
              {warning.message}{" "}
              <span className="code text-fg-2">
                {[copy.paths.times(warning.times ?? 1), warning.code].filter(Boolean).join(" · ")}
              </span>
            </p>
          ))}
          {view.error && (
            <ErrorBlock
              error={view.error}
              className="m-3"
              actions={onRunAgain ? [{ label: copy.results.runAgain, run: onRunAgain }] : []}
            />
          )}
          <div className="min-h-0 flex-1">
            {empty ? (
              view.error ? null : (
                <WhyNoRows view={view} diagnosis={view.diagnosis} />
              )
            ) : tab === "chart" ? (
              model.kind === "tiles" ? (
                <Tiles tiles={model.tiles} />
              ) : (
                <div data-testid="results-chart" data-kind={model.kind} className="h-full p-1">
                  <Suspense fallback={null}>
                    <Chart model={model} zone={zone} watermark={ended ? null : watermark} handle={picture} />
                  </Suspense>
                </div>
              )
            ) : tab === "table" ? (
              phone ? (
                <ResultCards columns={shown} rows={view.rows} />
              ) : (
                <DataGrid
                  label={`${title}, rows`}
                  testId="results-table"
                  columns={shown}
                  rows={rows}
                  live={!ended && view.keyColumns.length > 0}
                  initialSort={newestFirst ? { name: newestFirst, descending: true } : null}
                  {...(view.keyColumns.length > 0
                    ? {
                        rowKey: (row: Record<string, unknown>) =>
                          JSON.stringify(view.keyColumns.map((name) => row[name] ?? null)),
                      }
                    : {})}
                  onOpen={setOpened}
                />
              )
            ) : (
              <ChangelogList changes={view.changes} columns={shown} zone={zone} />
            )}
          </div>
        </div>
      </PanelFrame>
      <LiveSummary view={view} />
      <Dialog
        open={opened !== null}
        onClose={() => setOpened(null)}
        title={copy.preview.record}
        closeLabel={copy.shortcuts.close}
      >
        {opened && <RecordView columns={shown} row={opened} />}
      </Dialog>
    </div>
  );
}

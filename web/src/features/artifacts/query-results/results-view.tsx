import { useMemo, useState } from "react";
import { resolveChart, type ChartType } from "@/lib/chart-choice";
import type { LiveSnapshot } from "@/stream/live-view";
import { readClocks, tableColumns } from "@/lib/result-columns";
import { useZone } from "@/ui/appearance";
import { buildChart } from "@/widgets/chart/chart-model";

export type ResultsTab = "chart" | "table" | "changelog";

/** Which view is open and what the chart is made of. The reader's choice wins over the automatic one. */
export function useResultsView(view: LiveSnapshot) {
  const [chosenTab, setTab] = useState<ResultsTab | null>(null);
  const [chosenType, setChartType] = useState<ChartType | null>(null);
  const zone = useZone();
  const columns = useMemo(() => readClocks(view.columns), [view.columns]);
  const shown = useMemo(() => tableColumns(view.columns, zone), [view.columns, zone]);
  const spec = useMemo(() => {
    const viz = chosenType ? { ...view.viz, type: chosenType } : view.viz;
    return resolveChart(viz, columns, view.keyColumns);
  }, [view.viz, columns, view.keyColumns, chosenType]);
  const tab: ResultsTab = chosenTab ?? (spec.type === "table" ? "table" : "chart");
  const model = useMemo(
    () => (tab === "chart" ? buildChart(spec, columns, view.rows, view.changes) : ({ kind: "none" } as const)),
    [tab, spec, columns, view.rows, view.changes],
  );
  // A stream without keys is a tail: what arrives last stands first. A bounded result keeps the order of its source.
  const tail = view.keyColumns.length === 0 && view.metadata.is_streaming === true;
  const rows = useMemo(() => (tail ? view.rows.toReversed() : view.rows), [tail, view.rows]);
  return { tab, setTab, spec, setChartType, model, columns, shown, rows };
}

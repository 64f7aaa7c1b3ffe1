import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { executeSql } from "@/api/executions";
import type { ExecuteResponse, Row } from "@/api/types";
import { cellText } from "@/lib/format/cell";
import { copy } from "@/lib/copy/en";
import { formatRate } from "@/lib/format/number";
import { stripColumns, type TopicShape } from "@/lib/prompt-chips";
import { useLiveView } from "@/stream/use-live-view";
import type { LiveSnapshot } from "@/stream/live-view";
import { Sparkline } from "@/ui/sparkline";

const MAX_LABELS = 6;

const quote = (name: string) => (/^[A-Za-z_]\w*$/.test(name) ? name : `\`${name}\``);

/** The demo stream, read by a real query over the real engine: what moves here is what a query would see. */
export function DemoStrip({ shape, onOpen }: { shape: TopicShape; onOpen: () => void }) {
  const columns = stripColumns(shape);
  const sql = columns ? `SELECT ${quote(columns.key)}, ${quote(columns.value)} FROM ${shape.name} EMIT CHANGES` : null;
  const run = useQuery({
    queryKey: ["demo-strip", sql],
    enabled: sql !== null,
    staleTime: Infinity,
    // The studio keeps an unwatched run for a minute; coming back sooner joins it instead of starting another.
    gcTime: 50_000,
    retry: 1,
    queryFn: ({ signal }) => executeSql({ sql: sql ?? "", options: { max_rows: 200 } }, signal),
  });
  if (!columns) return null;
  return (
    <div
      data-testid="demo-strip"
      data-state={run.isSuccess ? "live" : run.isError ? "error" : "loading"}
      className="flex min-h-9 items-center gap-4 overflow-hidden border-y border-line px-1 text-meta"
    >
      {run.data ? (
        <StripRows run={run.data} shape={shape} keyName={columns.key} valueName={columns.value} />
      ) : (
        <span className="code flex-1 text-fg-2">{shape.name}</span>
      )}
      <button
        type="button"
        className="min-h-6 shrink-0 rounded-chip whitespace-nowrap text-accent hover:underline"
        onClick={onOpen}
      >
        {copy.firstRun.openStream} <span aria-hidden>→</span>
      </button>
    </div>
  );
}

/** The newest value of each label, in the order the labels were first seen, so that figures change in place. */
function newestPerKey(rows: readonly Row[], keyName: string, valueName: string): [string, string][] {
  const order = new Map<string, string>();
  for (const row of rows) order.set(cellText(row[keyName]).text, cellText(row[valueName]).text);
  return [...order.entries()].sort((a, b) => a[0].localeCompare(b[0])).slice(0, MAX_LABELS);
}

function useRates(view: LiveSnapshot): { rate: number; history: number[] } {
  const [state, setState] = useState<{ seen: number; rate: number; history: number[] }>({
    seen: 0,
    rate: 0,
    history: [],
  });
  useEffect(() => {
    const timer = setInterval(() => {
      setState((last) => {
        const rate = last.seen === 0 ? 0 : Math.max(0, seenOf() - last.seen);
        return { seen: seenOf(), rate, history: last.seen === 0 ? [] : [...last.history, rate].slice(-14) };
      });
    }, 1000);
    return () => clearInterval(timer);
    function seenOf() {
      return latestSeen.get(view.executionId) ?? 0;
    }
  }, [view.executionId]);
  return state;
}
/** Rows seen per execution, written by the strip while it draws; the rate is their difference over a second. */
const latestSeen = new Map<string, number>();

function StripRows({
  run,
  shape,
  keyName,
  valueName,
}: {
  run: ExecuteResponse;
  shape: TopicShape;
  keyName: string;
  valueName: string;
}) {
  const [view] = useLiveView(run.execution_id, run);
  useEffect(() => {
    latestSeen.set(view.executionId, view.seen);
  }, [view]);
  const own = useRates(view);
  const served = view.metadata.records_per_second;
  const rate = served !== undefined && served > 0 ? served : own.rate;
  const values = newestPerKey(view.rows, keyName, valueName);
  return (
    <>
      <span className="flex shrink-0 items-center gap-2">
        <span
          aria-hidden
          className={rate > 0 ? "h-2 w-2 rounded-full bg-live" : "h-2 w-2 rounded-full bg-[var(--c-border-control)]"}
        />
        <span className={rate > 0 ? "font-semibold tracking-wide text-live" : "font-semibold tracking-wide text-fg-3"}>
          {copy.firstRun.live}
        </span>
        <span className="text-fg-3">{copy.firstRun.liveDemo}</span>
      </span>
      <span className="flex shrink-0 items-center gap-2">
        <span className="code text-fg">{shape.name}</span>
        <span className="num w-14 text-end text-fg-2">{formatRate(rate)}</span>
        <span className="max-md:hidden">
          <Sparkline values={view.rates.length > 3 ? view.rates.slice(-14) : own.history} />
        </span>
      </span>
      <span
        data-testid="demo-values"
        data-rows={view.seen}
        className="num flex h-6 min-w-0 flex-1 flex-wrap gap-x-4 overflow-hidden leading-6"
      >
        {values.map(([label, value]) => (
          <span key={label} className="shrink-0 whitespace-nowrap">
            <span className="text-fg-2">{label}</span>{" "}
            <span key={value} className="code changed inline-block min-w-[6ch] rounded-chip text-fg">
              {value}
            </span>
          </span>
        ))}
      </span>
    </>
  );
}

import { useState } from "react";
import { copy } from "@/lib/copy/en";
import { formatBytes, formatCount, formatPercent } from "@/lib/format/number";
import { formatClock, formatDuration, instantToMs } from "@/lib/format/time";
import { hasEnded, type LiveSnapshot } from "@/stream/live-view";
import { Figure } from "@/features/artifacts/panel-frame";
import { RowPaths } from "@/features/artifacts/query-results/row-paths";

/** What the result rests on: rows in, out, late and bad, the watermark, the state and the time it took. */
export function ResultsEvidence({ view, zone }: { view: LiveSnapshot; zone: string }) {
  const [open, setOpen] = useState(false);
  const { metadata, progress } = view;
  const words = copy.results;
  const watermark = metadata.watermark ? instantToMs(metadata.watermark) : NaN;
  return (
    <>
      {metadata.rows_in !== undefined && <Figure value={formatCount(metadata.rows_in)} unit={words.rowsIn} />}
      <Figure value={formatCount(Math.max(metadata.rows_out ?? 0, view.rows.length))} unit={words.rowsOut} />
      {metadata.rows_late !== undefined && (
        <Count value={metadata.rows_late} unit={words.rowsLate} onOpen={() => setOpen(true)} />
      )}
      {metadata.rows_bad !== undefined && (
        <Count value={metadata.rows_bad} unit={words.rowsBad} onOpen={() => setOpen(true)} />
      )}
      {Number.isFinite(watermark) && !hasEnded(view.state) && (
        <Figure value={formatClock(watermark, zone)} unit={words.watermark} />
      )}
      {metadata.state_bytes !== undefined && metadata.state_bytes > 0 && (
        <Figure value={formatBytes(metadata.state_bytes)} unit={words.state} />
      )}
      {metadata.execution_time_ms !== undefined && hasEnded(view.state) && (
        <Figure value={formatDuration(metadata.execution_time_ms)} unit={words.took} />
      )}
      {progress && !hasEnded(view.state) && progress.total > 0 && (
        <Figure value={formatPercent(Math.min(1, progress.done / progress.total))} unit={progress.unit ?? ""} />
      )}
      {view.state !== "expired" && (
        <button
          type="button"
          data-testid="row-paths-button"
          className="min-h-6 rounded-chip text-fg-3 hover:text-accent pointer-coarse:min-h-11"
          onClick={() => setOpen(true)}
        >
          {copy.paths.open}
        </button>
      )}
      <RowPaths
        executionId={view.executionId}
        open={open}
        running={!hasEnded(view.state)}
        onClose={() => setOpen(false)}
      />
    </>
  );
}

/** Rows that were not used. A count above zero opens the newest of them. */
function Count({ value, unit, onOpen }: { value: number; unit: string; onOpen: () => void }) {
  const figure = <Figure value={formatCount(value)} unit={unit} warn={value > 0} />;
  if (value === 0) return figure;
  return (
    <button
      type="button"
      className="min-h-6 rounded-chip underline decoration-dotted underline-offset-4 hover:decoration-solid pointer-coarse:min-h-11"
      onClick={onOpen}
    >
      {figure}
    </button>
  );
}

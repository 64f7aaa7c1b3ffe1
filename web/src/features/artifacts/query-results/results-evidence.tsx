import { copy } from "@/lib/copy/en";
import { formatBytes, formatCount, formatPercent } from "@/lib/format/number";
import { formatClock, formatDuration, instantToMs } from "@/lib/format/time";
import { hasEnded, type LiveSnapshot } from "@/stream/live-view";
import { Figure } from "@/features/artifacts/panel-frame";

/** What the result rests on: rows in, out, late and bad, the watermark, the state and the time it took. */
export function ResultsEvidence({ view, zone }: { view: LiveSnapshot; zone: string }) {
  const { metadata, progress } = view;
  const words = copy.results;
  const watermark = metadata.watermark ? instantToMs(metadata.watermark) : NaN;
  return (
    <>
      {metadata.rows_in !== undefined && <Figure value={formatCount(metadata.rows_in)} unit={words.rowsIn} />}
      <Figure value={formatCount(Math.max(metadata.rows_out ?? 0, view.rows.length))} unit={words.rowsOut} />
      {metadata.rows_late !== undefined && (
        <Figure value={formatCount(metadata.rows_late)} unit={words.rowsLate} warn={metadata.rows_late > 0} />
      )}
      {metadata.rows_bad !== undefined && (
        <Figure value={formatCount(metadata.rows_bad)} unit={words.rowsBad} warn={metadata.rows_bad > 0} />
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
    </>
  );
}

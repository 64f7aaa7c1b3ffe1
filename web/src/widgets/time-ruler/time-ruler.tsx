import { formatClock, formatDuration } from "@/lib/format/time";

export interface TimeRulerProps {
  /** Event time of the newest row or window, in milliseconds. */
  newest: number | null;
  watermark: number | null;
  now: number;
  windowMs: number | null;
  late: number;
  zone: string;
  live: boolean;
}

const SPAN = 5 * 60_000;
/** The label of the right end stands on its own ground. */
const NOW_WIDTH = 44;
const STEPS = [10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000];

/** Where event time is, where the watermark is, and where now is: the three clocks of a stream in 20 pixels. */
export function TimeRuler({ newest, watermark, now, windowMs, late, zone, live }: TimeRulerProps) {
  const anchor = watermark ?? newest;
  // Recorded data lives in its own time; then the ruler ends at its newest moment, not at the wall clock.
  const recorded = anchor !== null && Math.abs(now - anchor) > 6 * 3_600_000;
  const end = recorded ? Math.max(newest ?? anchor, anchor) : now;
  const span = Math.max(
    SPAN,
    (windowMs ?? 0) * 3,
    anchor === null ? 0 : Math.min((end - anchor) * 1.4, 24 * 3_600_000),
  );
  const start = end - span;
  const place = (ms: number) =>
    `calc((100% - ${NOW_WIDTH}px) * ${Math.max(0, Math.min(1, (ms - start) / span)).toFixed(5)})`;
  const step = STEPS.find((candidate) => span / candidate <= 6) ?? span / 6;
  const ticks: number[] = [];
  for (let at = Math.ceil(start / step) * step; at < end; at += step) ticks.push(at);
  const open = windowMs && watermark ? Math.floor(watermark / windowMs) * windowMs : null;
  const behind = watermark === null ? null : Math.max(0, end - watermark);
  const label =
    watermark === null
      ? "Time ruler, no watermark yet"
      : `Time ruler: watermark ${formatClock(watermark, zone)}, ${formatDuration(behind ?? 0)} behind, ${late} late`;
  return (
    <div
      data-testid="time-ruler"
      role="img"
      aria-label={label}
      className="relative h-5 overflow-hidden border-b border-line bg-inset text-micro"
    >
      {open !== null && <div className="hatch absolute inset-y-0" style={{ left: place(open), right: NOW_WIDTH }} />}
      {ticks.map((at) => (
        <div
          key={at}
          // A label that does not fit before the right end wraps below the strip, out of sight.
          className="absolute inset-y-0 flex flex-wrap overflow-hidden border-s border-line"
          style={{ left: place(at), right: NOW_WIDTH }}
        >
          <span className="h-5 w-1" />
          <span className="num leading-5 text-fg-3">{formatClock(at, zone, step < 60_000)}</span>
        </div>
      ))}
      {watermark !== null && (
        <div className="absolute inset-y-0 w-0.5 bg-time" style={{ left: place(watermark) }}>
          <span className="num absolute end-full top-px rounded-s-chip bg-tint-time px-1 leading-[18px] whitespace-nowrap text-time">
            {behind === null || behind < 1000 ? "watermark" : `−${formatDuration(behind)}`}
          </span>
        </div>
      )}
      {late > 0 && (
        <div className="absolute bottom-0 h-1 w-1 bg-time" style={{ left: place((watermark ?? end) - step / 3) }} />
      )}
      <div
        className="absolute inset-y-0 end-0 border-e-2 border-fg-3 ps-1.5 leading-5 text-fg-2"
        style={{ width: NOW_WIDTH }}
      >
        {recorded ? "newest" : live ? "now" : "end"}
      </div>
    </div>
  );
}

import { Activity, CircleCheck, CirclePause, CircleStop, CircleX, Unplug } from "lucide-react";
import { copy } from "@/lib/copy/en";
import { formatRate } from "@/lib/format/number";
import { hasEnded, type LiveSnapshot } from "@/stream/live-view";
import { Tag } from "@/ui/chip";
import { Mark } from "@/ui/mark";

/** Rows that arrived this recently count as arriving now. */
const FRESH_MS = 5000;

/** The live chip: mint only while rows arrive, otherwise the plain word for what is going on. */
export function LiveChip({ view, now }: { view: LiveSnapshot; now: number }) {
  const words = copy.results;
  const state = view.paused && !hasEnded(view.state) ? "paused" : view.state;
  const fresh = view.lastRowAt !== null && now - view.lastRowAt < FRESH_MS;
  const rate = view.metadata.records_per_second;
  if (view.connected === "lost")
    return (
      <Tag icon={Unplug} data-testid="live-chip" data-state="disconnected">
        {words.reconnecting}
      </Tag>
    );
  switch (state) {
    case "paused":
      return (
        <Tag icon={CirclePause} data-testid="live-chip" data-state="paused">
          {words.paused}
        </Tag>
      );
    case "cancelling":
      return (
        <Tag data-testid="live-chip" data-state="cancelling">
          <Mark moving size={11} /> {words.stopping}
        </Tag>
      );
    case "cancelled":
      return (
        <Tag icon={CircleStop} data-testid="live-chip" data-state="cancelled">
          {words.stopped}
        </Tag>
      );
    case "finished":
      return (
        <Tag icon={CircleCheck} data-testid="live-chip" data-state="finished">
          {words.finished}
        </Tag>
      );
    case "failed":
      return (
        <Tag tone="danger" icon={CircleX} data-testid="live-chip" data-state="failed">
          {words.failed}
        </Tag>
      );
    case "expired":
      return (
        <Tag icon={CircleStop} data-testid="live-chip" data-state="expired">
          {words.expired}
        </Tag>
      );
    default:
      return fresh ? (
        <Tag tone="live" icon={Activity} data-testid="live-chip" data-state="live">
          {words.live}
          {rate !== undefined && rate > 0 ? ` ${formatRate(rate)}` : ""}
        </Tag>
      ) : (
        <Tag data-testid="live-chip" data-state="waiting">
          <Mark moving size={11} /> {words.waiting}
        </Tag>
      );
  }
}

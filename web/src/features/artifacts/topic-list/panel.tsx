import { TriangleAlert } from "lucide-react";
import { useState, type KeyboardEvent } from "react";
import { useStudioActions } from "@/api/studio-actions";
import { copy } from "@/lib/copy/en";
import { formatAge } from "@/lib/format/time";
import { formatBytes, formatCount, formatRate, formatShort } from "@/lib/format/number";
import { Button } from "@/ui/button";
import { Tag } from "@/ui/chip";
import { EmptyState } from "@/ui/empty-state";
import { useNow } from "@/ui/use-now";
import { PanelFrame } from "@/features/artifacts/panel-frame";
import type { PanelProps } from "@/features/artifacts/panel-types";
import type { TopicItem, TopicListData } from "@/features/artifacts/topic-list/guard";

const MAX_SHOWN = 500;

function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step =
    event.key === "j" || event.key === "ArrowDown" ? 1 : event.key === "k" || event.key === "ArrowUp" ? -1 : 0;
  const row = event.target instanceof HTMLElement ? event.target.closest("[role=row]") : null;
  const next = step > 0 ? row?.nextElementSibling : step < 0 ? row?.previousElementSibling : null;
  const button = next?.querySelector("button");
  if (!button) return;
  event.preventDefault();
  button.focus();
}

export default function TopicListPanel({ artifact, data }: PanelProps<TopicListData>) {
  const { act, prefill } = useStudioActions();
  const [filter, setFilter] = useState("");
  const now = useNow();
  const shown = data.items.filter((item) => item.name.toLowerCase().includes(filter.toLowerCase())).slice(0, MAX_SHOWN);
  const schema = (item: TopicItem) =>
    item.kind === "topic"
      ? act("inspect_topic", { topic: item.name }, artifact)
      : act("inspect_source", { ...sourceOf(data), name: item.name }, artifact);
  const peek = (item: TopicItem) =>
    item.kind === "topic"
      ? act("peek_messages", { topic: item.name, limit: 10 }, artifact)
      : act("peek_source", { ...sourceOf(data), name: item.name, limit: 10 }, artifact);
  if (data.items.length === 0) {
    return (
      <div data-testid="topic-list" data-state="empty" className="h-full">
        <EmptyState title={copy.topics.empty} text={copy.topics.emptyText} />
      </div>
    );
  }
  return (
    <div data-testid="topic-list" data-state="ready" data-rows={data.items.length} className="h-full">
      <PanelFrame
        facts={<span>{copy.topicCount(data.total)}</span>}
        actions={
          <input
            type="search"
            aria-label={copy.topics.filter}
            placeholder={copy.topics.filter}
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
            className="h-[var(--control)] w-52 max-w-full rounded-control border border-control bg-surface px-2 text-ui"
          />
        }
      >
        <div role="grid" aria-label={artifact.title} className="@container h-full overflow-auto" onKeyDown={moveFocus}>
          {shown.map((item) => (
            <div
              key={item.name}
              role="row"
              data-testid="topic-row"
              className="grid min-h-10 grid-cols-[minmax(140px,1fr)_84px_116px_56px_72px_auto] items-center gap-x-3 border-b border-line/60 px-3 hover:bg-hover @max-3xl:grid-cols-[minmax(120px,1fr)_84px_116px_auto] @max-md:grid-cols-[1fr_auto] @max-md:gap-y-1 @max-md:py-2"
            >
              <div role="gridcell" className="flex min-w-0 items-center gap-2">
                <button
                  type="button"
                  className="code min-h-6 truncate rounded-chip text-ui text-fg hover:text-accent"
                  onClick={() => schema(item)}
                >
                  {item.name}
                </button>
                {item.format && <span className="text-meta text-fg-3">{item.format}</span>}
                {item.flags
                  .filter((flag) => copy.topics.flags[flag])
                  .map((flag) => (
                    <Tag key={flag} tone="time" icon={TriangleAlert}>
                      {copy.topics.flags[flag]}
                    </Tag>
                  ))}
              </div>
              <div role="gridcell" className="num text-end text-meta whitespace-nowrap text-fg-2">
                {item.partitions !== null
                  ? copy.partitions(item.partitions)
                  : item.bytes !== null
                    ? formatBytes(item.bytes)
                    : ""}
              </div>
              <div
                role="gridcell"
                className="num text-end text-meta whitespace-nowrap text-fg"
                title={item.messages === null ? undefined : formatCount(item.messages)}
              >
                {item.messages === null
                  ? ""
                  : `${formatShort(item.messages)} ${item.messages === 1 ? "message" : "messages"}`}
              </div>
              <div role="gridcell" className="num text-end text-meta whitespace-nowrap text-fg-2 @max-3xl:hidden">
                {item.rate === null ? "" : formatRate(item.rate)}
              </div>
              <div role="gridcell" className="num text-end text-meta whitespace-nowrap text-fg-3 @max-3xl:hidden">
                {item.modifiedAt ? formatAge(Date.parse(item.modifiedAt), now) : ""}
              </div>
              <div role="gridcell" className="flex justify-end @max-md:col-span-2">
                <Button
                  tone="quiet"
                  className="px-2"
                  onClick={() => peek(item)}
                  aria-label={`${copy.topics.peek} ${item.name}`}
                >
                  {copy.topics.peek}
                </Button>
                <Button
                  tone="quiet"
                  className="px-2"
                  onClick={() => schema(item)}
                  aria-label={`${copy.topics.schema} ${item.name}`}
                >
                  {copy.topics.schema}
                </Button>
                <Button
                  tone="quiet"
                  className="px-2"
                  onClick={() => prefill(`From ${item.name}, `)}
                  aria-label={`${copy.topics.query} ${item.name}`}
                >
                  {copy.topics.query}
                </Button>
              </div>
            </div>
          ))}
          {shown.length === 0 && <p className="p-4 text-center text-ui text-fg-2">{copy.topics.none}</p>}
        </div>
      </PanelFrame>
    </div>
  );
}

function sourceOf(data: TopicListData): Record<string, unknown> {
  return data.sourceId ? { source_id: data.sourceId } : {};
}

import { Database, File, Radio } from "lucide-react";
import { useQueries } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { toErrorBody } from "@/api/errors";
import { sourceItemsQuery, useConnections, useConnectSource, useTopics } from "@/api/sources";
import { copy } from "@/lib/copy/en";
import { formatBytes, formatShort } from "@/lib/format/number";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { EmptyState } from "@/ui/empty-state";
import { ErrorBlock } from "@/ui/error-block";
import { showToast } from "@/ui/toast";

export interface PickedItem {
  /** Null for an embedded topic. */
  sourceId: string | null;
  name: string;
}

interface Entry extends PickedItem {
  detail: string;
  isFile: boolean;
}
interface GroupOfItems {
  key: string;
  title: string;
  text: string;
  entries: Entry[];
}

function useGroups(): { groups: GroupOfItems[]; pending: boolean; error: unknown; retry: () => void } {
  const topics = useTopics();
  const connections = useConnections();
  const others = (connections.data ?? []).filter((c) => c.type !== "topic");
  const items = useQueries({ queries: others.map((c) => sourceItemsQuery(c.source_id)) });
  const embedded: Entry[] = (topics.data?.topics ?? []).map((t) => ({
    sourceId: null,
    name: t.name,
    isFile: false,
    detail: `${formatShort(t.total_messages)} · ${t.partitions.length}p`,
  }));
  const groups = others.map((c, i): GroupOfItems => {
    const list = items[i]?.data?.items ?? [];
    return {
      key: c.source_id,
      title: c.alias,
      text: c.uri,
      entries: list.map((item) => ({
        sourceId: c.source_id,
        name: item.name,
        isFile: item.kind === "file" || item.kind === "object",
        detail:
          typeof item.message_count === "number"
            ? formatShort(item.message_count)
            : typeof item.size_bytes === "number"
              ? formatBytes(item.size_bytes)
              : "",
      })),
    };
  });
  if (embedded.length > 0)
    groups.unshift({ key: "topics", title: copy.sources.embedded, text: copy.sources.embeddedText, entries: embedded });
  return {
    groups,
    pending: topics.isPending && connections.isPending,
    error: topics.isError ? topics.error : null,
    retry: () => void topics.refetch(),
  };
}

export interface SourcesPageProps {
  picked: PickedItem | null;
  onPick: (item: PickedItem) => void;
  detail: (item: PickedItem) => ReactNode;
}

export default function SourcesPage({ picked, onPick, detail }: SourcesPageProps) {
  const { groups, pending, error, retry } = useGroups();
  const connect = useConnectSource();
  const [uri, setUri] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (uri.trim() === "" || connect.isPending) return;
    connect.mutate(uri.trim(), {
      onSuccess: (answer) => {
        setUri("");
        showToast(copy.sources.connected(answer.alias));
      },
    });
  };
  return (
    <div className="flex h-full min-h-0 flex-col bg-surface" data-testid="sources-page">
      <header className="space-y-3 border-b border-line px-4 py-3">
        <h1 className="text-page font-semibold">{copy.sources.title}</h1>
        <form onSubmit={submit} className="flex gap-2 max-md:flex-col">
          <input
            aria-label={copy.sources.uriLabel}
            placeholder={copy.sources.uriPlaceholder}
            value={uri}
            onChange={(event) => setUri(event.target.value)}
            spellCheck={false}
            autoCapitalize="off"
            className="code h-[var(--control-lg)] min-w-0 flex-1 rounded-control border border-control bg-surface px-3 text-ui"
          />
          <Button
            tone="primary"
            type="submit"
            className="h-[var(--control-lg)]"
            reason={connect.isPending ? copy.chat.working : null}
          >
            {copy.sources.connect}
          </Button>
        </form>
        {connect.error && <ErrorBlock error={toErrorBody(connect.error)} />}
      </header>
      <div className="flex min-h-0 flex-1 max-md:flex-col">
        <nav
          aria-label={copy.sources.title}
          className="w-72 shrink-0 overflow-y-auto border-e border-line p-2 max-md:max-h-64 max-md:w-full max-md:border-e-0 max-md:border-b"
        >
          {error ? (
            <ErrorBlock error={toErrorBody(error)} actions={[{ label: copy.errors.retry, run: retry }]} />
          ) : null}
          {pending && <div className="skeleton m-2 h-40" />}
          {groups.map((group) => (
            <section key={group.key} className="mb-4">
              <h2 className="px-2 pt-1 text-ui font-medium text-fg">{group.title}</h2>
              <p className="code truncate px-2 pb-1 text-micro text-fg-3">{group.text}</p>
              <ul>
                {group.entries.map((entry) => {
                  const active = picked?.name === entry.name && picked.sourceId === entry.sourceId;
                  const Icon = entry.isFile ? File : entry.sourceId === null ? Radio : Database;
                  return (
                    <li key={entry.name}>
                      <button
                        type="button"
                        aria-current={active ? "true" : undefined}
                        onClick={() => onPick({ sourceId: entry.sourceId, name: entry.name })}
                        className={cx(
                          "flex min-h-[var(--row)] w-full items-center gap-2 rounded-control px-2 text-ui",
                          active ? "bg-selected text-fg" : "text-fg-2 hover:bg-hover hover:text-fg",
                        )}
                      >
                        <Icon size={14} strokeWidth={1.5} aria-hidden className="shrink-0 text-fg-3" />
                        <span className="code min-w-0 flex-1 truncate">{entry.name}</span>
                        <span className="num text-meta text-fg-3">{entry.detail}</span>
                      </button>
                    </li>
                  );
                })}
              </ul>
            </section>
          ))}
          {!pending && !error && groups.length === 0 && (
            <EmptyState title={copy.sources.nothing} text={copy.sources.nothingText} />
          )}
        </nav>
        <div className="min-h-0 min-w-0 flex-1">
          {picked ? detail(picked) : <EmptyState title={copy.sources.title} text={copy.sources.pick} />}
        </div>
      </div>
    </div>
  );
}

import { Link } from "@tanstack/react-router";
import { Download, Ellipsis, FileCode, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import {
  deleteThread,
  hideThreadInList,
  refreshThreads,
  threadExportUrl,
  useRenameThread,
  useThreads,
} from "@/api/threads";
import type { Thread } from "@/api/types";
import { copy } from "@/lib/copy/en";
import { downloadUrl } from "@/lib/download";
import { IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Menu } from "@/ui/menu";
import { showToast } from "@/ui/toast";

/** Undo waits this long; only then the studio is asked to delete. */
const UNDO_MS = 10_000;

function RenameBox({ thread, onDone }: { thread: Thread; onDone: () => void }) {
  const rename = useRenameThread();
  const [title, setTitle] = useState(thread.title ?? "");
  const commit = () => {
    onDone();
    const next = title.trim();
    if (next !== "" && next !== thread.title) rename.mutate({ id: thread.id, title: next });
  };
  return (
    <input
      autoFocus
      aria-label={copy.threads.renameLabel}
      value={title}
      onChange={(event) => setTitle(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
        if (event.key === "Escape") onDone();
      }}
      className="h-[var(--row)] w-full rounded-control border border-control bg-surface px-2 text-ui"
    />
  );
}

export function ThreadList({
  activeId,
  onDeleted,
  onNavigate,
}: {
  activeId: string | null;
  onDeleted: (id: string) => void;
  onNavigate?: () => void;
}) {
  const threads = useThreads();
  const [renaming, setRenaming] = useState<string | null>(null);
  const list = threads.data ?? [];

  const remove = (thread: Thread) => {
    hideThreadInList(thread.id);
    onDeleted(thread.id);
    showToast(copy.threads.removed(thread.title ?? copy.nav.untitled), {
      ms: UNDO_MS,
      action: { label: copy.threads.undo, run: refreshThreads },
      onGone: () => void deleteThread(thread.id).finally(refreshThreads),
    });
  };

  return (
    <ul data-testid="thread-list" data-rows={list.length} aria-label={copy.nav.threads} className="space-y-px">
      {list.map((thread) => {
        const title = thread.title || copy.nav.untitled;
        const active = thread.id === activeId;
        if (renaming === thread.id) {
          return (
            <li key={thread.id}>
              <RenameBox thread={thread} onDone={() => setRenaming(null)} />
            </li>
          );
        }
        return (
          <li
            key={thread.id}
            data-testid="thread-item"
            data-artifact-id={thread.id}
            className={cx("group flex items-center rounded-control", active ? "bg-selected" : "hover:bg-hover")}
          >
            <Link
              to="/t/$thread"
              params={{ thread: thread.id }}
              onClick={onNavigate}
              aria-current={active ? "page" : undefined}
              className={cx(
                "flex h-[var(--row)] min-w-0 flex-1 items-center gap-2 rounded-control ps-2.5 text-ui",
                active ? "text-fg" : "text-fg-2 group-hover:text-fg",
              )}
              onDoubleClick={() => setRenaming(thread.id)}
            >
              <span className="truncate" title={title}>
                {title}
              </span>
            </Link>
            <Menu
              label={copy.threads.actions(title)}
              trigger={
                <IconButton
                  icon={Ellipsis}
                  size={14}
                  label={copy.threads.actions(title)}
                  className="h-6 min-w-6 opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 data-[state=open]:opacity-100 pointer-coarse:opacity-100"
                />
              }
              items={[
                {
                  label: copy.threads.rename,
                  icon: Pencil,
                  onSelect: () => setTimeout(() => setRenaming(thread.id), 0),
                },
                {
                  label: copy.threads.exportMarkdown,
                  icon: Download,
                  onSelect: () => downloadUrl(threadExportUrl(thread.id, "md")),
                },
                {
                  label: copy.threads.exportSql,
                  icon: FileCode,
                  onSelect: () => downloadUrl(threadExportUrl(thread.id, "sql")),
                },
                { label: copy.threads.remove, icon: Trash2, danger: true, onSelect: () => remove(thread) },
              ]}
            />
          </li>
        );
      })}
      {threads.isSuccess && list.length === 0 && (
        <li className="px-2.5 py-1 text-meta text-fg-3">{copy.threads.none}</li>
      )}
    </ul>
  );
}

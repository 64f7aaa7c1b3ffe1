import { Link, useMatches, useNavigate } from "@tanstack/react-router";
import { Database, MessagesSquare, PanelLeft, Plus, Search, Settings, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { useConnections, useTopics } from "@/api/sources";
import { setLayout } from "@/app/layout-state";
import { ThreadList } from "@/features/threads/thread-list";
import { copy } from "@/lib/copy/en";
import { formatKeys } from "@/lib/platform";
import { IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Mark } from "@/ui/mark";
import { Tooltip } from "@/ui/tooltip";

export function useSourceCount(): number {
  const topics = useTopics();
  const connections = useConnections();
  const others = (connections.data ?? []).filter((c) => c.type !== "topic").length;
  return others + ((topics.data?.topics.length ?? 0) > 0 ? 1 : 0);
}

export function useActiveThread(): string | null {
  const match = useMatches().find((m) => m.routeId === "/t/$thread");
  const thread: unknown = (match?.params as { thread?: unknown } | undefined)?.thread;
  return typeof thread === "string" ? thread : null;
}

function NavLink({
  to,
  icon: Icon,
  label,
  testId,
  count,
  rail,
}: {
  to: "/sources" | "/settings";
  icon: LucideIcon;
  label: string;
  testId: string;
  count?: number;
  rail: boolean;
}) {
  const link = (
    <Link
      to={to}
      data-testid={testId}
      data-rows={count}
      aria-label={rail ? label : undefined}
      onClick={() => setLayout({ drawerOpen: false })}
      className={cx(
        "flex h-[var(--row)] items-center gap-2.5 rounded-control text-ui text-fg-2 hover:bg-hover hover:text-fg",
        rail ? "w-8 justify-center" : "px-2.5",
      )}
      activeProps={{ className: "bg-selected !text-fg", "aria-current": "page" }}
    >
      <Icon size={16} strokeWidth={1.5} aria-hidden className="shrink-0" />
      {!rail && <span className="flex-1">{label}</span>}
      {!rail && count !== undefined && count > 0 && <span className="num text-meta text-fg-3">{count}</span>}
    </Link>
  );
  return rail ? (
    <Tooltip text={label} side="right">
      {link}
    </Tooltip>
  ) : (
    link
  );
}

function ActionRow({
  icon: Icon,
  label,
  keys,
  onClick,
  rail,
}: {
  icon: LucideIcon;
  label: string;
  keys: string;
  onClick: () => void;
  rail: boolean;
}) {
  if (rail) return <IconButton icon={Icon} label={label} keys={keys} side="right" onClick={onClick} className="w-8" />;
  return (
    <button
      type="button"
      onClick={onClick}
      className="flex h-[var(--row)] w-full items-center gap-2.5 rounded-control px-2.5 text-ui text-fg-2 hover:bg-hover hover:text-fg"
    >
      <Icon size={16} strokeWidth={1.5} aria-hidden />
      <span className="flex-1">{label}</span>
      <kbd className="code text-micro text-fg-3">{formatKeys(keys)}</kbd>
    </button>
  );
}

export function Sidebar({
  rail,
  onFind,
  onNew,
  onToggle,
}: {
  rail: boolean;
  onFind: () => void;
  onNew: () => void;
  onToggle: (() => void) | null;
}) {
  const navigate = useNavigate();
  const active = useActiveThread();
  const sources = useSourceCount();
  const heading: ReactNode = rail ? null : (
    <h2
      data-testid="nav-threads"
      className="flex items-center gap-2.5 px-2.5 pt-3 pb-1 text-meta font-medium text-fg-3"
    >
      {copy.nav.threads}
    </h2>
  );
  return (
    <nav
      data-testid="sidebar"
      data-pane
      tabIndex={-1}
      aria-label={copy.nav.sidebar}
      className={cx("flex h-full min-h-0 flex-col bg-canvas p-2", rail ? "w-[52px] items-center" : "w-[232px]")}
    >
      <div className={cx("mb-1 flex h-9 items-center", rail ? "flex-col justify-center" : "justify-between ps-2")}>
        {!rail && (
          <Link
            to="/"
            search={{ new: true }}
            className="flex items-center gap-2 rounded-control text-chat font-semibold tracking-[-0.01em] text-fg"
            aria-label={copy.productName}
          >
            <Mark size={18} /> velo
          </Link>
        )}
        {onToggle && (
          <IconButton icon={PanelLeft} label={copy.nav.sidebar} keys="mod+b" side="right" onClick={onToggle} />
        )}
      </div>
      <div className="space-y-px">
        <ActionRow rail={rail} icon={Search} label={copy.nav.find} keys="mod+k" onClick={onFind} />
        <ActionRow rail={rail} icon={Plus} label={copy.nav.newThread} keys="c" onClick={onNew} />
      </div>
      {heading}
      <div className="min-h-0 flex-1 overflow-y-auto py-0.5">
        {rail ? (
          <IconButton
            icon={MessagesSquare}
            label={copy.nav.threads}
            side="right"
            data-testid="nav-threads"
            onClick={() => void navigate({ to: "/" })}
            className="w-8"
          />
        ) : (
          <ThreadList
            activeId={active}
            onNavigate={() => setLayout({ drawerOpen: false, phonePane: "chat" })}
            onDeleted={(id) => {
              if (id === active) void navigate({ to: "/" });
            }}
          />
        )}
      </div>
      <div className="space-y-px border-t border-line pt-2">
        <NavLink
          rail={rail}
          to="/sources"
          icon={Database}
          label={copy.nav.sources}
          testId="nav-sources"
          count={sources}
        />
        <NavLink rail={rail} to="/settings" icon={Settings} label={copy.nav.settings} testId="nav-settings" />
      </div>
    </nav>
  );
}

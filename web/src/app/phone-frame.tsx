import { useNavigate, useRouterState } from "@tanstack/react-router";
import {
  Database,
  Ellipsis,
  Menu as MenuIcon,
  MessageSquare,
  PanelsTopLeft,
  Plus,
  type LucideIcon,
} from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { useThreads } from "@/api/threads";
import { setLayout, useLayout } from "@/app/layout-state";
import { Sidebar, useActiveThread } from "@/app/sidebar";
import { ConnectionChip } from "@/app/status-bar";
import { useTabs } from "@/features/canvas/tabs-store";
import { copy } from "@/lib/copy/en";
import { IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";

function Root({
  icon: Icon,
  label,
  active,
  badge,
  onClick,
}: {
  icon: LucideIcon;
  label: string;
  active: boolean;
  badge?: number;
  onClick: () => void;
}) {
  return (
    <button
      type="button"
      aria-current={active ? "page" : undefined}
      aria-label={badge ? `${label}, ${badge}` : label}
      onClick={onClick}
      className={cx(
        "flex min-h-14 flex-1 flex-col items-center justify-center gap-0.5 text-micro",
        active ? "text-accent" : "text-fg-2",
      )}
    >
      <span className="relative">
        <Icon size={20} strokeWidth={1.5} aria-hidden />
        {badge !== undefined && badge > 0 && (
          <span className="num absolute -end-3 -top-1 rounded-full bg-accent-solid px-1 text-[10px] leading-4 text-white">
            {badge}
          </span>
        )}
      </span>
      {label}
    </button>
  );
}

/** On a phone the panes are a stack with four roots. */
export function PhoneFrame({
  children,
  onFind,
  onNew,
}: {
  children: ReactNode;
  onFind: () => void;
  onNew: () => void;
}) {
  const layout = useLayout();
  const navigate = useNavigate();
  const path = useRouterState({ select: (s) => s.location.pathname });
  const active = useActiveThread();
  const threads = useThreads();
  const { tabs } = useTabs(active ?? "");
  const title = active
    ? (threads.data?.find((t) => t.id === active)?.title ?? copy.nav.untitled)
    : path === "/sources"
      ? copy.nav.sources
      : path === "/settings"
        ? copy.nav.settings
        : copy.productName;
  const inThread = active !== null;
  return (
    <div className="flex h-full flex-col">
      <header className="flex h-12 shrink-0 items-center gap-1 border-b border-line px-1.5">
        <IconButton
          icon={MenuIcon}
          label={copy.nav.sidebar}
          onClick={() => setLayout({ drawerOpen: true })}
          className="h-11 w-11"
        />
        <p className="min-w-0 flex-1 truncate text-chat font-medium">{title}</p>
        <ConnectionChip />
        <IconButton icon={Plus} label={copy.nav.newThread} onClick={onNew} className="h-11 w-11" />
      </header>
      <div className="min-h-0 flex-1">{children}</div>
      <nav
        aria-label={copy.productName}
        className="flex shrink-0 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)]"
      >
        <Root
          icon={MessageSquare}
          label={copy.phone.chat}
          active={(inThread && layout.phonePane === "chat") || path === "/"}
          onClick={() => {
            setLayout({ phonePane: "chat" });
            if (!inThread) void navigate({ to: "/" });
          }}
        />
        {inThread && (
          <Root
            icon={PanelsTopLeft}
            label={copy.phone.canvas}
            badge={tabs.length}
            active={layout.phonePane === "canvas"}
            onClick={() => setLayout({ phonePane: "canvas" })}
          />
        )}
        <Root
          icon={Database}
          label={copy.phone.data}
          active={path === "/sources"}
          onClick={() => void navigate({ to: "/sources" })}
        />
        <Root
          icon={Ellipsis}
          label={copy.phone.more}
          active={path === "/settings"}
          onClick={() => void navigate({ to: "/settings" })}
        />
      </nav>
      <Radix.Root open={layout.drawerOpen} onOpenChange={(open) => setLayout({ drawerOpen: open })}>
        <Radix.Portal>
          <Radix.Overlay className="fixed inset-0 z-20 bg-black/40" />
          <Radix.Content
            aria-describedby={undefined}
            className="fixed inset-y-0 start-0 z-20 border-e border-line bg-canvas"
          >
            <Radix.Title className="sr-only">{copy.nav.sidebar}</Radix.Title>
            <Sidebar
              rail={false}
              onToggle={null}
              onFind={() => {
                setLayout({ drawerOpen: false });
                onFind();
              }}
              onNew={onNew}
            />
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
    </div>
  );
}

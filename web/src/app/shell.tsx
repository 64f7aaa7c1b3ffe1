import { Outlet, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useMemo, useState } from "react";
import { useCommands } from "@/app/commands";
import { setLayout, useLayout } from "@/app/layout-state";
import { PaneBoundary } from "@/app/pane-error";
import { PhoneFrame } from "@/app/phone-frame";
import { Sidebar, useActiveThread } from "@/app/sidebar";
import { StatusBar } from "@/app/status-bar";
import { SHORTCUTS } from "@/app/shortcuts";
import { useKeys } from "@/app/use-keys";
import { useStudioActionsOf } from "@/app/use-studio-actions";
import { DropZone } from "@/features/upload/drop-zone";
import { copy } from "@/lib/copy/en";
import { Dialog } from "@/ui/dialog";
import { Toaster } from "@/ui/toast";
import { Keys } from "@/ui/tooltip";
import { useNarrow, usePhone } from "@/ui/use-media";

const Palette = lazy(() => import("@/features/palette/palette"));

type Overlay = "none" | "palette" | "keys";

export function Shell() {
  const [overlay, setOverlay] = useState<Overlay>("none");
  const layout = useLayout();
  const phone = usePhone();
  const narrow = useNarrow();
  const navigate = useNavigate();
  const active = useActiveThread();
  const actions = useStudioActionsOf(active);
  const openPalette = useCallback(() => setOverlay("palette"), []);
  const openKeys = useCallback(() => setOverlay("keys"), []);
  const close = useCallback(() => setOverlay("none"), []);
  const commands = useCommands({ openPalette, openKeys });
  useKeys(commands);
  const newThread = commands.find((c) => c.id === "thread.new")?.run ?? close;
  const listed = useMemo(() => commands.filter((c) => c.hidden !== true), [commands]);

  const content = (
    <PaneBoundary>
      <Suspense fallback={null}>
        <Outlet />
      </Suspense>
    </PaneBoundary>
  );
  return (
    <div data-testid="app-shell" className="h-dvh">
      <a
        href="#composer"
        className="skip-link pop px-3 py-2 text-ui text-fg"
        onClick={(event) => {
          event.preventDefault();
          document.querySelector<HTMLElement>('[data-testid="composer-input"]')?.focus();
        }}
      >
        {copy.skip.composer}
      </a>
      <a
        href="#canvas"
        className="skip-link pop px-3 py-2 text-ui text-fg"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("canvas")?.focus();
        }}
      >
        {copy.skip.canvas}
      </a>
      {phone ? (
        <PhoneFrame onFind={openPalette} onNew={newThread}>
          {content}
        </PhoneFrame>
      ) : (
        <div className="flex h-full flex-col">
          <div className="flex min-h-0 flex-1">
            <div className="border-e border-line">
              <Sidebar
                rail={narrow || !layout.sidebarOpen}
                onFind={openPalette}
                onNew={newThread}
                onToggle={narrow ? null : () => setLayout({ sidebarOpen: !layout.sidebarOpen })}
              />
            </div>
            <div className="min-w-0 flex-1">{content}</div>
          </div>
          <StatusBar onKeys={openKeys} />
        </div>
      )}
      {overlay === "palette" && (
        <Suspense fallback={null}>
          <Palette
            onClose={close}
            commands={listed}
            onThread={(id) => void navigate({ to: "/t/$thread", params: { thread: id } })}
            onTopic={(name) => void navigate({ to: "/sources", search: { name } })}
            onAsk={actions.ask}
          />
        </Suspense>
      )}
      <Dialog open={overlay === "keys"} onClose={close} title={copy.shortcuts.title} closeLabel={copy.shortcuts.close}>
        <ul className="grid grid-cols-2 gap-x-8 max-md:grid-cols-1">
          {SHORTCUTS.map((row) => (
            <li
              key={row.title}
              className="flex min-h-8 items-center justify-between gap-3 border-b border-line/60 text-ui text-fg-2"
            >
              {row.title} <Keys chord={row.keys} />
            </li>
          ))}
        </ul>
      </Dialog>
      <DropZone onData={(path) => actions.ask(copy.upload.open(path))} onSql={actions.ask} />
      <Toaster />
    </div>
  );
}

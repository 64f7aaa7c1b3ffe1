import { useMatches, useNavigate, type AnyRouteMatch } from "@tanstack/react-router";
import { useMemo } from "react";
import { queryClient } from "@/api/query-client";
import { artifactQuery } from "@/api/artifacts";
import { getLayout, setLayout } from "@/app/layout-state";
import { focusComposer } from "@/app/use-studio-actions";
import { tabsOf } from "@/features/canvas/tabs-store";
import { formatArtifactRef, parseArtifactRef } from "@/lib/artifact-ref";
import { setAppearance } from "@/ui/appearance";

export interface StudioCommand {
  id: string;
  title: string;
  group: "here" | "goTo";
  keys?: string;
  /** Keys that work outside text fields only, and that the reader may switch off. */
  single?: boolean;
  hidden?: boolean;
  run: () => void;
}

export interface CommandHosts {
  openPalette: () => void;
  openKeys: () => void;
}

function openThreadOf(matches: readonly AnyRouteMatch[]): { thread: string; a: string | undefined } | null {
  const match = matches.find((m) => m.routeId === "/t/$thread");
  const thread: unknown = match?.params?.thread;
  return typeof thread === "string" ? { thread, a: match?.search?.a as string | undefined } : null;
}

/** Moves to the next landmark, so that the whole studio can be walked with one key. */
export function nextPane(step: 1 | -1): void {
  const panes = [...document.querySelectorAll<HTMLElement>("[data-pane]")].filter(
    (pane) => pane.offsetParent !== null || pane.getClientRects().length > 0,
  );
  if (panes.length === 0) return;
  const at = panes.findIndex((pane) => pane.contains(document.activeElement));
  const pane = panes[(at + step + panes.length) % panes.length];
  pane?.focus();
}

/** The one registry of commands: palette, keys and the `?` sheet read it. */
export function useCommands({ openPalette, openKeys }: CommandHosts): StudioCommand[] {
  const navigate = useNavigate();
  const matches = useMatches();
  const open = openThreadOf(matches as readonly AnyRouteMatch[]);
  const thread = open?.thread ?? null;
  const a = open?.a;
  return useMemo(() => {
    const goTab = (index: number) => {
      const tab = thread ? tabsOf(thread).tabs[index] : undefined;
      if (thread && tab) void navigate({ to: "/t/$thread", params: { thread }, search: { a: tab.id } });
    };
    const goVersion = (step: number) => {
      const ref = parseArtifactRef(a) ?? (thread ? { id: tabsOf(thread).tabs.at(-1)?.id ?? "" } : null);
      if (!ref || !thread || ref.id === "") return;
      const newest = queryClient.getQueryData(artifactQuery(ref.id).queryKey)?.version ?? 1;
      const next = Math.max(1, Math.min(newest, (ref.version ?? newest) + step));
      void navigate({
        to: "/t/$thread",
        params: { thread },
        search: { a: formatArtifactRef(next === newest ? { id: ref.id } : { id: ref.id, version: next }) },
      });
    };
    const newThread = () => {
      setLayout({ drawerOpen: false, phonePane: "chat" });
      void navigate({ to: "/", search: { new: true } }).then(focusComposer);
    };
    const list: StudioCommand[] = [
      { id: "palette", title: "Find anything", group: "here", keys: "mod+k", hidden: true, run: openPalette },
      { id: "keys", title: "Show all keys", group: "here", keys: "?", single: true, run: openKeys },
      { id: "thread.new", title: "New thread", group: "here", keys: "c", single: true, run: newThread },
      {
        id: "thread.new-anywhere",
        title: "New thread",
        group: "here",
        keys: "mod+shift+o",
        hidden: true,
        run: newThread,
      },
      {
        id: "composer.focus",
        title: "Focus the composer",
        group: "here",
        keys: "/",
        single: true,
        run: () => {
          setLayout({ phonePane: "chat" });
          focusComposer();
        },
      },
      {
        id: "sidebar",
        title: "Show or hide the sidebar",
        group: "here",
        keys: "mod+b",
        run: () => setLayout({ sidebarOpen: !getLayout().sidebarOpen }),
      },
      ...(thread
        ? [
            {
              id: "canvas",
              title: "Show or hide the canvas",
              group: "here" as const,
              keys: "mod+j",
              run: () => setLayout({ canvasOpen: !getLayout().canvasOpen, canvasWide: false }),
            },
            {
              id: "version.previous",
              title: "Previous version",
              group: "here" as const,
              keys: "[",
              single: true,
              run: () => goVersion(-1),
            },
            {
              id: "version.next",
              title: "Next version",
              group: "here" as const,
              keys: "]",
              single: true,
              run: () => goVersion(1),
            },
          ]
        : []),
      { id: "theme.dark", title: "Dark theme", group: "here", run: () => setAppearance({ theme: "dark" }) },
      { id: "theme.light", title: "Light theme", group: "here", run: () => setAppearance({ theme: "light" }) },
      {
        id: "theme.system",
        title: "Theme of the system",
        group: "here",
        run: () => setAppearance({ theme: "system" }),
      },
      {
        id: "go.threads",
        title: "Threads",
        group: "goTo",
        keys: "g t",
        single: true,
        run: () => void navigate({ to: "/" }),
      },
      {
        id: "go.sources",
        title: "Sources",
        group: "goTo",
        keys: "g s",
        single: true,
        run: () => void navigate({ to: "/sources" }),
      },
      { id: "go.settings", title: "Settings", group: "goTo", run: () => void navigate({ to: "/settings" }) },
      { id: "pane.next", title: "Next pane", group: "goTo", keys: "F6", run: () => nextPane(1) },
      { id: "pane.previous", title: "Previous pane", group: "goTo", keys: "shift+F6", run: () => nextPane(-1) },
      ...Array.from({ length: 9 }, (_, i): StudioCommand => ({
        id: `tab.${i + 1}`,
        title: `Canvas tab ${i + 1}`,
        group: "goTo",
        keys: `g ${i + 1}`,
        single: true,
        hidden: true,
        run: () => goTab(i),
      })),
    ];
    return list;
  }, [navigate, thread, a, openPalette, openKeys]);
}

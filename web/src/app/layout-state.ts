import { useSyncExternalStore } from "react";
import { createStore } from "@/lib/external-store";
import { readStored, writeStored } from "@/lib/storage";

/** How the reader arranged the panes. Kept in this browser. */
export interface LayoutState {
  sidebarOpen: boolean;
  canvasOpen: boolean;
  canvasWide: boolean;
  phonePane: "chat" | "canvas";
  drawerOpen: boolean;
}

const layout = createStore<LayoutState>({
  sidebarOpen: readStored("velo.sidebar") !== "closed",
  canvasOpen: true,
  canvasWide: false,
  phonePane: "chat",
  drawerOpen: false,
});

export function useLayout(): LayoutState {
  return useSyncExternalStore(layout.subscribe, layout.get);
}

export function setLayout(change: Partial<LayoutState>): void {
  layout.set((current) => ({ ...current, ...change }));
  if (change.sidebarOpen !== undefined) writeStored("velo.sidebar", change.sidebarOpen ? null : "closed");
}
export const getLayout = layout.get;

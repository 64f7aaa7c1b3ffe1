import { useSyncExternalStore } from "react";
import { createStore } from "@/lib/external-store";
import { readStoredJson, writeStored } from "@/lib/storage";

export interface CanvasTab {
  id: string;
  type: string;
  title: string;
  /** Something new in it that has not been looked at. */
  dot: boolean;
}
export interface TabState {
  tabs: CanvasTab[];
  /** A fresh tab follows the newest artifact until the reader touches it. */
  following: boolean;
}

const EMPTY: TabState = { tabs: [], following: true };
const key = (threadId: string) => `velo.tabs.${threadId}`;
const isState = (value: unknown): value is TabState =>
  typeof value === "object" && value !== null && Array.isArray((value as TabState).tabs);

const states = createStore<Readonly<Record<string, TabState>>>({});

export function tabsOf(threadId: string): TabState {
  const known = states.get()[threadId];
  if (known) return known;
  const restored = { ...readStoredJson(key(threadId), isState, EMPTY), following: true };
  states.set((all) => ({ ...all, [threadId]: restored }));
  return restored;
}

function put(threadId: string, next: TabState): void {
  states.set((all) => ({ ...all, [threadId]: next }));
  writeStored(key(threadId), JSON.stringify({ ...next, tabs: next.tabs.slice(-40) }));
}

export function useTabs(threadId: string): TabState {
  const all = useSyncExternalStore(states.subscribe, states.get);
  return all[threadId] ?? readEmpty(threadId);
}
const restoredOnce = new Map<string, TabState>();
function readEmpty(threadId: string): TabState {
  const known = restoredOnce.get(threadId);
  if (known) return known;
  const restored = { ...readStoredJson(key(threadId), isState, EMPTY), following: true };
  restoredOnce.set(threadId, restored);
  return restored;
}

export function addTab(threadId: string, tab: Omit<CanvasTab, "dot">, dot: boolean): void {
  const state = tabsOf(threadId);
  const known = state.tabs.some((t) => t.id === tab.id);
  const tabs = known
    ? state.tabs.map((t) => (t.id === tab.id ? { ...t, ...tab, dot } : t))
    : [...state.tabs, { ...tab, dot }];
  put(threadId, { ...state, tabs });
}

export function seeTab(threadId: string, id: string): void {
  const state = tabsOf(threadId);
  if (!state.tabs.some((t) => t.id === id && t.dot)) return;
  put(threadId, { ...state, tabs: state.tabs.map((t) => (t.id === id ? { ...t, dot: false } : t)) });
}

/** Closes a tab and returns the one to show next, if any. */
export function closeTab(threadId: string, id: string): string | null {
  const state = tabsOf(threadId);
  const at = state.tabs.findIndex((t) => t.id === id);
  const tabs = state.tabs.filter((t) => t.id !== id);
  put(threadId, { ...state, tabs });
  return tabs[Math.max(0, Math.min(at, tabs.length - 1))]?.id ?? null;
}

export function setFollowing(threadId: string, following: boolean): void {
  const state = tabsOf(threadId);
  if (state.following !== following) put(threadId, { ...state, following });
}

import { useSyncExternalStore } from "react";
import { createStore } from "@/lib/external-store";
import { readStored, writeStored } from "@/lib/storage";
import type { ThemeName } from "@/ui/tokens";

export type ThemeChoice = "system" | ThemeName;
export type DensityChoice = "auto" | "compact" | "comfortable";
export type ZoneChoice = "utc" | "local";

export interface Appearance {
  theme: ThemeChoice;
  density: DensityChoice;
  zone: ZoneChoice;
  singleKeys: boolean;
}

function oneOf<T extends string>(value: string | null, allowed: readonly T[], fallback: T): T {
  return allowed.find((candidate) => candidate === value) ?? fallback;
}

const store = createStore<Appearance>({
  theme: oneOf(readStored("velo.theme"), ["system", "dark", "light"], "system"),
  density: oneOf(readStored("velo.density"), ["auto", "compact", "comfortable"], "auto"),
  zone: oneOf(readStored("velo.zone"), ["utc", "local"], "utc"),
  singleKeys: readStored("velo.single-keys") !== "off",
});
const resolved = createStore<ThemeName>("dark");

const prefersLight = () => matchMedia("(prefers-color-scheme: light)").matches;

function apply(): void {
  const { theme, density } = store.get();
  const name: ThemeName = theme === "system" ? (prefersLight() ? "light" : "dark") : theme;
  const coarse = matchMedia("(pointer: coarse)").matches;
  document.documentElement.dataset["theme"] = name;
  document.documentElement.dataset["density"] = density === "auto" ? (coarse ? "comfortable" : "compact") : density;
  resolved.set(name);
}

/** Called once at start; the boot script has already painted the right colours. */
export function startAppearance(): void {
  apply();
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", apply);
}

export function setAppearance(change: Partial<Appearance>): void {
  store.set((current) => ({ ...current, ...change }));
  const { theme, density, zone, singleKeys } = store.get();
  writeStored("velo.theme", theme);
  writeStored("velo.density", density);
  writeStored("velo.zone", zone);
  writeStored("velo.single-keys", singleKeys ? null : "off");
  apply();
}

export const getAppearance = store.get;
export function useAppearance(): Appearance {
  return useSyncExternalStore(store.subscribe, store.get);
}
export function useThemeName(): ThemeName {
  return useSyncExternalStore(resolved.subscribe, resolved.get);
}

export function zoneName(choice: ZoneChoice): string {
  return choice === "utc" ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone;
}
export function useZone(): string {
  return zoneName(useAppearance().zone);
}

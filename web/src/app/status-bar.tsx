import { useSyncExternalStore } from "react";
import { connectivity } from "@/api/connection";
import { queryClient } from "@/api/query-client";
import { useSystemInfo } from "@/api/system";
import { useSourceCount } from "@/app/sidebar";
import { copy } from "@/lib/copy/en";
import { formatBytes } from "@/lib/format/number";
import { setAppearance, useAppearance, useThemeName, zoneName } from "@/ui/appearance";
import { cx } from "@/ui/cx";

export function ConnectionChip() {
  const state = useSyncExternalStore(connectivity.subscribe, connectivity.get);
  if (state === "online") return null;
  return (
    <span
      role="status"
      data-testid="connection-chip"
      data-state={state}
      className={cx(
        "flex items-center gap-2 rounded-chip px-1.5",
        state === "lost" ? "bg-tint-time text-time" : "text-fg",
      )}
    >
      {state === "lost" ? copy.errors.lost : copy.errors.resumed}
      {state === "lost" && (
        <button type="button" className="underline" onClick={() => void queryClient.refetchQueries()}>
          {copy.errors.retryNow}
        </button>
      )}
    </span>
  );
}

export function StatusBar({ onKeys }: { onKeys: () => void }) {
  const system = useSystemInfo();
  const sources = useSourceCount();
  const { zone } = useAppearance();
  const theme = useThemeName();
  const memory = system.data?.engine?.memory_used_bytes;
  const up = system.isSuccess;
  const item = "rounded-chip px-1 hover:bg-hover hover:text-fg";
  return (
    <footer
      data-testid="status-bar"
      data-state={up ? "ready" : "disconnected"}
      className="num flex h-7 shrink-0 items-center gap-3 border-t border-line bg-canvas px-3 text-meta text-fg-2"
    >
      <span className="flex items-center gap-1.5">
        <span aria-hidden className={cx("h-1.5 w-1.5 rounded-full", up ? "bg-[var(--c-text-3)]" : "bg-time")} />
        {up ? copy.status.engine : copy.status.offline}
      </span>
      <span>{copy.sourceCount(sources)}</span>
      {memory !== undefined && (
        <span>
          {formatBytes(memory)} <span className="text-fg-3">{copy.status.memory}</span>
        </span>
      )}
      <span className="text-fg-3">{copy.composer.builtin}</span>
      <ConnectionChip />
      <span className="ms-auto flex items-center gap-2">
        <button
          type="button"
          className={item}
          onClick={() => setAppearance({ zone: zone === "utc" ? "local" : "utc" })}
          aria-label={`${copy.settings.timeZone}: ${zoneName(zone)}`}
        >
          {zoneName(zone)}
        </button>
        <button
          type="button"
          className={item}
          onClick={() => setAppearance({ theme: theme === "dark" ? "light" : "dark" })}
          aria-label={`${copy.settings.theme}: ${copy.settings.themes[theme]}`}
        >
          {copy.settings.themes[theme]}
        </button>
        <button type="button" className={item} onClick={onKeys} aria-label={copy.status.keys}>
          ?
        </button>
      </span>
    </footer>
  );
}

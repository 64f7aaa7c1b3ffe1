import type { ReactNode } from "react";
import { useSystemInfo } from "@/api/system";
import { copy } from "@/lib/copy/en";
import { formatBytes } from "@/lib/format/number";
import { formatDuration } from "@/lib/format/time";
import { setAppearance, useAppearance } from "@/ui/appearance";
import { Segmented } from "@/ui/segmented";
import { Keys } from "@/ui/tooltip";

export interface KeyRow {
  title: string;
  keys: string;
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="border-t border-line py-5 first:border-t-0">
      <h2 className="mb-3 text-title font-semibold">{title}</h2>
      <div className="space-y-3">{children}</div>
    </section>
  );
}

function Line({ label, children, hint }: { label: string; children: ReactNode; hint?: string }) {
  return (
    <div className="grid grid-cols-[180px_1fr] items-center gap-4 max-md:grid-cols-1 max-md:gap-1">
      <div>
        <p className="text-ui text-fg">{label}</p>
        {hint && <p className="text-meta text-fg-3">{hint}</p>}
      </div>
      <div>{children}</div>
    </div>
  );
}

export default function SettingsPage({ keys }: { keys: readonly KeyRow[] }) {
  const appearance = useAppearance();
  const system = useSystemInfo();
  const words = copy.settings;
  const info = system.data;
  return (
    <div className="h-full overflow-y-auto bg-surface" tabIndex={0} role="region" aria-label={words.title}>
      <div className="mx-auto max-w-[760px] px-6 py-6">
        <h1 className="mb-2 text-page font-semibold">{words.title}</h1>
        <Section title={words.appearance}>
          <Line label={words.theme}>
            <Segmented
              label={words.theme}
              value={appearance.theme}
              options={(["system", "dark", "light"] as const).map((value) => ({ value, label: words.themes[value] }))}
              onChange={(theme) => setAppearance({ theme })}
            />
          </Line>
          <Line label={words.density}>
            <Segmented
              label={words.density}
              value={appearance.density}
              options={(["auto", "compact", "comfortable"] as const).map((value) => ({
                value,
                label: words.densities[value],
              }))}
              onChange={(density) => setAppearance({ density })}
            />
          </Line>
          <Line label={words.timeZone}>
            <Segmented
              label={words.timeZone}
              value={appearance.zone}
              options={(["utc", "local"] as const).map((value) => ({ value, label: words.zones[value] }))}
              onChange={(zone) => setAppearance({ zone })}
            />
          </Line>
        </Section>
        <Section title={words.keyboard}>
          <Line label={words.singleKeys} hint={words.singleKeysText}>
            <input
              type="checkbox"
              aria-label={words.singleKeys}
              checked={appearance.singleKeys}
              onChange={(event) => setAppearance({ singleKeys: event.target.checked })}
              className="h-5 w-5 accent-[var(--c-accent-solid)]"
            />
          </Line>
          <ul className="grid grid-cols-2 gap-x-8 max-md:grid-cols-1">
            {keys.map((row) => (
              <li
                key={row.title}
                className="flex min-h-7 items-center justify-between gap-3 border-b border-line/60 text-ui text-fg-2"
              >
                {row.title} <Keys chord={row.keys} />
              </li>
            ))}
          </ul>
        </Section>
        <Section title={words.about}>
          <Line label={words.version}>
            <span className="code text-ui">
              {info?.version ?? "–"}
              {info?.commit ? ` (${info.commit.slice(0, 10)})` : ""}
            </span>
          </Line>
          <Line label={words.assistant}>{words.builtin}</Line>
          {info?.engine?.lanes !== undefined && (
            <Line label={words.engineLanes}>
              <span className="num">{info.engine.lanes}</span>
            </Line>
          )}
          {info?.engine?.memory_used_bytes !== undefined && (
            <Line label={words.memory}>
              <span className="num">
                {formatBytes(info.engine.memory_used_bytes)}
                {info.engine.memory_budget_bytes ? ` / ${formatBytes(info.engine.memory_budget_bytes)}` : ""}
              </span>
            </Line>
          )}
          {info?.uptime_seconds !== undefined && (
            <Line label={words.uptime}>
              <span className="num">{formatDuration(info.uptime_seconds * 1000)}</span>
            </Line>
          )}
        </Section>
      </div>
    </div>
  );
}

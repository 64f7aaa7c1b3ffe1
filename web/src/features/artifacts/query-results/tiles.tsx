import type { Tile } from "@/widgets/chart/chart-model";

/** One row of figures: each with its name, exact. */
export function Tiles({ tiles }: { tiles: readonly Tile[] }) {
  return (
    <dl
      data-testid="results-chart"
      data-kind="tiles"
      className="flex h-full flex-wrap content-center justify-center gap-12 p-6"
    >
      {tiles.map((tile) => (
        <div key={tile.label}>
          <dt className="text-meta text-fg-2">{tile.label}</dt>
          <dd className="code text-hero font-medium text-fg">{tile.text}</dd>
        </div>
      ))}
    </dl>
  );
}

import { useMemo } from "react";
import type { Change } from "@/stream/fold";
import { formatClock } from "@/lib/format/time";
import { DataGrid } from "@/widgets/data-grid/data-grid";
import type { GridColumn } from "@/widgets/data-grid/columns";

const SIGNS = { insert: "+", update: "U", delete: "−" } as const;

/** Every change in order, newest first: + new, U updated, − withdrawn. */
export function ChangelogList({
  changes,
  columns,
  zone,
}: {
  changes: readonly Change[];
  columns: readonly GridColumn[];
  zone: string;
}) {
  const grid = useMemo<GridColumn[]>(
    () => [
      { name: "\u0000op", label: "±", type: "String" },
      { name: "\u0000at", label: "seen", type: "String", dim: true },
      ...columns,
    ],
    [columns],
  );
  const rows = useMemo(
    () =>
      changes
        .slice()
        .reverse()
        .map((change) => ({
          ...change.row,
          "\u0000op": SIGNS[change.op],
          "\u0000at": formatClock(change.at, zone),
          "\u0000seq": change.seq,
        })),
    [changes, zone],
  );
  return (
    <DataGrid
      label="Changelog"
      testId="results-changelog"
      columns={grid}
      rows={rows}
      rowKey={(row) => String(row["\u0000seq"])}
    />
  );
}

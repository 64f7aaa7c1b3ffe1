import type { Row } from "@/api/types";
import { copy } from "@/lib/copy/en";
import type { GridColumn } from "@/widgets/data-grid/columns";
import { RecordView } from "@/widgets/data-grid/record-view";

const MAX_CARDS = 100;

/** Rows on a phone: one card each, newest first. */
export function ResultCards({ columns, rows }: { columns: readonly GridColumn[]; rows: readonly Row[] }) {
  const shown = rows.slice(-MAX_CARDS).reverse();
  return (
    <div
      data-testid="results-table"
      data-rows={rows.length}
      tabIndex={0}
      role="group"
      aria-label={copy.results.table}
      className="h-full overflow-y-auto"
    >
      {shown.map((row, i) => (
        <div key={i} className="border-b border-line px-4 py-2.5">
          <RecordView columns={columns} row={row} />
        </div>
      ))}
      {rows.length > MAX_CARDS && (
        <p className="p-3 text-center text-meta text-fg-3">{copy.results.first(MAX_CARDS)}</p>
      )}
    </div>
  );
}

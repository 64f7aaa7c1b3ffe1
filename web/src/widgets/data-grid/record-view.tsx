import { safeJson } from "@/lib/format/cell";
import { columnText, type GridColumn, type GridRow } from "@/widgets/data-grid/columns";

/** One record as field and value: a result of one row, an opened row, and every row on a phone. */
export function RecordView({
  columns,
  row,
  testId,
}: {
  columns: readonly GridColumn[];
  row: GridRow;
  testId?: string;
}) {
  return (
    <dl data-testid={testId} className="grid grid-cols-[minmax(96px,max-content)_1fr] gap-x-4 gap-y-1 text-meta">
      {columns.map((column) => {
        const value = row[column.name];
        const cell = columnText(column, row);
        return (
          <div key={column.name} className="contents">
            <dt className="truncate text-fg-2">{column.label ?? column.name}</dt>
            <dd
              className={cell.kind === "null" || cell.kind === "empty" ? "code text-fg-3" : "code break-words text-fg"}
            >
              {cell.kind === "nested" ? (
                <pre className="code max-h-60 overflow-auto whitespace-pre-wrap">{safeJson(value, 2)}</pre>
              ) : (
                cell.text
              )}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { compareCells, isNumericType } from "@/lib/format/cell";
import { copyText } from "@/ui/copy-text";
import { cx } from "@/ui/cx";
import { useAppearance } from "@/ui/appearance";
import { useMedia } from "@/ui/use-media";
import { GridCell } from "@/widgets/data-grid/grid-cell";
import { measureColumns, toTsv, type GridColumn, type GridRow } from "@/widgets/data-grid/columns";

interface Sort {
  name: string;
  descending: boolean;
}

export interface DataGridProps {
  label: string;
  columns: readonly GridColumn[];
  rows: readonly GridRow[];
  /** Marks cells that changed since the last repaint. Only for live tables with a key. */
  live?: boolean;
  rowKey?: (row: GridRow, index: number) => string;
  onOpen?: (row: GridRow) => void;
  rowTestId?: string;
  testId?: string;
  initialSort?: Sort | null;
  renderCell?: (row: GridRow, column: GridColumn) => ReactNode | undefined;
}

function useRowHeight(): number {
  const { density } = useAppearance();
  const coarse = useMedia("(pointer: coarse)");
  return density === "comfortable" || (density === "auto" && coarse) ? 36 : 28;
}

/** The shared table: virtual in both directions, exact values, one tab stop, arrows to move, Enter to open, Mod+C to copy. */
export function DataGrid(props: DataGridProps) {
  const { label, columns, rows, rowKey, onOpen, rowTestId, live = false } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const rowHeight = useRowHeight();
  const [sort, setSort] = useState<Sort | null>(props.initialSort ?? null);
  const [active, setActive] = useState<{ row: number; column: number } | null>(null);
  // Measured once per set of columns and once more when the first rows arrive, then frozen.
  const measuredFor = `${columns.map((c) => c.name).join("\u0000")}|${rows.length > 0}|${rows.length > 20}`;
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const layout = useMemo(() => measureColumns(columns, rows), [measuredFor]);
  const sorted = useMemo(() => {
    const type = columns.find((c) => c.name === sort?.name)?.type;
    if (!sort || type === undefined) return rows;
    const direction = sort.descending ? -1 : 1;
    return [...rows].sort((a, b) => direction * compareCells(a[sort.name], b[sort.name], type));
  }, [rows, sort, columns]);

  // eslint-disable-next-line react-hooks/incompatible-library
  const rowVirtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    initialRect: { width: 800, height: 600 },
  });
  const columnVirtual = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => layout[index]?.width ?? 100,
    overscan: 4,
    initialRect: { width: 1200, height: 600 },
  });
  const shownColumns = columnVirtual.getVirtualItems();
  const width = columnVirtual.getTotalSize();

  const onKeyDown = (event: KeyboardEvent) => {
    const mod = event.metaKey || event.ctrlKey;
    const at = active ?? { row: 0, column: 0 };
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 280) / rowHeight) - 1);
    const moves: Record<string, [row: number, column: number]> = {
      ArrowDown: [mod ? Infinity : 1, 0],
      ArrowUp: [mod ? -Infinity : -1, 0],
      ArrowRight: [0, mod ? Infinity : 1],
      ArrowLeft: [0, mod ? -Infinity : -1],
      PageDown: [page, 0],
      PageUp: [-page, 0],
      Home: [mod ? -Infinity : 0, -Infinity],
      End: [mod ? Infinity : 0, Infinity],
      j: [1, 0],
      k: [-1, 0],
    };
    const move = moves[event.key];
    const row = sorted[at.row];
    if (move && sorted.length > 0) {
      event.preventDefault();
      const clamp = (value: number, top: number) => Math.max(0, Math.min(top, value));
      const next = {
        row: active ? clamp(at.row + move[0], sorted.length - 1) : 0,
        column: active ? clamp(at.column + move[1], columns.length - 1) : 0,
      };
      setActive(next);
      rowVirtual.scrollToIndex(next.row);
      columnVirtual.scrollToIndex(next.column);
    } else if (event.key === "Enter" && row && onOpen) {
      event.preventDefault();
      onOpen(row);
    } else if (mod && event.key === "c" && active && row && !window.getSelection()?.toString()) {
      event.preventDefault();
      const column = columns[at.column];
      if (column) void copyText(toTsv([column], [row]));
    }
  };

  const cellId = (row: number, column: number) => `${id}-${row}-${column}`;
  return (
    <div
      ref={scroller}
      role="grid"
      aria-label={label}
      aria-rowcount={sorted.length + 1}
      aria-colcount={columns.length}
      aria-activedescendant={active ? cellId(active.row, active.column) : undefined}
      tabIndex={0}
      data-testid={props.testId}
      data-rows={rows.length}
      onKeyDown={onKeyDown}
      onFocus={() => setActive((current) => current ?? (sorted.length > 0 ? { row: 0, column: 0 } : null))}
      className="relative h-full min-h-0 overflow-auto overscroll-contain bg-surface focus-visible:outline-offset-[-2px]"
    >
      <div
        role="rowgroup"
        className="sticky top-0 z-10 border-b border-line bg-surface"
        style={{ width, minWidth: "100%" }}
      >
        <div role="row" aria-rowindex={1} className="relative" style={{ height: rowHeight }}>
          {shownColumns.map((item) => {
            const column = columns[item.index];
            if (!column) return null;
            const sortedHere = sort?.name === column.name ? sort : null;
            return (
              <div
                key={column.name}
                role="columnheader"
                aria-colindex={item.index + 1}
                aria-sort={sortedHere ? (sortedHere.descending ? "descending" : "ascending") : "none"}
                className="absolute top-0 h-full"
                style={{ left: item.start, width: item.size }}
              >
                <button
                  type="button"
                  tabIndex={-1}
                  title={`${column.label ?? column.name} · ${column.type}`}
                  onClick={() =>
                    setSort((current) =>
                      current?.name !== column.name
                        ? { name: column.name, descending: isNumericType(column.type) }
                        : current.descending === isNumericType(column.type)
                          ? { name: column.name, descending: !current.descending }
                          : null,
                    )
                  }
                  className={cx(
                    "flex h-full w-full items-center gap-1 px-2.5 text-meta font-medium text-fg-2 hover:bg-hover hover:text-fg",
                    isNumericType(column.type) && "justify-end",
                  )}
                >
                  <span className="truncate">{column.label ?? column.name}</span>
                  {sortedHere &&
                    (sortedHere.descending ? <ArrowDown size={12} aria-hidden /> : <ArrowUp size={12} aria-hidden />)}
                </button>
              </div>
            );
          })}
        </div>
      </div>
      <div role="rowgroup" className="relative" style={{ height: rowVirtual.getTotalSize(), width, minWidth: "100%" }}>
        {rowVirtual.getVirtualItems().map((item) => {
          const row = sorted[item.index];
          if (!row) return null;
          return (
            <div
              key={rowKey ? rowKey(row, item.index) : item.index}
              role="row"
              aria-rowindex={item.index + 2}
              data-testid={rowTestId}
              className={cx(
                "absolute inset-x-0 border-b border-line/60 hover:bg-hover",
                active?.row === item.index && "bg-hover",
                onOpen && "cursor-default",
              )}
              style={{ top: item.start, height: item.size }}
              onDoubleClick={onOpen ? () => onOpen(row) : undefined}
            >
              {shownColumns.map((cell) => {
                const column = columns[cell.index];
                if (!column) return null;
                return (
                  <GridCell
                    key={column.name}
                    id={cellId(item.index, cell.index)}
                    column={column}
                    index={cell.index}
                    row={row}
                    layout={layout[cell.index]}
                    left={cell.start}
                    width={cell.size}
                    live={live}
                    active={active?.row === item.index && active.column === cell.index}
                    onActivate={() => setActive({ row: item.index, column: cell.index })}
                  >
                    {props.renderCell?.(row, column)}
                  </GridCell>
                );
              })}
            </div>
          );
        })}
      </div>
    </div>
  );
}

import type { ReactNode } from "react";
import { cellText } from "@/lib/format/cell";
import { cx } from "@/ui/cx";
import { pointPadding, type ColumnLayout, type GridColumn } from "@/widgets/data-grid/columns";

export interface GridCellProps {
  id: string;
  column: GridColumn;
  index: number;
  value: unknown;
  layout: ColumnLayout | undefined;
  left: number;
  width: number;
  live: boolean;
  active: boolean;
  onActivate: () => void;
  children?: ReactNode;
}

export function GridCell({
  id,
  column,
  index,
  value,
  layout,
  left,
  width,
  live,
  active,
  onActivate,
  children,
}: GridCellProps) {
  const cell = cellText(value, column.type);
  const quiet = cell.kind === "null" || cell.kind === "empty";
  return (
    <div
      id={id}
      role="gridcell"
      aria-colindex={index + 1}
      onMouseDown={onActivate}
      className={cx(
        "code absolute top-0 flex h-full items-center overflow-hidden px-2.5 text-meta whitespace-pre",
        cell.kind === "number" && "justify-end",
        quiet || column.dim ? "text-fg-3" : "text-fg",
        active && "outline-1 -outline-offset-1 outline-accent",
      )}
      style={{ left, width }}
    >
      {children ?? (
        <span
          // A new text remounts the span, which replays the tint of a changed cell.
          key={live ? cell.text : undefined}
          title={cell.text.length > 24 ? cell.text : undefined}
          className={cx(
            "overflow-hidden rounded-chip text-ellipsis whitespace-pre",
            live && cell.kind === "number" && "changed",
            cell.kind === "null" && "italic",
          )}
        >
          {cell.text}
          {cell.kind === "number" && layout && pointPadding(cell.text, layout.fraction)}
        </span>
      )}
    </div>
  );
}

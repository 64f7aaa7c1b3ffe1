import { cellText, isNumericType, type CellText } from "@/lib/format/cell";

export interface GridColumn {
  name: string;
  type: string;
  label?: string;
  dim?: boolean;
  /** The text of a cell that is made of several values of its row. */
  show?: (row: GridRow) => string;
}
export type GridRow = Record<string, unknown>;

export function columnText(column: GridColumn, row: GridRow): CellText {
  return column.show ? { kind: "time", text: column.show(row) } : cellText(row[column.name], column.type);
}

const CHAR = 7.25;
const MIN_WIDTH = 64;
const MAX_WIDTH = 360;
const SAMPLE = 200;

export interface ColumnLayout {
  width: number;
  /** Digits after the point, so that decimals align on it. */
  fraction: number;
}

/** Widths measured on the first rows, then kept: columns must not move while rows arrive. */
export function measureColumns(columns: readonly GridColumn[], rows: readonly GridRow[]): ColumnLayout[] {
  return columns.map((column) => {
    let chars = (column.label ?? column.name).length + 1;
    let fraction = 0;
    for (const row of rows.slice(0, SAMPLE)) {
      const text = columnText(column, row).text;
      const point = isNumericType(column.type) && !/e/i.test(text) ? text.indexOf(".") : -1;
      if (point >= 0) fraction = Math.max(fraction, Math.min(text.length - point - 1, 8));
      chars = Math.max(chars, Math.min(text.length, 60));
    }
    return {
      width: Math.round(Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, (chars + (fraction ? 2 : 0)) * CHAR + 20))),
      fraction,
    };
  });
}

/** Trailing blanks that move the decimal point under the others. */
export function pointPadding(text: string, fraction: number): string {
  if (fraction === 0 || /e/i.test(text) || !/^-?\d/.test(text)) return "";
  const point = text.indexOf(".");
  const own = point < 0 ? -1 : text.length - point - 1;
  return " ".repeat(Math.max(0, Math.min(12, fraction - own)));
}

/** A range of cells as tab-separated text, the form spreadsheets paste. */
export function toTsv(columns: readonly GridColumn[], rows: readonly GridRow[]): string {
  const clean = (text: string) => text.replace(/[\t\r\n]+/g, " ");
  return rows
    .map((row) =>
      columns
        .map((column) => {
          const cell = columnText(column, row);
          return cell.kind === "null" || cell.kind === "empty" ? "" : clean(cell.text);
        })
        .join("\t"),
    )
    .join("\n");
}

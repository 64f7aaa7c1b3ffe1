import { instantToMs, formatClock, formatDay } from "@/lib/format/time";
import { isTimeType } from "@/lib/format/cell";

export interface ResultColumn {
  name: string;
  type: string;
  hidden?: boolean;
}
/** A column of a table; `show` makes its text from several values of the row. */
export interface TableColumn extends ResultColumn {
  label?: string;
  show?: (row: Readonly<Record<string, unknown>>) => string;
}

const WINDOW_START = "_window_start";
const WINDOW_END = "_window_end";
/** Clocks the engine adds to results. They are integers: milliseconds since 1970. */
const CLOCKS: readonly string[] = [WINDOW_START, WINDOW_END, "_event_time", "_timestamp"];

/** Columns with the engine's clocks read as the instants they are. */
export function readClocks<C extends ResultColumn>(columns: readonly C[]): C[] {
  return columns.map((c) => (CLOCKS.includes(c.name) && !isTimeType(c.type) ? { ...c, type: "DateTime" } : c));
}

/** What a table shows: no hidden columns, and of a windowed result one column that says which window a row is of. */
export function tableColumns(columns: readonly ResultColumn[], zone: string): TableColumn[] {
  const read = readClocks(columns);
  const shown = read.filter((c) => !c.hidden);
  const hidden = (name: string) => read.find((c) => c.name === name && c.hidden);
  const start = hidden(WINDOW_START);
  if (start && hidden(WINDOW_END)) {
    return [{ ...start, label: "window", show: (row) => windowText(row, zone) }, ...shown];
  }
  return shown.length > 0 ? shown : read;
}

function windowText(row: Readonly<Record<string, unknown>>, zone: string): string {
  const start = instantToMs(row[WINDOW_START]);
  const end = instantToMs(row[WINDOW_END]);
  if (!Number.isFinite(start) || !Number.isFinite(end)) return "–";
  const seconds = start % 60_000 !== 0 || end % 60_000 !== 0;
  const from = `${formatDay(start, zone)} ${formatClock(start, zone, seconds)}`;
  const sameDay = formatDay(start, zone) === formatDay(end, zone);
  return `${from} – ${sameDay ? "" : `${formatDay(end, zone)} `}${formatClock(end, zone, seconds)}`;
}

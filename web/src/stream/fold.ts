import type { Row } from "@/api/types";
import type { RowOp } from "@/stream/protocol";

/** Rows kept by this tab. The server keeps more; exports come from there. */
export const MAX_TABLE_ROWS = 20_000;
export const MAX_CHANGES = 2_000;

export interface Change {
  op: RowOp;
  row: Row;
  at: number;
  seq: number;
}

/**
 * Folds a changelog into the current table: the newest value per key, or an append-only tail when there is no key.
 * It is the single place where rows are counted, so that figures, table and chart can never disagree.
 */
export class ChangelogFold {
  keyColumns: readonly string[];
  /** Inserted, updated and deleted so far; never goes back while the page lives. */
  seen = 0;
  lastRowAt: number | null = null;
  private keyed = new Map<string, Row>();
  private tail: Row[] = [];
  private changes: Change[] = [];

  constructor(keyColumns: readonly string[] = []) {
    this.keyColumns = keyColumns;
  }

  apply(rows: readonly Row[], ops: readonly RowOp[] | undefined, at: number): void {
    rows.forEach((row, i) => this.applyOne(row, ops?.[i] ?? "insert", at));
    if (rows.length > 0) this.lastRowAt = at;
    if (this.changes.length > MAX_CHANGES * 2) this.changes = this.changes.slice(-MAX_CHANGES);
    if (this.tail.length > MAX_TABLE_ROWS * 1.25) this.tail = this.tail.slice(-MAX_TABLE_ROWS);
    for (const key of this.keyed.keys()) {
      if (this.keyed.size <= MAX_TABLE_ROWS) break;
      this.keyed.delete(key);
    }
  }

  /** Replaces everything held, after a gap. The changelog keeps what was really seen. */
  replace(rows: readonly Row[], at: number): void {
    this.keyed.clear();
    this.tail = [];
    for (const row of rows) this.put(row);
    this.seen += rows.length;
    if (rows.length > 0) this.lastRowAt = at;
  }

  reset(): void {
    this.keyed.clear();
    this.tail = [];
    this.changes = [];
    this.seen = 0;
  }

  table(): Row[] {
    return this.keyColumns.length > 0 ? [...this.keyed.values()] : this.tail.slice();
  }

  changelog(): Change[] {
    return this.changes.slice(-MAX_CHANGES);
  }

  get size(): number {
    return this.keyColumns.length > 0 ? this.keyed.size : this.tail.length;
  }

  private applyOne(row: Row, op: RowOp, at: number): void {
    this.seen += 1;
    this.changes.push({ op, row, at, seq: this.seen });
    if (op !== "delete") this.put(row);
    else if (this.keyColumns.length > 0) this.keyed.delete(this.keyOf(row));
    else this.removeFromTail(row);
  }

  private put(row: Row): void {
    if (this.keyColumns.length > 0) this.keyed.set(this.keyOf(row), row);
    else this.tail.push(row);
  }

  private removeFromTail(row: Row): void {
    const text = JSON.stringify(row);
    for (let i = this.tail.length - 1; i >= 0; i--) {
      if (JSON.stringify(this.tail[i]) === text) {
        this.tail.splice(i, 1);
        return;
      }
    }
  }

  private keyOf(row: Row): string {
    return JSON.stringify(this.keyColumns.map((name) => row[name] ?? null));
  }
}

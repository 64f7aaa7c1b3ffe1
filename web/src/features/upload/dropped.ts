/** What becomes of a file that is dropped on the studio. */
export type Dropped = { kind: "sql"; file: File } | { kind: "data"; file: File } | { kind: "unknown"; file: File };

const DATA = /\.(csv|tsv|json|jsonl|ndjson|parquet)$/i;
const SQL = /\.sql$/i;

export function readDropped(files: Iterable<File>): Dropped[] {
  return [...files].map((file) => ({
    kind: SQL.test(file.name) ? "sql" : DATA.test(file.name) ? "data" : "unknown",
    file,
  }));
}

/** Whether something dragged over the window is a file at all: text being dragged is none of our business. */
export const holdsFiles = (transfer: DataTransfer | null): boolean => transfer?.types.includes("Files") ?? false;

import type { Row } from "@/api/types";
import {
  bag,
  bags,
  columnsOf,
  isBag,
  number,
  text,
  textOrNull,
  texts,
  type ColumnShape,
} from "@/features/artifacts/guards";

export interface MessageShape {
  partition: number;
  offset: string;
  key: string | null;
  value: string;
  decoded: Row | null;
  timestampMs: number | null;
  headers: [string, string][];
  error: string | null;
}
export interface DataPreviewData {
  kind: "messages" | "rows" | "files";
  name: string;
  sourceId: string | null;
  columns: ColumnShape[];
  messages: MessageShape[];
  records: Row[];
  files: { path: string; bytes: number | null; modifiedAt: string | null }[];
  scan: { scanned: number; matched: number } | null;
  masked: string[];
}

export function readDataPreview(value: unknown): DataPreviewData | null {
  if (!isBag(value)) return null;
  const messages = bags(value["messages"]).map(readMessage);
  const records = bags(value["records"]);
  const files = bags(value["files"]).map((f) => ({
    path: text(f["path"], text(f["name"])),
    bytes: number(f["size_bytes"]),
    modifiedAt: textOrNull(f["modified_at"]),
  }));
  const stated = text(value["kind"]);
  const kind =
    stated === "files" || (stated === "" && files.length > 0)
      ? "files"
      : stated === "messages" || (stated === "" && messages.length > 0)
        ? "messages"
        : "rows";
  const scan = bag(value["scan"]);
  const scanned = number(scan["scanned"]);
  const columns = columnsOf(value["columns"]);
  const rows = kind === "messages" ? messages.map((m) => m.decoded ?? {}) : records;
  return {
    kind,
    name: text(value["name"], text(value["topic"])),
    sourceId: textOrNull(value["source_id"]),
    columns: columns.length > 0 ? columns : columnsFromRows(rows),
    messages,
    records,
    files,
    scan: scanned === null ? null : { scanned, matched: number(scan["matched"]) ?? scanned },
    masked: texts(value["masked_fields"]),
  };
}

function readMessage(value: Record<string, unknown>): MessageShape {
  const raw = value["value"];
  const decoded = value["decoded"];
  const headers = Array.isArray(value["headers"]) ? value["headers"] : [];
  return {
    partition: number(value["partition"]) ?? 0,
    // Offsets are 64-bit: number or text, shown as they came.
    offset: typeof value["offset"] === "string" ? value["offset"] : String(value["offset"] ?? ""),
    key: textOrNull(value["key"]),
    value: typeof raw === "string" ? raw : JSON.stringify(raw ?? null),
    decoded: isBag(decoded) ? decoded : isBag(raw) ? raw : parseObject(raw),
    timestampMs: number(value["timestamp_ms"]),
    headers: headers
      .filter((h): h is [string, string] => Array.isArray(h) && typeof h[0] === "string")
      .map((h) => [h[0], String(h[1] ?? "")]),
    error: textOrNull(value["error"]),
  };
}

function parseObject(raw: unknown): Row | null {
  if (typeof raw !== "string") return null;
  try {
    const value: unknown = JSON.parse(raw);
    return isBag(value) ? value : null;
  } catch {
    return null;
  }
}

function columnsFromRows(rows: readonly Row[]): ColumnShape[] {
  const names = new Set(rows.slice(0, 50).flatMap((row) => Object.keys(row)));
  return [...names].filter((name) => name !== "meta").map((name) => ({ name, type: "" }));
}

import { copy } from "@/lib/copy/en";
import { formatBytes } from "@/lib/format/number";
import { formatInstant } from "@/lib/format/time";
import type { GridColumn, GridRow } from "@/widgets/data-grid/columns";
import type { DataPreviewData } from "@/features/artifacts/data-preview/guard";

const P = "\u0000partition";
const O = "\u0000offset";
const T = "\u0000timestamp";
const K = "\u0000key";
const RAW = "\u0000raw";

/** The wall clock of a message in the chosen zone, to the millisecond. */
export function messageTime(ms: number | null, zone: string): string | null {
  if (ms === null) return null;
  const iso = new Date(ms).toISOString();
  if (zone === "UTC") return formatInstant(iso);
  const date = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" }).format(ms);
  return `${date}.${iso.slice(20, 23)}`;
}

/** One table for the three shapes of a preview. Where a record came from stands in dim columns in front. */
export function previewGrid(data: DataPreviewData, zone: string): { columns: GridColumn[]; rows: GridRow[] } {
  if (data.kind === "files") {
    return {
      columns: [
        { name: "path", label: copy.preview.path, type: "String" },
        { name: "size", label: copy.preview.size, type: "String" },
        { name: "modified", label: copy.preview.modified, type: "String", dim: true },
      ],
      rows: data.files.map((f) => ({
        path: f.path,
        size: f.bytes === null ? null : formatBytes(f.bytes),
        modified: f.modifiedAt ? formatInstant(f.modifiedAt) : null,
      })),
    };
  }
  if (data.kind === "rows") {
    return {
      columns: data.columns,
      rows: data.records.map((record) => {
        const { meta: _meta, ...row } = record;
        return row;
      }),
    };
  }
  const broken = data.messages.some((m) => m.decoded === null);
  return {
    columns: [
      { name: P, label: copy.preview.partition, type: "Integer", dim: true },
      { name: O, label: copy.preview.offset, type: "Integer", dim: true },
      { name: T, label: copy.preview.time, type: "String", dim: true },
      { name: K, label: copy.preview.key, type: "String", dim: true },
      ...data.columns,
      ...(broken ? [{ name: RAW, label: copy.preview.undecodable, type: "String" }] : []),
    ],
    rows: data.messages.map((m) => ({
      ...(m.decoded ?? Object.fromEntries(data.columns.map((c) => [c.name, null]))),
      [P]: m.partition,
      [O]: m.offset,
      [T]: messageTime(m.timestampMs, zone),
      [K]: m.key,
      ...(broken ? { [RAW]: m.decoded === null ? `${m.error ?? ""} ${m.value}`.trim() : null } : {}),
    })),
  };
}

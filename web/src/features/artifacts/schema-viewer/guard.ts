import { bag, bags, isBag, number, text, textOrNull, texts } from "@/features/artifacts/guards";

export interface FieldShape {
  name: string;
  type: string;
  nullRatio: number | null;
  distinct: number | null;
  min: unknown;
  max: unknown;
  examples: unknown[];
  roles: string[];
  widenedFrom: string | null;
  depth: number;
}
export interface TableShape {
  name: string;
  source: string;
  sourceId: string | null;
  isTopic: boolean;
  exact: boolean;
  format: string | null;
  sampled: number | null;
  failures: number;
  fields: FieldShape[];
  eventTime: string | null;
  keys: string[];
}
export interface SchemaViewerData {
  tables: TableShape[];
}

export function readSchemaViewer(value: unknown): SchemaViewerData | null {
  if (!isBag(value)) return null;
  const outer = { source_id: value["source_id"], name: value["name"] };
  const list =
    Array.isArray(value["tables"]) && value["tables"].length > 0
      ? bags(value["tables"])
      : isBag(value["schema"])
        ? [value["schema"]]
        : Array.isArray(value["columns"]) || Array.isArray(value["fields"])
          ? [value]
          : [];
  if (list.length === 0) return null;
  return { tables: list.map((table) => readTable({ ...outer, ...table })) };
}

/** Reads both forms of a schema: full columns, or the short pairs of name and type. */
export function readTable(value: Record<string, unknown>): TableShape {
  const columns = bags(value["columns"]);
  const pairs = Array.isArray(value["fields"]) ? value["fields"] : [];
  const fields = columns.length > 0 ? columns.flatMap((c) => readField(c, 0)) : pairs.flatMap(readPair);
  const times = bags(value["event_time_candidates"]);
  return {
    name: text(value["name"], text(value["topic"])),
    source: text(value["source"]),
    sourceId: textOrNull(value["source_id"]),
    isTopic: typeof value["topic"] === "string",
    exact: value["exact"] === true,
    format: textOrNull(value["format"]),
    sampled: number(value["records_sampled"]),
    failures: number(value["decode_failures"]) ?? 0,
    fields,
    eventTime: textOrNull(times[0]?.["field"]),
    keys: texts(value["key_candidates"]),
  };
}

function readPair(value: unknown): FieldShape[] {
  if (!Array.isArray(value) || typeof value[0] !== "string") return [];
  return [
    {
      name: value[0],
      type: text(value[1]),
      nullRatio: null,
      distinct: null,
      min: undefined,
      max: undefined,
      examples: [],
      roles: [],
      widenedFrom: null,
      depth: 0,
    },
  ];
}

function readField(column: Record<string, unknown>, depth: number): FieldShape[] {
  const examples = Array.isArray(column["examples"])
    ? column["examples"]
    : column["example"] !== undefined
      ? [column["example"]]
      : [];
  const widened = column["widened_from"];
  const field: FieldShape = {
    name: text(column["name"]),
    type: text(column["type"], text(column["sql_type"])),
    nullRatio: number(column["null_ratio"]),
    distinct: number(column["distinct"]),
    min: column["min"],
    max: column["max"],
    examples,
    roles: texts(column["roles"]),
    widenedFrom: Array.isArray(widened) ? texts(widened).join(", ") : textOrNull(widened),
    depth,
  };
  return [field, ...(depth < 4 ? bags(column["fields"]).flatMap((child) => readField(child, depth + 1)) : [])];
}

export const hasRange = (field: FieldShape): boolean =>
  bag(field)["min"] !== undefined && field.min !== null && field.max !== undefined && field.max !== null;

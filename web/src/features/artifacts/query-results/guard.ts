import type { Diagnosis, Row, StatementResult, Viz } from "@/api/types";
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

/** A statement of the run, with its first rows as they were. */
export type KeptStatement = StatementResult & { preview_rows: Row[] };

export interface QueryResultsData {
  /** Empty when no statement gives rows. */
  execution_id: string;
  script_id: string | null;
  statements: KeptStatement[];
  sql_artifact_id: string | null;
  sql: string | null;
  columns: ColumnShape[];
  key_columns: string[];
  viz: Viz | null;
  is_streaming: boolean;
  state: string;
  preview_rows: Row[];
  diagnosis: Diagnosis | null;
}

const STATES: readonly StatementResult["state"][] = ["waiting", "running", "done", "failed", "cancelled", "skipped"];

function statementOf(value: Record<string, unknown>): KeptStatement {
  const error = bag(value["error"]);
  return {
    number: number(value["number"]) ?? 0,
    kind: text(value["kind"]),
    name: textOrNull(value["name"]),
    state: STATES.find((state) => state === value["state"]) ?? "done",
    message: text(value["message"]),
    note: textOrNull(value["note"]),
    execution_id: textOrNull(value["execution_id"]),
    columns: columnsOf(value["columns"]),
    row_count: number(value["row_count"]) ?? 0,
    is_streaming: value["is_streaming"] === true,
    writes: value["writes"] === true,
    error:
      typeof error["message"] === "string"
        ? { code: text(error["code"]), message: error["message"], cure: textOrNull(error["cure"]) }
        : null,
    preview_rows: bags(value["preview_rows"]),
  };
}

export function readQueryResults(value: unknown): QueryResultsData | null {
  if (!isBag(value) || typeof value["execution_id"] !== "string") return null;
  const viz = bag(value["viz"]);
  const diagnosis = bag(value["diagnosis"]);
  return {
    execution_id: value["execution_id"],
    script_id: textOrNull(value["script_id"]),
    statements: bags(value["statements"]).map(statementOf),
    sql_artifact_id: textOrNull(value["sql_artifact_id"]),
    sql: textOrNull(value["sql"]),
    columns: columnsOf(value["columns"]),
    key_columns: texts(value["key_columns"]),
    viz:
      typeof viz["type"] === "string"
        ? {
            type: viz["type"],
            x: textOrNull(viz["x"]),
            y: texts(viz["y"]),
            series: textOrNull(viz["series"]),
            reason: text(viz["reason"]),
          }
        : null,
    is_streaming: value["is_streaming"] === true,
    state: text(value["state"], "finished"),
    preview_rows: bags(value["preview_rows"]),
    diagnosis:
      typeof diagnosis["text"] === "string" ? { kind: textOrNull(diagnosis["kind"]), text: diagnosis["text"] } : null,
  };
}

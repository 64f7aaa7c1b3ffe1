import type { Diagnosis, Row, Viz } from "@/api/types";
import { bag, bags, columnsOf, isBag, text, textOrNull, texts, type ColumnShape } from "@/features/artifacts/guards";

export interface QueryResultsData {
  execution_id: string;
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

export function readQueryResults(value: unknown): QueryResultsData | null {
  if (!isBag(value) || typeof value["execution_id"] !== "string") return null;
  const viz = bag(value["viz"]);
  const diagnosis = bag(value["diagnosis"]);
  return {
    execution_id: value["execution_id"],
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

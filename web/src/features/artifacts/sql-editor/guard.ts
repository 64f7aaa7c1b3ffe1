import type { Diagnostic } from "@/api/types";
import { bag, bags, columnsOf, isBag, text, textOrNull, type ColumnShape } from "@/features/artifacts/guards";

export interface Assumption {
  id: string;
  text: string;
  alternatives: { label: string; edit: string }[];
}
export interface SqlEditorData {
  sql: string;
  explanation: string;
  valid: boolean;
  checkedOn: string | null;
  diagnostics: Diagnostic[];
  outputColumns: ColumnShape[];
  assumptions: Assumption[];
  understood: { text: string; as: string }[];
}

export function readSqlEditor(value: unknown): SqlEditorData | null {
  if (!isBag(value) || typeof value["sql"] !== "string") return null;
  const validation = bag(value["validation"]);
  const sample = bag(value["sample"]);
  return {
    sql: value["sql"],
    explanation: text(value["explanation"]),
    valid: validation["valid"] !== false,
    checkedOn: textOrNull(validation["checked_on"]) ?? textOrNull(sample["from"]),
    diagnostics: bags(validation["diagnostics"])
      .filter((d) => typeof d["message"] === "string")
      .map((d) => d as unknown as Diagnostic),
    outputColumns: columnsOf(validation["output_columns"]),
    assumptions: readAssumptions(value["assumptions"]),
    understood: bags(value["understood"]).map((u) => ({ text: text(u["text"]), as: text(u["as"]) })),
  };
}

export function readAssumptions(value: unknown): Assumption[] {
  return bags(value)
    .map((a, i) => ({
      id: text(a["id"], String(i)),
      text: text(a["text"]),
      alternatives: bags(a["alternatives"]).map((b) => ({ label: text(b["label"]), edit: text(b["edit"]) })),
    }))
    .filter((a) => a.text !== "");
}

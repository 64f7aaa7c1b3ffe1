import type { Diagnostic } from "@/api/types";
import { applyByteEdits, byteToIndex } from "@/lib/text-offsets";
import type { EditorProblem } from "@/widgets/sql-editor/editor-types";

/** Server findings as marks in the text. Positions come in bytes; a finding without one marks its line. */
export function toProblems(text: string, diagnostics: readonly Diagnostic[]): EditorProblem[] {
  return diagnostics.map((d) => {
    const start =
      d.offset !== undefined
        ? byteToIndex(text, d.offset)
        : lineStart(text, d.line ?? 1) + Math.max(0, (d.column ?? 1) - 1);
    const length =
      d.offset !== undefined
        ? byteToIndex(text, d.offset + Math.max(1, d.length ?? 1)) - start
        : Math.max(1, d.length ?? 1);
    return {
      start,
      end: Math.min(text.length, start + Math.max(1, length)),
      line: d.line ?? 1,
      column: d.column ?? 1,
      severity: d.severity === "warning" || d.severity === "info" ? d.severity : "error",
      code: d.code,
      message: d.message,
      hint: d.hint ?? null,
      fixes: (d.fixes ?? [])
        .filter((fix) => (fix.edits?.length ?? 0) > 0)
        .map((fix) => ({ title: fix.title, apply: (current: string) => applyByteEdits(current, fix.edits ?? []) })),
    };
  });
}

function lineStart(text: string, line: number): number {
  let at = 0;
  for (let i = 1; i < line; i++) {
    const next = text.indexOf("\n", at);
    if (next < 0) return at;
    at = next + 1;
  }
  return at;
}

import { useMemo } from "react";
import type { Diagnostic } from "@/api/types";
import { toProblems } from "@/features/artifacts/sql-editor/problems";
import type { Run } from "@/features/artifacts/sql-editor/runs";
import { useScript } from "@/features/artifacts/query-results/use-script";
import type { EditorProblem } from "@/widgets/sql-editor/editor-types";

const NONE: EditorProblem[] = [];

/** What went wrong while the text ran, at its place, for as long as the text that ran still stands there. */
export function useRunProblems(run: Run | null, text: string): EditorProblem[] {
  const { statements } = useScript(run?.scriptId ?? null, run?.statements ?? []);
  const piece = run?.piece ?? null;
  const refused = run?.status === "refused" ? run.error : null;
  return useMemo(() => {
    if (!piece || text.slice(piece.start, piece.start + piece.text.length) !== piece.text) return NONE;
    const told: Diagnostic[] = [
      ...(refused?.diagnostics ?? []),
      ...statements.flatMap((s) => s.error?.diagnostics ?? []),
    ];
    const found = told.filter((d) => (d.length ?? 0) > 0);
    const lines = text.slice(0, piece.start).split("\n").length - 1;
    return toProblems(piece.text, found).map((p) => ({
      ...p,
      start: p.start + piece.start,
      end: p.end + piece.start,
      line: p.line + lines,
      fixes: piece.start === 0 ? p.fixes : [],
    }));
  }, [piece, text, refused, statements]);
}

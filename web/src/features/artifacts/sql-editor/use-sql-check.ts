import { useQuery, keepPreviousData } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { validateSql } from "@/api/sql";
import type { Diagnostic, ValidateResponse } from "@/api/types";
import { toProblems } from "@/features/artifacts/sql-editor/problems";
import type { EditorProblem } from "@/widgets/sql-editor/editor-types";

const QUIET_MS = 160;

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), QUIET_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

export interface SqlCheck {
  problems: EditorProblem[];
  errors: EditorProblem[];
  answer: ValidateResponse | null;
  state: "checking" | "valid" | "wrong" | "away";
}

/** Checks the text once typing rests. Marks that belong to an older text are not shown on a newer one. */
export function useSqlCheck(text: string, threadId: string | undefined): SqlCheck {
  const settled = useSettled(text);
  const check = useQuery({
    queryKey: ["validate", settled, threadId],
    enabled: settled.trim() !== "",
    staleTime: 10_000,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => validateSql(settled, { thread_id: threadId, signal }),
  });
  const fresh = settled === text && !check.isPlaceholderData;
  const found = useMemo<Diagnostic[]>(
    () => (fresh && check.data ? [...(check.data.errors ?? []), ...(check.data.warnings ?? [])] : []),
    [fresh, check.data],
  );
  const problems = useMemo(() => toProblems(settled, found), [settled, found]);
  const errors = problems.filter((p) => p.severity === "error");
  const state = check.isError
    ? "away"
    : !fresh || check.isPending
      ? "checking"
      : errors.length > 0 || check.data?.valid === false
        ? "wrong"
        : "valid";
  return { problems, errors, answer: fresh ? (check.data ?? null) : null, state };
}

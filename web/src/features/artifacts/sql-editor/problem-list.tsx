import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import { copy } from "@/lib/copy/en";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import type { EditorFix, EditorProblem } from "@/widgets/sql-editor/editor-types";

const ICONS = { error: CircleAlert, warning: TriangleAlert, info: Info };
const TONES = { error: "text-danger", warning: "text-time", info: "text-fg-2" };

/** The findings under the editor, in the same words as everywhere, each with its place and its fixes. */
export function ProblemList({
  problems,
  onReveal,
  onFix,
}: {
  problems: readonly EditorProblem[];
  onReveal: (problem: EditorProblem) => void;
  onFix: (fix: EditorFix) => void;
}) {
  return (
    <ul
      data-testid="sql-problems"
      data-rows={problems.length}
      aria-label={copy.sql.problemsLabel}
      className={cx("max-h-36 overflow-y-auto", problems.length > 0 && "border-t border-line")}
    >
      {problems.map((problem, i) => {
        const Icon = ICONS[problem.severity];
        return (
          <li
            key={`${problem.start}-${problem.code}-${i}`}
            data-code={problem.code}
            data-kind={problem.severity}
            className="flex items-start gap-2 px-3 py-1.5 text-ui"
          >
            <Icon
              size={15}
              strokeWidth={1.5}
              aria-label={problem.severity}
              className={cx("mt-[3px] shrink-0", TONES[problem.severity])}
            />
            <button
              type="button"
              onClick={() => onReveal(problem)}
              className="min-w-0 flex-1 rounded-chip hover:text-accent"
            >
              <span className="text-fg">{problem.message}</span>{" "}
              {problem.hint && <span className="text-fg-2">{problem.hint} </span>}
              <span className="code text-meta whitespace-nowrap text-fg-3">
                {problem.line}:{problem.column} · {problem.code}
              </span>
            </button>
            {problem.fixes.slice(0, 2).map((fix) => (
              <Button key={fix.title} data-testid="error-action" className="h-6" onClick={() => onFix(fix)}>
                {fix.title}
              </Button>
            ))}
          </li>
        );
      })}
    </ul>
  );
}

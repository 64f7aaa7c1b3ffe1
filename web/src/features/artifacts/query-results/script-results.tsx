import {
  ChevronDown,
  ChevronRight,
  CircleCheck,
  CircleDashed,
  CircleStop,
  CircleX,
  CornerDownRight,
  type LucideIcon,
} from "lucide-react";
import { useState } from "react";
import { toErrorBody } from "@/api/errors";
import { cancelExecution } from "@/api/executions";
import type { StatementResult } from "@/api/types";
import { copy } from "@/lib/copy/en";
import { byteToIndex } from "@/lib/text-offsets";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { ErrorBlock } from "@/ui/error-block";
import { Mark } from "@/ui/mark";
import { showToast } from "@/ui/toast";
import { SqlText } from "@/widgets/sql-text/sql-text";
import { LiveResults } from "@/features/artifacts/query-results/live-results";
import { PlanText } from "@/features/artifacts/query-results/plan-text";
import { isAtWork } from "@/features/artifacts/query-results/use-script";

const ANSWERS = ["select", "show", "describe", "explain"];

/** What is open at first: the last statement that answers with rows. */
function firstOpen(statements: readonly StatementResult[]): number | null {
  const answering = statements.filter((s) => s.execution_id && ANSWERS.includes(s.kind));
  return (answering.at(-1) ?? statements.findLast((s) => s.execution_id))?.number ?? null;
}

/** A script and what became of it: one line a statement, the rows of those that are open below theirs. */
export function ScriptResults({
  statements,
  sql,
  title,
  windowMs = null,
  onReveal,
}: {
  statements: readonly StatementResult[];
  sql: string;
  title: string;
  windowMs?: number | null;
  onReveal?: ((statement: StatementResult) => void) | undefined;
}) {
  const [chosen, setChosen] = useState<ReadonlySet<number> | null>(null);
  const first = firstOpen(statements);
  const open = chosen ?? new Set(first === null ? [] : [first]);
  const opened = statements.filter((s) => open.has(s.number) && s.execution_id).length;
  const toggle = (number: number) => {
    const next = new Set(open);
    if (!next.delete(number)) next.add(number);
    setChosen(next);
  };
  return (
    <ol
      data-testid="script-results"
      data-rows={statements.length}
      data-state={statements.some(isAtWork) ? "running" : "through"}
      aria-label={copy.script.label(title)}
      className="flex h-full flex-col overflow-y-auto"
    >
      {statements.map((statement) => (
        <StatementSection
          key={statement.number}
          statement={statement}
          sql={textOf(sql, statement)}
          title={`${title} ${statement.number}`}
          windowMs={windowMs}
          open={open.has(statement.number)}
          alone={opened === 1}
          onToggle={() => toggle(statement.number)}
          onReveal={onReveal && (() => onReveal(statement))}
        />
      ))}
    </ol>
  );
}

function textOf(sql: string, statement: StatementResult): string {
  const span = statement.span;
  if (!span) return "";
  return sql.slice(byteToIndex(sql, span.offset), byteToIndex(sql, span.offset + span.length));
}

const ICONS: Record<string, [icon: LucideIcon, tone: string]> = {
  done: [CircleCheck, "text-fg-3"],
  failed: [CircleX, "text-danger"],
  cancelled: [CircleStop, "text-fg-3"],
  skipped: [CircleDashed, "text-fg-3"],
  waiting: [CircleDashed, "text-fg-3"],
};

function StateIcon({ statement }: { statement: StatementResult }) {
  const entry = ICONS[statement.state];
  if (!entry)
    return (
      <span className="flex w-4 shrink-0 justify-center text-live">
        <Mark moving size={12} />
      </span>
    );
  const [Icon, tone] = entry;
  return (
    <Icon
      size={15}
      strokeWidth={1.5}
      aria-label={copy.script.states[statement.state]}
      className={cx("shrink-0", tone)}
    />
  );
}

/** What the line says: the sentence of the statement, else what it waits for. */
function sentenceOf(statement: StatementResult): string {
  if (statement.state === "failed") return copy.script.failed;
  if (statement.state === "skipped" || statement.state === "waiting") return copy.script.states[statement.state];
  const rows = statement.row_count ?? 0;
  if (statement.message !== "" && !(ANSWERS.includes(statement.kind) && statement.execution_id))
    return statement.message;
  if (statement.kind === "explain") return copy.script.plan;
  if (statement.state === "running" && !statement.is_streaming) return copy.script.states.running;
  return copy.rows(rows);
}

function StatementSection({
  statement,
  sql,
  title,
  windowMs,
  open,
  alone,
  onToggle,
  onReveal,
}: {
  statement: StatementResult;
  sql: string;
  title: string;
  windowMs: number | null;
  open: boolean;
  alone: boolean;
  onToggle: () => void;
  onReveal?: (() => void) | undefined;
}) {
  const executionId = statement.execution_id ?? null;
  const shows = open && executionId !== null;
  const goesOn = statement.is_streaming === true && statement.state === "running";
  const Arrow = open ? ChevronDown : ChevronRight;
  const line = sql.replace(/\s+/g, " ").trim();
  const stop = () => {
    if (executionId) cancelExecution(executionId).catch((error: unknown) => showToast(toErrorBody(error).message));
  };
  return (
    <li
      data-testid="script-statement"
      data-state={statement.state}
      data-kind={statement.kind}
      className={cx(
        "flex flex-col border-b border-line",
        shows && (alone ? "min-h-[300px] flex-1" : "h-[320px] shrink-0"),
      )}
    >
      <div className="flex min-h-9 items-center gap-2 px-3 py-1 hover:bg-hover">
        <button
          type="button"
          aria-expanded={executionId ? open : undefined}
          disabled={!executionId}
          onClick={onToggle}
          className="flex min-w-0 flex-1 items-center gap-2 rounded-chip text-start pointer-coarse:min-h-11"
        >
          <Arrow
            size={14}
            strokeWidth={1.5}
            aria-hidden
            className={cx("shrink-0 text-fg-3", !executionId && "invisible")}
          />
          <StateIcon statement={statement} />
          <span
            data-testid="script-sentence"
            className={cx(
              "num shrink-0 text-ui",
              statement.state === "failed" ? "text-danger" : "text-fg",
              !ANSWERS.includes(statement.kind) && "min-w-0 shrink truncate",
            )}
          >
            {sentenceOf(statement)}
          </span>
          <span className="code min-w-0 flex-1 truncate text-meta text-fg-3" title={line}>
            <SqlText sql={line} />
          </span>
        </button>
        {goesOn && statement.writes && (
          <Button tone="quiet" icon={CircleStop} className="h-6" onClick={stop}>
            {copy.sql.stop}
          </Button>
        )}
        {onReveal && statement.span && (
          <button
            type="button"
            title={copy.script.reveal}
            onClick={onReveal}
            className="code flex min-h-6 shrink-0 items-center gap-1 rounded-chip px-1 text-meta text-fg-3 hover:text-accent max-md:hidden"
          >
            <CornerDownRight size={12} strokeWidth={1.5} aria-hidden />
            {statement.span.line}:{statement.span.column}
          </button>
        )}
      </div>
      {statement.note && <p className="px-3 pb-2 ps-12 text-meta text-time">{statement.note}</p>}
      {statement.error && <ErrorBlock error={statement.error} className="mx-3 mb-2" />}
      {shows && !statement.error && (
        <div className="min-h-0 flex-1 border-t border-line">
          {statement.kind === "explain" ? (
            <PlanText executionId={executionId} />
          ) : (
            <LiveResults key={executionId} executionId={executionId} title={title} windowMs={windowMs} embedded />
          )}
        </div>
      )}
    </li>
  );
}

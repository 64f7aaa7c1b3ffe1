import { CircleDashed, Play, ShieldCheck, Square, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { toErrorBody } from "@/api/errors";
import { cancelScript } from "@/api/executions";
import { queryClient } from "@/api/query-client";
import type { StatementResult } from "@/api/types";
import { copy } from "@/lib/copy/en";
import { hasEnded } from "@/stream/live-view";
import { useLiveView } from "@/stream/use-live-view";
import { Button } from "@/ui/button";
import { Tag } from "@/ui/chip";
import { ErrorBlock } from "@/ui/error-block";
import { showToast } from "@/ui/toast";
import { LiveResults } from "@/features/artifacts/query-results/live-results";
import { ScriptResults } from "@/features/artifacts/query-results/script-results";
import { isAtWork, isScript, useScript } from "@/features/artifacts/query-results/use-script";
import type { Run } from "@/features/artifacts/sql-editor/runs";
import type { SqlCheck } from "@/features/artifacts/sql-editor/use-sql-check";

/** How the text was checked, in words. */
export function CheckTag({ check, checkedOn, dirty }: { check: SqlCheck; checkedOn: string | null; dirty: boolean }) {
  if (check.state === "away")
    return (
      <Tag icon={CircleDashed} data-testid="artifact-check" data-state="away">
        {copy.sql.notChecked}
      </Tag>
    );
  if (check.state === "wrong") {
    return (
      <Tag tone="danger" icon={TriangleAlert} data-testid="artifact-check" data-state="wrong">
        {copy.problems(Math.max(1, check.errors.length))}
      </Tag>
    );
  }
  if (check.state === "checking")
    return (
      <Tag icon={CircleDashed} data-testid="artifact-check" data-state="checking">
        {copy.sql.checking}
      </Tag>
    );
  return (
    <Tag
      icon={ShieldCheck}
      data-testid="artifact-check"
      data-state="valid"
      {...(check.answer?.summary ? { title: check.answer.summary } : {})}
    >
      {checkedOn && !dirty ? copy.sql.checkedOn(checkedOn) : copy.sql.checked}
    </Tag>
  );
}

interface RunButtonProps {
  run: Run | null;
  /** Several statements: the button runs them all. */
  all: boolean;
  changed: boolean;
  reason: string | null;
  onRun: () => void;
}

/** Run, and while the same text runs, Stop. */
export function RunButton({ run, all, changed, reason, onRun }: RunButtonProps) {
  const script = useScript(run?.scriptId ?? null, run?.statements ?? []);
  const start = (
    <Button
      tone="primary"
      icon={Play}
      keys={all ? "mod+shift+enter" : "mod+enter"}
      data-testid="run-button"
      reason={run?.status === "starting" ? copy.results.waiting : reason}
      onClick={onRun}
    >
      {all ? copy.sql.runAll : copy.sql.run}
    </Button>
  );
  if (run?.status !== "started") return start;
  if (run.scriptId && isScript(script.statements)) {
    const running = script.statements.some(isAtWork);
    return (
      <>
        {(!running || changed) && start}
        {running && <StopButton onStop={() => stopScript(run.scriptId ?? "")} />}
      </>
    );
  }
  const executionId = run.executionId ?? script.statements[0]?.execution_id;
  if (!executionId) return start;
  return <RunOrStop key={executionId} run={run} executionId={executionId} changed={changed} start={start} />;
}

const stopScript = (scriptId: string) =>
  void cancelScript(scriptId).then(
    (script) => queryClient.setQueryData(["script", scriptId], script),
    (error: unknown) => showToast(toErrorBody(error).message),
  );

function StopButton({ onStop }: { onStop: () => void }) {
  return (
    <Button tone="danger" icon={Square} keys="escape" data-testid="stop-button" onClick={onStop}>
      {copy.sql.stop}
    </Button>
  );
}

function RunOrStop({
  run,
  executionId,
  changed,
  start,
}: {
  run: Run;
  executionId: string;
  changed: boolean;
  start: ReactNode;
}) {
  const [view, live] = useLiveView(executionId, run.initial ?? undefined);
  const running = !hasEnded(view.state);
  return (
    <>
      {(!running || changed) && start}
      {running && <StopButton onStop={() => live.stop()} />}
    </>
  );
}

/** The run of this text below it: rows, or the reason why it was refused. */
export function RunResults({
  run,
  title,
  windowMs,
  onRunAgain,
  onReveal,
}: {
  run: Run;
  title: string;
  windowMs: number | null;
  onRunAgain: () => void;
  onReveal: (statement: StatementResult) => void;
}) {
  const script = useScript(run.scriptId, run.statements);
  if (run.status === "refused" && run.error) {
    return (
      <div className="h-full overflow-auto p-3">
        <ErrorBlock error={run.error} actions={[{ label: copy.errors.retry, run: onRunAgain }]} />
      </div>
    );
  }
  if (isScript(script.statements))
    return (
      <ScriptResults
        key={run.scriptId}
        statements={script.statements}
        sql={run.piece?.text ?? script.sql}
        title={title}
        windowMs={windowMs}
        onReveal={run.piece ? onReveal : undefined}
      />
    );
  const executionId = run.executionId ?? script.statements[0]?.execution_id;
  if (!executionId) return <div className="skeleton m-3 h-24" />;
  return (
    <LiveResults
      key={executionId}
      executionId={executionId}
      initial={run.initial ?? undefined}
      title={title}
      windowMs={windowMs}
      onRunAgain={onRunAgain}
      embedded
    />
  );
}

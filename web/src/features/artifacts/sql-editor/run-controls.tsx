import { CircleDashed, Play, ShieldCheck, Square, TriangleAlert } from "lucide-react";
import { copy } from "@/lib/copy/en";
import { hasEnded } from "@/stream/live-view";
import { useLiveView } from "@/stream/use-live-view";
import { Button } from "@/ui/button";
import { Tag } from "@/ui/chip";
import { ErrorBlock } from "@/ui/error-block";
import { LiveResults } from "@/features/artifacts/query-results/live-results";
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
  changed: boolean;
  reason: string | null;
  onRun: () => void;
}

/** Run, and while the same text runs, Stop. */
export function RunButton({ run, changed, reason, onRun }: RunButtonProps) {
  if (run?.status === "started" && run.executionId) {
    return (
      <RunOrStop
        key={run.executionId}
        run={run}
        executionId={run.executionId}
        changed={changed}
        reason={reason}
        onRun={onRun}
      />
    );
  }
  return (
    <Button
      tone="primary"
      icon={Play}
      keys="mod+enter"
      data-testid="run-button"
      reason={run?.status === "starting" ? copy.results.waiting : reason}
      onClick={onRun}
    >
      {copy.sql.run}
    </Button>
  );
}

function RunOrStop({ run, executionId, changed, reason, onRun }: RunButtonProps & { run: Run; executionId: string }) {
  const [view, live] = useLiveView(executionId, run.initial ?? undefined);
  const running = !hasEnded(view.state);
  return (
    <>
      {(!running || changed) && (
        <Button tone="primary" icon={Play} keys="mod+enter" data-testid="run-button" reason={reason} onClick={onRun}>
          {copy.sql.run}
        </Button>
      )}
      {running && (
        <Button tone="danger" icon={Square} keys="escape" data-testid="stop-button" onClick={() => live.stop()}>
          {copy.sql.stop}
        </Button>
      )}
    </>
  );
}

/** The run of this text below it: rows, or the reason why it was refused. */
export function RunResults({
  run,
  title,
  windowMs,
  onRunAgain,
}: {
  run: Run;
  title: string;
  windowMs: number | null;
  onRunAgain: () => void;
}) {
  if (run.status === "refused" && run.error) {
    return (
      <div className="h-full overflow-auto p-3">
        <ErrorBlock error={run.error} actions={[{ label: copy.errors.retry, run: onRunAgain }]} />
      </div>
    );
  }
  if (!run.executionId) return <div className="skeleton m-3 h-24" />;
  return (
    <LiveResults
      key={run.executionId}
      executionId={run.executionId}
      initial={run.initial ?? undefined}
      title={title}
      windowMs={windowMs}
      onRunAgain={onRunAgain}
      embedded
    />
  );
}

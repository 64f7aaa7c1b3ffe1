import { CircleDashed, Copy, Play, RotateCcw, Save, ShieldCheck, Square, TriangleAlert, WandSparkles } from "lucide-react";
import { useMemo, useRef } from "react";
import { Group, Panel, Separator } from "react-resizable-panels";
import { useStudioActions } from "@/api/studio-actions";
import { copy } from "@/lib/copy/en";
import { hasEnded } from "@/stream/live-view";
import { useLiveView } from "@/stream/use-live-view";
import { Button, IconButton } from "@/ui/button";
import { Tag } from "@/ui/chip";
import { copyText } from "@/ui/copy-text";
import { ErrorBlock } from "@/ui/error-block";
import { showToast } from "@/ui/toast";
import { SqlEditor } from "@/widgets/sql-editor/sql-editor";
import type { SqlEditorHandle } from "@/widgets/sql-editor/editor-types";
import type { PanelProps } from "@/features/artifacts/panel-types";
import { LiveResults } from "@/features/artifacts/query-results/live-results";
import { AssumptionChips } from "@/features/artifacts/sql-editor/assumption-chips";
import type { SqlEditorData } from "@/features/artifacts/sql-editor/guard";
import { ProblemList } from "@/features/artifacts/sql-editor/problem-list";
import { useRun, type Run } from "@/features/artifacts/sql-editor/runs";
import { sqlServices } from "@/features/artifacts/sql-editor/services";
import { useSqlCheck, type SqlCheck } from "@/features/artifacts/sql-editor/use-sql-check";
import { useSqlDocument } from "@/features/artifacts/sql-editor/use-sql-document";

function CheckTag({ check, checkedOn, dirty }: { check: SqlCheck; checkedOn: string | null; dirty: boolean }) {
  if (check.state === "away") return <Tag icon={CircleDashed} data-testid="artifact-check" data-state="away">{copy.sql.notChecked}</Tag>;
  if (check.state === "wrong") {
    return (
      <Tag tone="danger" icon={TriangleAlert} data-testid="artifact-check" data-state="wrong">
        {copy.problems(Math.max(1, check.errors.length))}
      </Tag>
    );
  }
  if (check.state === "checking") return <Tag icon={CircleDashed} data-testid="artifact-check" data-state="checking">{copy.sql.checking}</Tag>;
  return (
    <Tag icon={ShieldCheck} data-testid="artifact-check" data-state="valid" {...(check.answer?.summary ? { title: check.answer.summary } : {})}>
      {checkedOn && !dirty ? copy.sql.checkedOn(checkedOn) : copy.sql.checked}
    </Tag>
  );
}

export default function SqlEditorPanel({ artifact, data, frozen }: PanelProps<SqlEditorData>) {
  const { threadId } = useStudioActions();
  const thread = artifact.thread_id ?? threadId ?? undefined;
  const editor = useRef<SqlEditorHandle | null>(null);
  const document = useSqlDocument(artifact, data, frozen, thread);
  const check = useSqlCheck(document.sql, thread);
  const run = useRun(artifact.id);
  const services = useMemo(() => sqlServices(thread), [thread]);
  const firstError = check.state === "wrong" ? (check.errors[0]?.message ?? copy.problems(1)) : null;
  const windowMs = check.answer?.ast?.window?.size_ms ?? null;

  const runText = (sql: string) => {
    if (firstError || sql.trim() === "") return;
    void document.run(sql);
  };
  const onRun = () => runText(editor.current?.runnable() ?? document.sql);
  const fixFirst = () => {
    const fix = check.problems.find((p) => p.fixes.length > 0)?.fixes[0];
    if (fix) document.edit(fix.apply(document.sql));
  };

  const workbench = (
    <div className="flex h-full min-h-0 flex-col" data-testid="sql-editor" data-state={check.state} data-kind={document.dirty ? "edited" : "saved"}>
      <AssumptionChips artifact={artifact} understood={data.understood} assumptions={data.assumptions} />
      {data.explanation !== "" && !document.dirty && <p className="border-b border-line px-3 py-1.5 text-ui text-fg-2">{data.explanation}</p>}
      {document.conflict && (
        <div role="alert" className="flex flex-wrap items-center gap-2 border-b border-line bg-tint-time px-3 py-1.5 text-ui">
          <span className="min-w-0 flex-1">{copy.sql.elsewhere}</span>
          <Button onClick={document.keepMine}>{copy.sql.keepMine}</Button>
          <Button onClick={document.takeTheirs}>{copy.sql.takeTheirs}</Button>
        </div>
      )}
      <div className="min-h-0 flex-1 bg-inset">
        <SqlEditor
          value={document.sql}
          onChange={document.edit}
          problems={check.problems}
          services={services}
          readOnly={frozen}
          label={copy.sql.editorLabel}
          onRun={onRun}
          onRunAll={() => runText(document.sql)}
          onFormat={() => void document.format()}
          onFirstFix={fixFirst}
          onEscape={() => (window.document.activeElement instanceof HTMLElement ? window.document.activeElement.blur() : undefined)}
          handle={editor}
        />
      </div>
      <ProblemList problems={check.problems} onReveal={(p) => editor.current?.reveal(p.start, p.end)} onFix={(fix) => document.edit(fix.apply(document.sql))} />
      <div className="num flex min-h-7 items-center gap-3 border-t border-line px-3 text-meta text-fg-3">
        <span>{copy.problems(check.problems.length)}</span>
        <span className="truncate max-md:hidden">{copy.sql.tabHint}</span>
        {data.outputColumns.length > 0 && !document.dirty && (
          <span className="code ms-auto truncate">→ {data.outputColumns.map((c) => c.name).join(", ")}</span>
        )}
      </div>
    </div>
  );

  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex min-h-10 flex-wrap items-center gap-x-2 gap-y-1 border-b border-line px-3 py-1">
        <div className="flex min-w-0 flex-1 items-center gap-2 text-meta text-fg-2">
          <CheckTag check={check} checkedOn={data.checkedOn} dirty={document.dirty} />
          {document.dirty && <Tag tone="time">{copy.sql.edited}</Tag>}
          {frozen && <span className="truncate">{copy.sql.readOnlyOld}</span>}
        </div>
        {document.dirty && (
          <>
            <IconButton icon={RotateCcw} label={copy.sql.undoEdits} onClick={document.discard} />
            <Button tone="quiet" icon={Save} onClick={() => void document.save()}>
              {copy.sql.save}
            </Button>
          </>
        )}
        <IconButton
          icon={Copy}
          label={copy.sql.copySql}
          onClick={() => void copyText(document.sql).then((ok) => ok && showToast(copy.sql.copied))}
        />
        {frozen ? (
          <Button onClick={() => void document.save()}>{copy.sql.restore}</Button>
        ) : (
          <>
            <Button tone="quiet" icon={WandSparkles} keys="shift+alt+F" onClick={() => void document.format()}>
              {copy.sql.format}
            </Button>
            <RunButton run={run} reason={firstError ? copy.sql.fixFirst(firstError) : null} onRun={onRun} />
          </>
        )}
      </div>
      <div className="min-h-0 flex-1">
        {run ? (
          <Group orientation="vertical" className="h-full">
            <Panel defaultSize="46%" minSize="96px">
              {workbench}
            </Panel>
            <Separator className="h-px bg-line outline-none transition-colors hover:bg-accent focus-visible:bg-focus data-[separator=active]:bg-accent" />
            <Panel minSize="120px">
              <RunResults run={run} title={artifact.title} windowMs={windowMs} onRunAgain={onRun} />
            </Panel>
          </Group>
        ) : (
          workbench
        )}
      </div>
    </div>
  );
}

function RunButton({ run, reason, onRun }: { run: Run | null; reason: string | null; onRun: () => void }) {
  if (run?.status === "started" && run.executionId) return <RunOrStop key={run.executionId} run={run} executionId={run.executionId} reason={reason} onRun={onRun} />;
  return (
    <Button tone="primary" icon={Play} keys="mod+enter" data-testid="run-button" reason={run?.status === "starting" ? copy.results.waiting : reason} onClick={onRun}>
      {copy.sql.run}
    </Button>
  );
}

function RunOrStop({ run, executionId, reason, onRun }: { run: Run; executionId: string; reason: string | null; onRun: () => void }) {
  const [view, live] = useLiveView(executionId, run.initial ?? undefined);
  if (!hasEnded(view.state)) {
    return (
      <>
        <Button icon={Play} keys="mod+enter" data-testid="run-button" reason={reason} onClick={onRun}>
          {copy.sql.run}
        </Button>
        <Button tone="danger" icon={Square} onClick={() => live.stop()}>
          {copy.sql.stop}
        </Button>
      </>
    );
  }
  return (
    <Button tone="primary" icon={Play} keys="mod+enter" data-testid="run-button" reason={reason} onClick={onRun}>
      {copy.sql.run}
    </Button>
  );
}

function RunResults({ run, title, windowMs, onRunAgain }: { run: Run; title: string; windowMs: number | null; onRunAgain: () => void }) {
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
    />
  );
}

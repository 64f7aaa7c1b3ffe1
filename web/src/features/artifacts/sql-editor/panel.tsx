import {
  CircleDashed,
  Copy,
  Play,
  RotateCcw,
  Save,
  ShieldCheck,
  Square,
  TriangleAlert,
  WandSparkles,
} from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { Group, Panel, Separator } from "react-resizable-panels";
import { useStudioActions } from "@/api/studio-actions";
import { copy } from "@/lib/copy/en";
import { hasEnded } from "@/stream/live-view";
import { liveView, useLiveView } from "@/stream/use-live-view";
import { Button, IconButton } from "@/ui/button";
import { Tag } from "@/ui/chip";
import { copyText } from "@/ui/copy-text";
import { ErrorBlock } from "@/ui/error-block";
import { Segmented } from "@/ui/segmented";
import { showToast } from "@/ui/toast";
import { usePhone } from "@/ui/use-media";
import { SqlEditor } from "@/widgets/sql-editor/sql-editor";
import type { SqlEditorHandle } from "@/widgets/sql-editor/editor-types";
import { ServerActions } from "@/features/artifacts/server-actions";
import { PanelFrame } from "@/features/artifacts/panel-frame";
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

export default function SqlEditorPanel({ artifact, data, frozen }: PanelProps<SqlEditorData>) {
  const { threadId } = useStudioActions();
  const thread = artifact.thread_id ?? threadId ?? undefined;
  const editor = useRef<SqlEditorHandle | null>(null);
  const document = useSqlDocument(artifact, data, frozen, thread);
  const check = useSqlCheck(document.sql, thread);
  const run = useRun(artifact.id);
  const services = useMemo(() => sqlServices(thread), [thread]);
  const firstError = check.state === "wrong" ? (check.errors[0]?.message ?? copy.problems(1)) : null;
  const phone = usePhone();
  const [phoneView, setPhoneView] = useState<"sql" | "results">("results");
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

  // Escape: first stops what runs, then leaves the editor.
  const leaveEditor = () => {
    const view = run?.executionId ? liveView(run.executionId, run.initial ?? undefined) : null;
    if (view && !hasEnded(view.get().state)) view.stop();
    else window.document.getElementById("canvas")?.focus();
  };

  const workbench = (
    <div
      className="flex h-full min-h-0 flex-col"
      data-testid="sql-editor"
      data-state={check.state}
      data-kind={document.dirty ? "edited" : "saved"}
    >
      <AssumptionChips artifact={artifact} understood={data.understood} assumptions={data.assumptions} />
      {data.explanation !== "" && !document.dirty && (
        <p className="border-b border-line px-3 py-1.5 text-ui text-fg-2">{data.explanation}</p>
      )}
      {document.conflict && (
        <div
          role="alert"
          className="flex flex-wrap items-center gap-2 border-b border-line bg-tint-time px-3 py-1.5 text-ui"
        >
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
          onEscape={leaveEditor}
          handle={editor}
        />
      </div>
      <ProblemList
        problems={check.problems}
        onReveal={(p) => editor.current?.reveal(p.start, p.end)}
        onFix={(fix) => document.edit(fix.apply(document.sql))}
      />
      <div className="num flex min-h-7 items-center gap-3 border-t border-line px-3 text-meta text-fg-3">
        <span>{copy.problems(check.problems.length)}</span>
        <span className="truncate max-md:hidden">{copy.sql.tabHint}</span>
        {data.outputColumns.length > 0 && !document.dirty && (
          <span className="code ms-auto truncate">→ {data.outputColumns.map((c) => c.name).join(", ")}</span>
        )}
      </div>
    </div>
  );

  const results = run && <RunResults run={run} title={artifact.title} windowMs={windowMs} onRunAgain={onRun} />;
  return (
    <PanelFrame
      facts={
        <>
          <CheckTag check={check} checkedOn={data.checkedOn} dirty={document.dirty} />
          {document.dirty && <Tag tone="time">{copy.sql.edited}</Tag>}
          {frozen && <span className="truncate">{copy.sql.readOnlyOld}</span>}
          {phone && run && (
            <Segmented
              label={copy.results.views}
              value={phoneView}
              options={[
                { value: "sql", label: "SQL" },
                { value: "results", label: copy.sql.results },
              ]}
              onChange={setPhoneView}
            />
          )}
        </>
      }
      actions={
        <>
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
              {!document.dirty && <ServerActions artifact={artifact} ids={["explain"]} />}
              <IconButton
                icon={WandSparkles}
                label={copy.sql.format}
                keys="shift+alt+F"
                onClick={() => void document.format()}
              />
              <RunButton
                run={run}
                changed={document.dirty}
                reason={firstError ? copy.sql.fixFirst(firstError) : null}
                onRun={onRun}
              />
            </>
          )}
        </>
      }
    >
      {!results ? (
        workbench
      ) : phone ? (
        phoneView === "sql" ? (
          workbench
        ) : (
          results
        )
      ) : (
        <Group orientation="vertical" className="h-full">
          <Panel defaultSize="46%" minSize="96px">
            {workbench}
          </Panel>
          <Separator
            aria-label={copy.sql.results}
            className="h-px bg-line outline-none transition-colors duration-[120ms] hover:bg-accent focus-visible:bg-focus data-[separator=active]:bg-accent"
          />
          <Panel minSize="120px">{results}</Panel>
        </Group>
      )}
    </PanelFrame>
  );
}

interface RunButtonProps {
  run: Run | null;
  changed: boolean;
  reason: string | null;
  onRun: () => void;
}

/** Run, and while the same text runs, Stop. */
function RunButton({ run, changed, reason, onRun }: RunButtonProps) {
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

function RunResults({
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

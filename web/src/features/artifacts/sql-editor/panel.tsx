import { Copy, RotateCcw, Save, WandSparkles } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { Group, Panel, Separator } from "react-resizable-panels";
import { useStudioActions } from "@/api/studio-actions";
import type { StatementResult } from "@/api/types";
import { copy } from "@/lib/copy/en";
import { byteToIndex } from "@/lib/text-offsets";
import type { TextPiece } from "@/lib/velosql-tokens";
import { hasEnded } from "@/stream/live-view";
import { liveView } from "@/stream/use-live-view";
import { Button, IconButton } from "@/ui/button";
import { Tag } from "@/ui/chip";
import { copyText } from "@/ui/copy-text";
import { Segmented } from "@/ui/segmented";
import { showToast } from "@/ui/toast";
import { usePhone } from "@/ui/use-media";
import { SqlEditor } from "@/widgets/sql-editor/sql-editor";
import type { SqlEditorHandle } from "@/widgets/sql-editor/editor-types";
import { ServerActions } from "@/features/artifacts/server-actions";
import { PanelFrame } from "@/features/artifacts/panel-frame";
import type { PanelProps } from "@/features/artifacts/panel-types";
import { AssumptionChips } from "@/features/artifacts/sql-editor/assumption-chips";
import type { SqlEditorData } from "@/features/artifacts/sql-editor/guard";
import { ProblemList } from "@/features/artifacts/sql-editor/problem-list";
import { CheckTag, RunButton, RunResults } from "@/features/artifacts/sql-editor/run-controls";
import { useRun } from "@/features/artifacts/sql-editor/runs";
import { sqlServices } from "@/features/artifacts/sql-editor/services";
import { useSqlCheck } from "@/features/artifacts/sql-editor/use-sql-check";
import { useRunProblems } from "@/features/artifacts/sql-editor/use-run-problems";
import { useSqlDocument } from "@/features/artifacts/sql-editor/use-sql-document";

export default function SqlEditorPanel({ artifact, data, frozen }: PanelProps<SqlEditorData>) {
  const { threadId } = useStudioActions();
  const thread = artifact.thread_id ?? threadId ?? undefined;
  const editor = useRef<SqlEditorHandle | null>(null);
  const document = useSqlDocument(artifact, data, frozen, thread);
  const check = useSqlCheck(document.sql, thread);
  const run = useRun(artifact.id);
  const failures = useRunProblems(run, document.sql);
  const problems = useMemo(() => [...check.problems, ...failures], [check.problems, failures]);
  const services = useMemo(() => sqlServices(thread), [thread]);
  const firstError = check.state === "wrong" ? (check.errors[0]?.message ?? copy.problems(1)) : null;
  const phone = usePhone();
  const [phoneView, setPhoneView] = useState<"sql" | "results">("results");
  const windowMs = check.answer?.ast?.window?.size_ms ?? null;

  const several = (check.answer?.statements?.length ?? 1) > 1;
  const whole = (): TextPiece => ({ text: document.sql, start: 0 });

  const runPiece = (piece: TextPiece) => {
    const end = piece.start + piece.text.length;
    const broken = check.errors.some((p) => p.start < end && p.end >= piece.start);
    if (broken || piece.text.trim() === "") return;
    void document.run(piece);
  };
  const onRun = () => runPiece(editor.current?.selection() ?? editor.current?.statement() ?? whole());
  // The button says what it does: with several statements it runs them all.
  const onButton = () => runPiece(editor.current?.selection() ?? whole());
  const onReveal = (statement: StatementResult) => {
    if (!run?.piece || !statement.span) return;
    const { text, start } = run.piece;
    const { offset, length } = statement.span;
    editor.current?.reveal(start + byteToIndex(text, offset), start + byteToIndex(text, offset + length));
  };
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
          problems={problems}
          services={services}
          readOnly={frozen}
          label={copy.sql.editorLabel}
          onRun={onRun}
          onRunAll={() => runPiece(whole())}
          onFormat={() => void document.format()}
          onFirstFix={fixFirst}
          onEscape={leaveEditor}
          handle={editor}
        />
      </div>
      <ProblemList
        problems={problems}
        onReveal={(p) => editor.current?.reveal(p.start, p.end)}
        onFix={(fix) => document.edit(fix.apply(document.sql))}
      />
      <div className="num flex min-h-7 items-center gap-3 border-t border-line px-3 text-meta text-fg-3">
        <span className="shrink-0 whitespace-nowrap">{copy.problems(problems.length)}</span>
        <span className="truncate max-md:hidden">{copy.sql.tabHint}</span>
        {data.outputColumns.length > 0 && !document.dirty && (
          <span className="code ms-auto truncate">→ {data.outputColumns.map((c) => c.name).join(", ")}</span>
        )}
      </div>
    </div>
  );

  const results = run && (
    <RunResults run={run} title={artifact.title} windowMs={windowMs} onRunAgain={onButton} onReveal={onReveal} />
  );
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
                all={several}
                changed={document.dirty}
                reason={firstError ? copy.sql.fixFirst(firstError) : null}
                onRun={onButton}
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

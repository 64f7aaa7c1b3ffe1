import { useState } from "react";
import { executeSql } from "@/api/executions";
import { toErrorBody } from "@/api/errors";
import { useStudioActions } from "@/api/studio-actions";
import type { ApiErrorBody, ExecuteResponse } from "@/api/types";
import { copy } from "@/lib/copy/en";
import { tableColumns } from "@/lib/result-columns";
import { useLiveView } from "@/stream/use-live-view";
import { useZone } from "@/ui/appearance";
import { ErrorBlock } from "@/ui/error-block";
import { DataGrid } from "@/widgets/data-grid/data-grid";
import { SqlText } from "@/widgets/sql-text/sql-text";
import type { KeptStatement, QueryResultsData } from "@/features/artifacts/query-results/guard";
import { LiveResults } from "@/features/artifacts/query-results/live-results";
import { ScriptResults } from "@/features/artifacts/query-results/script-results";
import { isScript, useScript } from "@/features/artifacts/query-results/use-script";
import type { PanelProps } from "@/features/artifacts/panel-types";

export default function QueryResultsPanel({ artifact, data }: PanelProps<QueryResultsData>) {
  const { threadId } = useStudioActions();
  const [rerun, setRerun] = useState<ExecuteResponse | null>(null);
  const [error, setError] = useState<ApiErrorBody | null>(null);
  const script = useScript(
    rerun ? (rerun.script_id ?? null) : data.script_id,
    rerun ? (rerun.statements ?? []) : data.statements,
  );
  const executionId = rerun?.execution_id ?? data.execution_id;
  const sql = data.sql;
  const thread = artifact.thread_id ?? threadId;
  const runAgain = sql
    ? () => {
        setError(null);
        executeSql({
          sql,
          options: { changelog: true },
          ...(data.sql_artifact_id ? { artifact_id: data.sql_artifact_id } : {}),
          ...(thread ? { thread_id: thread } : {}),
        }).then(setRerun, (reason: unknown) => setError(toErrorBody(reason)));
      }
    : undefined;
  return (
    <div className="flex h-full min-h-0 flex-col">
      {sql && (
        <details className="border-b border-line">
          <summary className="code cursor-pointer truncate px-3 py-1.5 text-meta text-fg-2">
            <SqlText sql={sql.replace(/\s+/g, " ")} />
          </summary>
          <pre className="code max-h-40 overflow-auto bg-inset px-3 py-2 text-meta">
            <SqlText sql={sql} />
          </pre>
        </details>
      )}
      {error && <ErrorBlock error={error} className="m-3" />}
      <div className="min-h-0 flex-1">
        {script.gone && !rerun && isScript(data.statements) ? (
          <FrozenScript statements={data.statements} title={artifact.title} onRunAgain={runAgain} />
        ) : isScript(script.statements) ? (
          <ScriptResults statements={script.statements} sql={sql ?? ""} title={artifact.title} />
        ) : executionId !== "" ? (
          <SingleResults
            key={executionId}
            executionId={executionId}
            initial={rerun ?? undefined}
            title={artifact.title}
            data={data}
            onRunAgain={runAgain}
          />
        ) : null}
      </div>
    </div>
  );
}

/** The rows of one query: live, kept by the studio, or the first ones as the artifact has them. */
function SingleResults({
  executionId,
  initial,
  title,
  data,
  onRunAgain,
}: {
  executionId: string;
  initial: ExecuteResponse | undefined;
  title: string;
  data: QueryResultsData;
  onRunAgain: (() => void) | undefined;
}) {
  const [view] = useLiveView(executionId, initial);
  if (view.state !== "expired" || data.preview_rows.length === 0)
    return <LiveResults executionId={executionId} title={title} onRunAgain={onRunAgain} />;
  return <FrozenRows title={title} columns={data.columns} rows={data.preview_rows} onRunAgain={onRunAgain} />;
}

function FrozenNote({ onRunAgain }: { onRunAgain: (() => void) | undefined }) {
  return (
    <p className="flex items-center gap-3 border-b border-line px-3 py-1.5 text-meta text-fg-2">
      {copy.results.frozen}
      {onRunAgain && (
        <button type="button" className="min-h-6 text-accent hover:underline" onClick={onRunAgain}>
          {copy.results.runAgain}
        </button>
      )}
    </p>
  );
}

function FrozenRows({
  title,
  columns,
  rows,
  onRunAgain,
}: {
  title: string;
  columns: QueryResultsData["columns"];
  rows: QueryResultsData["preview_rows"];
  onRunAgain: (() => void) | undefined;
}) {
  const zone = useZone();
  return (
    <div className="flex h-full flex-col" data-testid="query-results" data-state="stale" data-rows={rows.length}>
      <FrozenNote onRunAgain={onRunAgain} />
      <div className="min-h-0 flex-1">
        <DataGrid label={`${title}, rows`} testId="results-table" columns={tableColumns(columns, zone)} rows={rows} />
      </div>
    </div>
  );
}

/** What a script gave, when nothing of the run is left: the sentences, and the first rows of its last result. */
function FrozenScript({
  statements,
  title,
  onRunAgain,
}: {
  statements: readonly KeptStatement[];
  title: string;
  onRunAgain: (() => void) | undefined;
}) {
  const zone = useZone();
  const last = statements.findLast((s) => s.preview_rows.length > 0);
  return (
    <div className="flex h-full flex-col" data-testid="script-results" data-state="stale" data-rows={statements.length}>
      <FrozenNote onRunAgain={onRunAgain} />
      <ol className="max-h-[40%] overflow-y-auto border-b border-line">
        {statements.map((statement) => (
          <li key={statement.number} className="num flex gap-3 px-3 py-1 text-ui">
            <span className="text-fg-3">{statement.number}</span>
            <span>{statement.message || copy.rows(statement.row_count ?? 0)}</span>
          </li>
        ))}
      </ol>
      {last && (
        <div className="min-h-0 flex-1">
          <DataGrid
            label={`${title}, rows`}
            testId="results-table"
            columns={tableColumns(last.columns ?? [], zone)}
            rows={last.preview_rows}
          />
        </div>
      )}
    </div>
  );
}

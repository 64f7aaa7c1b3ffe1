import { useState } from "react";
import { executeSql } from "@/api/executions";
import { toErrorBody } from "@/api/errors";
import type { ApiErrorBody, ExecuteResponse } from "@/api/types";
import { copy } from "@/lib/copy/en";
import { tableColumns } from "@/lib/result-columns";
import { useLiveView } from "@/stream/use-live-view";
import { useZone } from "@/ui/appearance";
import { ErrorBlock } from "@/ui/error-block";
import { DataGrid } from "@/widgets/data-grid/data-grid";
import { SqlText } from "@/widgets/sql-text/sql-text";
import { LiveResults } from "@/features/artifacts/query-results/live-results";
import type { QueryResultsData } from "@/features/artifacts/query-results/guard";
import type { PanelProps } from "@/features/artifacts/panel-types";

export default function QueryResultsPanel({ artifact, data }: PanelProps<QueryResultsData>) {
  const [rerun, setRerun] = useState<ExecuteResponse | null>(null);
  const [error, setError] = useState<ApiErrorBody | null>(null);
  const zone = useZone();
  const executionId = rerun?.execution_id ?? data.execution_id;
  const [view] = useLiveView(executionId, rerun ?? undefined);
  const sql = data.sql;
  const runAgain = sql
    ? () => {
        setError(null);
        executeSql({ sql, options: { changelog: true } }).then(setRerun, (reason: unknown) =>
          setError(toErrorBody(reason)),
        );
      }
    : undefined;
  const frozen = view.state === "expired" && data.preview_rows.length > 0;
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
        {frozen ? (
          <div
            className="flex h-full flex-col"
            data-testid="query-results"
            data-state="stale"
            data-rows={data.preview_rows.length}
          >
            <p className="flex items-center gap-3 border-b border-line px-3 py-1.5 text-meta text-fg-2">
              {copy.results.frozen}
              {runAgain && (
                <button type="button" className="min-h-6 text-accent hover:underline" onClick={runAgain}>
                  {copy.results.runAgain}
                </button>
              )}
            </p>
            <div className="min-h-0 flex-1">
              <DataGrid
                label={`${artifact.title}, rows`}
                testId="results-table"
                columns={tableColumns(data.columns, zone)}
                rows={data.preview_rows}
              />
            </div>
          </div>
        ) : (
          <LiveResults key={executionId} executionId={executionId} title={artifact.title} onRunAgain={runAgain} />
        )}
      </div>
    </div>
  );
}

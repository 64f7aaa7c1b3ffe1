import { useQuery } from "@tanstack/react-query";
import { getExecution } from "@/api/executions";
import type { OperatorFigures, SetAside } from "@/api/types";
import { copy } from "@/lib/copy/en";
import { formatCount } from "@/lib/format/number";
import { Dialog } from "@/ui/dialog";
import { cx } from "@/ui/cx";

/** Where the rows of a run went: step by step, and the newest records that came too late or could not be read. */
export function RowPaths({
  executionId,
  open,
  running,
  onClose,
}: {
  executionId: string;
  open: boolean;
  running: boolean;
  onClose: () => void;
}) {
  const execution = useQuery({
    queryKey: ["row-paths", executionId],
    enabled: open,
    staleTime: 0,
    refetchInterval: open && running ? 1000 : false,
    queryFn: ({ signal }) => getExecution(executionId, signal),
  });
  const { operators = [], late_records = [], bad_records = [], warnings = [] } = execution.data ?? {};
  const words = copy.paths;
  const nothing = operators.length + late_records.length + bad_records.length === 0;
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={words.title}
      closeLabel={copy.shortcuts.close}
      testId="row-paths"
      className="w-[min(92vw,760px)]"
    >
      {execution.isSuccess && nothing && <p className="text-ui text-fg-2">{words.none}</p>}
      {operators.length > 0 && <Steps operators={operators} />}
      {warnings.map((warning) => (
        <p key={warning.code + warning.message} className="mt-3 text-ui text-time">
          {warning.message} <span className="code text-meta text-fg-3">{warning.code}</span>
        </p>
      ))}
      <Records title={words.late} records={late_records} />
      <Records title={words.bad} records={bad_records} />
    </Dialog>
  );
}

function Steps({ operators }: { operators: readonly OperatorFigures[] }) {
  const words = copy.paths;
  const losses: [key: "rows_filtered" | "rows_late" | "rows_bad" | "rows_held", label: string][] = [
    ["rows_filtered", words.filtered],
    ["rows_late", words.lateShort],
    ["rows_bad", words.badShort],
    ["rows_held", words.held],
  ];
  const shown = losses.filter(([key]) => operators.some((step) => (step[key] ?? 0) > 0));
  const cell = "py-1 ps-4 text-end whitespace-nowrap";
  return (
    <div className="overflow-x-auto">
      <table className="num w-full text-ui" data-testid="row-steps">
        <thead className="text-meta text-fg-3">
          <tr>
            <th className="py-1 text-start font-normal">{words.step}</th>
            <th className={cx(cell, "font-normal")}>{words.in}</th>
            {shown.map(([key, label]) => (
              <th key={key} className={cx(cell, "font-normal")}>
                {label}
              </th>
            ))}
            <th className={cx(cell, "font-normal")}>{words.out}</th>
          </tr>
        </thead>
        <tbody>
          {operators.map((step, i) => (
            <tr key={i} className="border-t border-line align-top">
              <td className="code max-w-[360px] py-1 text-meta break-words text-fg">{step.name}</td>
              <td className={cell}>{formatCount(step.rows_in)}</td>
              {shown.map(([key]) => (
                <td key={key} className={cx(cell, (step[key] ?? 0) > 0 ? "text-time" : "text-fg-3")}>
                  {formatCount(step[key] ?? 0)}
                </td>
              ))}
              <td className={cell}>{formatCount(step.rows_out)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Records({ title, records }: { title: string; records: readonly SetAside[] }) {
  if (records.length === 0) return null;
  return (
    <section className="mt-4">
      <h3 className="text-ui font-medium">{title}</h3>
      <ul>
        {records.map((record, i) => (
          <li key={i} className="border-b border-line py-1.5 last:border-0" data-testid="set-aside">
            <p className="text-ui text-fg-2">
              {record.reason}
              {placeOf(record) && <span className="code ms-2 text-meta text-fg-3">{placeOf(record)}</span>}
            </p>
            <pre className="code mt-0.5 overflow-x-auto text-meta whitespace-pre-wrap text-fg">{record.raw}</pre>
          </li>
        ))}
      </ul>
    </section>
  );
}

function placeOf(record: SetAside): string {
  const line = (record.line ?? 0) > 0 ? `:${record.line}` : "";
  return record.where ? `${record.where}${line}` : "";
}

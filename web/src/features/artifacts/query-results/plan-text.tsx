import { copy } from "@/lib/copy/en";
import { cellText } from "@/lib/format/cell";
import { useLiveView } from "@/stream/use-live-view";

/** EXPLAIN answers with lines of text: shown as the text they are. */
export function PlanText({ executionId }: { executionId: string }) {
  const [view] = useLiveView(executionId);
  const name = view.columns[0]?.name ?? "plan";
  const lines = view.rows.map((row) => cellText(row[name], "String").text);
  return (
    <pre
      data-testid="plan-text"
      tabIndex={0}
      aria-label={copy.script.plan}
      className="code h-full overflow-auto bg-inset p-3 text-meta leading-5 whitespace-pre-wrap text-fg-2"
    >
      {lines.join("\n")}
    </pre>
  );
}

import type { Diagnosis } from "@/api/types";
import { useStudioActions } from "@/api/studio-actions";
import { copy } from "@/lib/copy/en";
import { formatCount } from "@/lib/format/number";
import { hasEnded, type LiveSnapshot } from "@/stream/live-view";
import { Button } from "@/ui/button";
import { EmptyState } from "@/ui/empty-state";

/** Silence explained: what came in, and the first reason in words why nothing came out. */
export function WhyNoRows({ view, diagnosis }: { view: LiveSnapshot; diagnosis: Diagnosis | null }) {
  const { act } = useStudioActions();
  const ended = hasEnded(view.state);
  const rowsIn = view.metadata.rows_in;
  return (
    <div data-testid="why-no-rows" data-kind={diagnosis?.kind ?? "none"} className="h-full">
      <EmptyState
        moving={!ended}
        title={ended ? copy.results.noRowsDone : copy.results.noRows}
        text={diagnosis?.text ?? (ended ? copy.results.noRowsDoneText : copy.results.noRowsWait)}
      >
        {rowsIn !== undefined && (
          <p className="num w-full text-meta text-fg-3">
            {formatCount(rowsIn)} {copy.results.rowsIn} → 0 {copy.results.rowsOut}
          </p>
        )}
        {diagnosis?.actions?.slice(0, 3).map((action) => (
          <Button key={action.label} onClick={() => act(action.tool, action.arguments ?? {})}>
            {action.label}
          </Button>
        ))}
      </EmptyState>
    </div>
  );
}

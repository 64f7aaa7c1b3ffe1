import { Check, ChevronRight, CircleAlert, CircleSlash } from "lucide-react";
import { useState } from "react";
import { copy, toolPhrase } from "@/lib/copy/en";
import { safeJson } from "@/lib/format/cell";
import { formatDuration } from "@/lib/format/time";
import { cx } from "@/ui/cx";
import { Mark } from "@/ui/mark";
import type { TurnFacts } from "@/features/chat/chat-store";
import type { ToolView } from "@/features/chat/messages";

const FOLD_ABOVE = 3;

function durationOf(tool: ToolView, facts: TurnFacts): number | null {
  const output = tool.output as { duration_ms?: unknown } | null | undefined;
  if (typeof output?.duration_ms === "number") return output.duration_ms;
  const seen = facts.tools[tool.callId];
  return seen?.to ? seen.to - seen.from : null;
}

function StateIcon({ state }: { state: ToolView["state"] }) {
  if (state === "running") return <Mark moving size={13} />;
  if (state === "failed")
    return <CircleAlert size={14} strokeWidth={1.5} aria-label="failed" className="text-danger" />;
  if (state === "denied")
    return <CircleSlash size={14} strokeWidth={1.5} aria-label="not approved" className="text-fg-3" />;
  return <Check size={14} strokeWidth={1.75} aria-label="done" className="text-fg-3" />;
}

function ToolRow({ tool, facts }: { tool: ToolView; facts: TurnFacts }) {
  // A failed row opens itself; the reader may still close it.
  const [toggled, setToggled] = useState<boolean | null>(null);
  const open = toggled ?? tool.state === "failed";
  const ms = durationOf(tool, facts);
  return (
    <div
      data-testid="tool-row"
      data-tool={tool.tool}
      data-status={tool.state}
      role="group"
      aria-label={toolPhrase(tool.tool, tool.input, tool.state === "running")}
    >
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setToggled(!open)}
        className="grid min-h-6 w-full grid-cols-[14px_minmax(0,1fr)_auto_auto_14px] items-center gap-2 rounded-chip text-meta text-fg-2 hover:bg-hover hover:text-fg pointer-coarse:min-h-11"
      >
        <ChevronRight
          size={13}
          strokeWidth={1.5}
          aria-hidden
          className={cx("transition-transform duration-[120ms]", open && "rotate-90")}
        />
        <span className="truncate">{toolPhrase(tool.tool, tool.input, tool.state === "running")}</span>
        <span className="num max-w-40 truncate text-fg-3">{tool.summary}</span>
        <span className="num text-fg-3">{ms === null ? "" : formatDuration(ms)}</span>
        <StateIcon state={tool.state} />
      </button>
      {open && (
        <div className="mt-1 mb-2 ms-5 space-y-2 border-s border-line ps-3 text-meta">
          {tool.errorText && <p className="text-danger">{tool.errorText.replace(/^[A-Z_0-9]+: /, "")}</p>}
          <div>
            <p className="text-fg-3">{copy.chat.arguments}</p>
            <pre className="code max-h-40 overflow-auto whitespace-pre-wrap text-fg-2">
              {safeJson(tool.input ?? {}, 1)}
            </pre>
          </div>
          {tool.output !== undefined && (
            <div>
              <p className="text-fg-3">{copy.chat.result}</p>
              <pre tabIndex={0} className="code max-h-48 overflow-auto whitespace-pre-wrap text-fg-2">
                {safeJson(tool.output, 1).slice(0, 4000)}
              </pre>
            </div>
          )}
        </div>
      )}
    </div>
  );
}

export function ToolRows({ tools, facts }: { tools: readonly ToolView[]; facts: TurnFacts }) {
  const settled = tools.every((t) => t.state === "done");
  const [unfolded, setUnfolded] = useState(false);
  if (settled && tools.length > FOLD_ABOVE && !unfolded) {
    const total = tools.reduce((sum, t) => sum + (durationOf(t, facts) ?? 0), 0);
    return (
      <button
        type="button"
        data-testid="tool-group"
        aria-expanded={false}
        onClick={() => setUnfolded(true)}
        className="flex min-h-6 w-full items-center gap-2 rounded-chip text-meta text-fg-2 hover:bg-hover"
      >
        <ChevronRight size={13} strokeWidth={1.5} aria-hidden />
        <span className="flex-1">{copy.steps(tools.length)}</span>
        <span className="num text-fg-3">{total > 0 ? formatDuration(total) : ""}</span>
        <Check size={14} strokeWidth={1.75} aria-label="done" className="text-fg-3" />
      </button>
    );
  }
  return (
    <div className="space-y-px">
      {tools.map((tool, i) => (
        <ToolRow key={tool.callId || i} tool={tool} facts={facts} />
      ))}
    </div>
  );
}

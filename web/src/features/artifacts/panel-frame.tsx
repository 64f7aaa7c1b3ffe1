import type { ReactNode } from "react";
import { IntoHeader, useHeaderSlots } from "@/ui/header-slots";

/** Inside of every artifact: a line of facts and actions, the body, and the evidence under it. */
export interface PanelFrameProps {
  facts?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  evidence?: ReactNode;
  /** A view inside a panel keeps its own line; a panel alone uses the header of the frame. */
  nested?: boolean;
}

export function PanelFrame({ facts, actions, children, evidence, nested = false }: PanelFrameProps) {
  const slots = useHeaderSlots();
  const inHeader = slots !== null && !nested;
  return (
    <div className="flex h-full min-h-0 flex-col">
      {inHeader && <IntoHeader slots={slots} facts={facts} actions={actions} />}
      {!inHeader && (facts || actions) && (
        <div className="flex min-h-10 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-3 py-1">
          <div className="num flex min-w-0 flex-1 flex-wrap items-center gap-x-2 gap-y-1 text-meta text-fg-2">
            {facts}
          </div>
          {actions && <div className="flex flex-wrap items-center gap-1.5">{actions}</div>}
        </div>
      )}
      <div className="min-h-0 flex-1">{children}</div>
      {evidence && (
        <div
          data-testid="evidence-footer"
          className="num flex min-h-7 flex-wrap items-center gap-x-3 border-t border-line px-3 py-1 text-meta text-fg-2"
        >
          {evidence}
        </div>
      )}
    </div>
  );
}

/** A figure with its unit dimmed. */
export function Figure({ value, unit, warn = false }: { value: string; unit: string; warn?: boolean }) {
  return (
    <span className="whitespace-nowrap">
      <span className={warn ? "text-time" : "text-fg"}>{value}</span> <span className="text-fg-3">{unit}</span>
    </span>
  );
}

import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { copy } from "@/lib/copy/en";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";

export interface ErrorView {
  code: string;
  severity?: "error" | "warning" | "info" | undefined;
  message: string;
  cure?: string | null | undefined;
  where?: { line?: number; column?: number } | null | undefined;
  request_id?: string | undefined;
  details?: Record<string, unknown> | undefined;
}
export interface ErrorAction {
  label: string;
  run: () => void;
}

const ICONS = { error: CircleAlert, warning: TriangleAlert, info: Info };

/** What happened, where, how to fix it, at most two buttons, and the details for whoever has to look closer. */
export function ErrorBlock({
  error,
  actions = [],
  className,
  children,
}: {
  error: ErrorView;
  actions?: readonly ErrorAction[];
  className?: string;
  children?: ReactNode;
}) {
  const severity = error.severity ?? "error";
  const Icon = ICONS[severity];
  const hasDetails = Boolean(error.request_id) || Object.keys(error.details ?? {}).length > 0;
  return (
    <div
      data-testid="error-block"
      data-code={error.code}
      role={severity === "error" ? "alert" : "note"}
      className={cx(
        "rounded-control border border-line px-3 py-2.5 text-ui",
        severity === "error" ? "bg-tint-danger" : severity === "warning" ? "bg-tint-time" : "bg-surface",
        className,
      )}
    >
      <div className="flex items-start gap-2">
        <Icon
          size={16}
          strokeWidth={1.5}
          aria-hidden
          className={cx(
            "mt-0.5 shrink-0",
            severity === "error" ? "text-danger" : severity === "warning" ? "text-time" : "text-fg-2",
          )}
        />
        <div className="min-w-0 flex-1 space-y-1">
          <p className="font-medium break-words text-fg">{error.message}</p>
          {error.where?.line !== undefined && (
            <p className="code text-meta text-fg-2">
              {error.where.line}:{error.where.column ?? 1}
            </p>
          )}
          {error.cure && <p className="break-words text-fg-2">{error.cure}</p>}
          {children}
          <div className="flex flex-wrap items-center gap-2 pt-0.5">
            {actions.slice(0, 2).map((action) => (
              <Button key={action.label} data-testid="error-action" onClick={action.run}>
                {action.label}
              </Button>
            ))}
            <span className="code text-micro text-fg-2">{error.code}</span>
          </div>
          {hasDetails && (
            <details className="text-meta text-fg-2">
              <summary className="cursor-pointer rounded-chip py-0.5">{copy.errors.details}</summary>
              <pre className="code mt-1 max-h-40 overflow-auto rounded-chip bg-inset p-2 text-micro whitespace-pre-wrap">
                {error.request_id ? `${copy.errors.reference}: ${error.request_id}\n` : ""}
                {Object.keys(error.details ?? {}).length > 0 ? JSON.stringify(error.details, null, 2) : ""}
              </pre>
            </details>
          )}
        </div>
      </div>
    </div>
  );
}

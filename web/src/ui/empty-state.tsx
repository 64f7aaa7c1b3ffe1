import type { ReactNode } from "react";
import { Mark } from "@/ui/mark";

/** What belongs here, why it is empty, and what to do next. */
export function EmptyState({
  title,
  text,
  children,
  moving,
}: {
  title: string;
  text?: string;
  children?: ReactNode;
  moving?: boolean;
}) {
  return (
    <div
      data-testid="empty-state"
      className="flex h-full min-h-32 flex-col items-center justify-center gap-2 p-6 text-center"
    >
      <Mark size={22} {...(moving ? { moving } : {})} />
      <p className="text-chat font-medium text-fg">{title}</p>
      {text && <p className="max-w-96 text-ui text-fg-2">{text}</p>}
      {children && <div className="mt-1 flex flex-wrap justify-center gap-2">{children}</div>}
    </div>
  );
}

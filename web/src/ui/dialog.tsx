import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";

export function Dialog({
  open,
  onClose,
  title,
  children,
  closeLabel,
  className,
  testId,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  closeLabel: string;
  className?: string;
  testId?: string;
}) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/40" />
        <Radix.Content
          aria-describedby={undefined}
          data-testid={testId}
          // The panel takes focus, not its close button: a tooltip there would swallow the first Escape.
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            if (event.currentTarget instanceof HTMLElement) event.currentTarget.focus();
          }}
          className={cx(
            "fixed top-[12vh] left-1/2 z-40 flex max-h-[76vh] w-[min(92vw,640px)] -translate-x-1/2 flex-col rounded-panel border outline-none border-line bg-raised shadow-[var(--shadow-dialog)]",
            className,
          )}
        >
          <div className="flex items-center justify-between border-b border-line py-2 ps-4 pe-2">
            <Radix.Title className="text-title font-semibold">{title}</Radix.Title>
            <IconButton icon={X} label={closeLabel} onClick={onClose} />
          </div>
          <div className="min-h-0 overflow-y-auto p-4">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

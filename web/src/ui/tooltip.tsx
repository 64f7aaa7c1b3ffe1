import { Tooltip as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { formatKeys } from "@/lib/platform";

export const TooltipProvider = Radix.Provider;

export function Keys({ chord }: { chord: string }) {
  return (
    <kbd className="code rounded-chip border border-line px-1 text-micro leading-[14px] text-fg-3">
      {formatKeys(chord)}
    </kbd>
  );
}

export function Tooltip({
  text,
  keys,
  children,
  side = "bottom",
}: {
  text: ReactNode;
  keys?: string | undefined;
  children: ReactNode;
  side?: "top" | "right" | "bottom" | "left";
}) {
  return (
    <Radix.Root delayDuration={350}>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          side={side}
          sideOffset={6}
          collisionPadding={8}
          className="pop z-30 flex max-w-80 items-center gap-2 rounded-control px-2 py-1 text-meta text-fg"
        >
          {text}
          {keys && <Keys chord={keys} />}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

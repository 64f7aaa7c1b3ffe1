import type { LucideIcon } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "@/ui/cx";
import { Keys } from "@/ui/tooltip";

export interface MenuItem {
  label: string;
  icon?: LucideIcon;
  keys?: string;
  danger?: boolean;
  checked?: boolean;
  detail?: string;
  onSelect: () => void;
}

export function Menu({
  trigger,
  items,
  align = "end",
  label,
  testId,
}: {
  trigger: ReactNode;
  items: readonly MenuItem[];
  align?: "start" | "end";
  label: string;
  testId?: string;
}) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          aria-label={label}
          data-testid={testId}
          className="pop z-30 max-h-80 min-w-44 overflow-y-auto p-1"
        >
          {items.map((item) => (
            <Radix.Item
              key={item.label}
              onSelect={item.onSelect}
              className={cx(
                "flex min-h-[var(--row)] cursor-default items-center gap-2 rounded-control px-2 text-ui outline-none data-[highlighted]:bg-hover pointer-coarse:min-h-11",
                item.danger ? "text-danger" : "text-fg",
                item.checked && "bg-selected",
              )}
            >
              {item.icon && <item.icon size={15} strokeWidth={1.5} aria-hidden className="text-fg-3" />}
              <span className="min-w-0 flex-1 truncate">{item.label}</span>
              {item.detail && <span className="num text-meta text-fg-3">{item.detail}</span>}
              {item.keys && <Keys chord={item.keys} />}
            </Radix.Item>
          ))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

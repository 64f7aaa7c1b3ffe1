import type { LucideIcon } from "lucide-react";
import { forwardRef, type ButtonHTMLAttributes } from "react";
import { cx } from "@/ui/cx";
import { Tooltip } from "@/ui/tooltip";

type Tone = "primary" | "plain" | "quiet" | "danger";

const TONES: Record<Tone, string> = {
  primary: "bg-accent-solid text-white hover:brightness-110 active:brightness-95",
  plain: "border border-line bg-surface text-fg hover:bg-hover active:bg-selected",
  quiet: "text-fg-2 hover:bg-hover hover:text-fg active:bg-selected",
  danger: "border border-line text-danger hover:bg-tint-danger",
};
const OFF =
  "aria-disabled:bg-transparent aria-disabled:text-fg-off aria-disabled:border aria-disabled:border-line aria-disabled:brightness-100";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: Tone;
  icon?: LucideIcon;
  keys?: string;
  /** Why it cannot be pressed now. The button stays focusable and says it. */
  reason?: string | null | undefined;
}

export const Button = forwardRef<HTMLButtonElement, ButtonProps>(function Button(
  { tone = "plain", icon: Icon, keys, reason, className, children, onClick, ...rest },
  ref,
) {
  const button = (
    <button
      ref={ref}
      type="button"
      aria-disabled={reason ? true : undefined}
      aria-description={reason ?? undefined}
      onClick={reason ? (event) => event.preventDefault() : onClick}
      className={cx(
        "inline-flex h-[var(--control)] shrink-0 items-center gap-1.5 rounded-control px-2.5 text-ui font-medium whitespace-nowrap transition-colors duration-[120ms]",
        TONES[tone],
        OFF,
        className,
      )}
      {...rest}
    >
      {Icon && <Icon size={15} strokeWidth={1.5} aria-hidden />}
      {children}
    </button>
  );
  if (!keys && !reason) return button;
  return (
    <Tooltip text={reason ?? children} keys={reason ? undefined : keys}>
      {button}
    </Tooltip>
  );
});

export interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  icon: LucideIcon;
  label: string;
  keys?: string;
  pressed?: boolean;
  size?: number;
  side?: "top" | "right" | "bottom" | "left";
}

export const IconButton = forwardRef<HTMLButtonElement, IconButtonProps>(function IconButton(
  { icon: Icon, label, keys, pressed, size = 16, side, className, ...rest },
  ref,
) {
  return (
    <Tooltip text={label} keys={keys} {...(side ? { side } : {})}>
      <button
        ref={ref}
        type="button"
        aria-label={label}
        aria-pressed={pressed}
        className={cx(
          "inline-flex h-[var(--control)] min-w-[var(--control)] shrink-0 items-center justify-center rounded-control text-fg-2 transition-colors duration-[120ms] hover:bg-hover hover:text-fg aria-pressed:bg-selected aria-pressed:text-fg",
          className,
        )}
        {...rest}
      >
        <Icon size={size} strokeWidth={1.5} aria-hidden />
      </button>
    </Tooltip>
  );
});

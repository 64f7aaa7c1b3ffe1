import type { LucideIcon } from "lucide-react";
import { forwardRef, type ButtonHTMLAttributes, type ReactNode } from "react";
import { cx } from "@/ui/cx";

/** A chip that does something when pressed. */
export const ChipButton = forwardRef<
  HTMLButtonElement,
  ButtonHTMLAttributes<HTMLButtonElement> & { icon?: LucideIcon }
>(function ChipButton({ icon: Icon, className, children, ...rest }, ref) {
  return (
    <button
      ref={ref}
      type="button"
      className={cx(
        "inline-flex min-h-6 max-w-full items-center gap-1 rounded-chip border border-line bg-surface px-2 text-meta text-fg-2 transition-colors duration-[120ms] hover:border-control hover:bg-hover hover:text-fg pointer-coarse:min-h-11 pointer-coarse:px-3",
        className,
      )}
      {...rest}
    >
      {Icon && <Icon size={13} strokeWidth={1.5} aria-hidden className="shrink-0" />}
      {children}
    </button>
  );
});

type Tone = "neutral" | "live" | "time" | "danger" | "accent";
const TONES: Record<Tone, string> = {
  neutral: "text-fg-2 border-line",
  live: "text-live bg-tint-live border-transparent",
  time: "text-time bg-tint-time border-transparent",
  danger: "text-danger bg-tint-danger border-transparent",
  accent: "text-accent bg-tint-accent border-transparent",
};

/** A chip that only states something. */
export function Tag({
  tone = "neutral",
  icon: Icon,
  children,
  className,
  ...rest
}: {
  tone?: Tone;
  icon?: LucideIcon;
  children: ReactNode;
  className?: string;
  title?: string;
  "data-testid"?: string;
  "data-state"?: string;
}) {
  return (
    <span
      className={cx(
        "num inline-flex h-5 max-w-full shrink-0 items-center gap-1 rounded-chip border px-1.5 text-micro whitespace-nowrap",
        TONES[tone],
        className,
      )}
      {...rest}
    >
      {Icon && <Icon size={12} strokeWidth={1.5} aria-hidden className="shrink-0" />}
      {children}
    </span>
  );
}

import { cx } from "@/ui/cx";

/** The mark: three offset ticks. It is also the only loading figure of the studio. */
export function Mark({ moving = false, size = 16, label }: { moving?: boolean; size?: number; label?: string }) {
  return (
    <svg
      viewBox="0 0 16 16"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth={1.75}
      strokeLinecap="round"
      className={cx("shrink-0 text-accent", moving && "mark-moving")}
      {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })}
    >
      <path d="M2 4.5h7" />
      <path d="M5.5 8H14" />
      <path d="M2 11.5h7.5" />
    </svg>
  );
}

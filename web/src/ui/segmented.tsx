import { cx } from "@/ui/cx";

export interface Segment<T extends string> {
  value: T;
  label: string;
}

/** One of a few, all visible: a radio group that looks like a switch. */
export function Segmented<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: T;
  options: readonly Segment<T>[];
  onChange: (value: T) => void;
}) {
  return (
    <div role="radiogroup" aria-label={label} className="inline-flex rounded-control border border-line bg-inset p-px">
      {options.map((option, i) => (
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          tabIndex={option.value === value ? 0 : -1}
          onClick={() => onChange(option.value)}
          onKeyDown={(event) => {
            const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
            const next = options[(i + step + options.length) % options.length];
            if (!step || !next) return;
            event.preventDefault();
            onChange(next.value);
            const sibling = event.currentTarget.parentElement?.children[options.indexOf(next)];
            if (sibling instanceof HTMLElement) sibling.focus();
          }}
          className={cx(
            "inline-flex h-6 items-center rounded-[5px] px-2 text-meta whitespace-nowrap transition-colors duration-[120ms] pointer-coarse:h-11 pointer-coarse:px-3",
            option.value === value ? "bg-selected font-medium text-fg" : "text-fg-2 hover:text-fg",
          )}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}

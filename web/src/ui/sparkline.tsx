/** A rate over the last minute. Decoration beside a figure that says the same, so hidden from screen readers. */
export function Sparkline({
  values,
  width = 72,
  height = 16,
}: {
  values: readonly number[];
  width?: number;
  height?: number;
}) {
  const top = Math.max(...values, 1e-9);
  const step = width / Math.max(values.length, 12);
  return (
    <svg width={width} height={height} aria-hidden className="shrink-0 text-live" data-points={values.length}>
      {values.map((value, i) => {
        const size = Math.max(1, (value / top) * (height - 1));
        return (
          <rect
            key={i}
            x={width - (values.length - i) * step}
            y={height - size}
            width={Math.max(1, step - 1)}
            height={size}
            fill="currentColor"
            opacity={0.35 + (0.65 * (i + 1)) / values.length}
          />
        );
      })}
    </svg>
  );
}

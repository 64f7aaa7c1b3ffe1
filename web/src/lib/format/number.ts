const LOCALE = "en-US";
const grouped = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });

/** Whole counts with thousands; exact for every integer a browser can hold. */
export function formatCount(value: number): string {
  return Number.isFinite(value) ? grouped.format(value) : "–";
}

/** Short form for axes, tiles and chat: `1.2M`, `14.2k`, `812`. */
export function formatShort(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const steps: [number, string][] = [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ];
  for (const [unit, suffix] of steps) {
    if (size >= unit) return `${trimZeros((value / unit).toFixed(size / unit >= 100 ? 0 : 1))}${suffix}`;
  }
  if (size >= 100 || Number.isInteger(value)) return trimZeros(value.toFixed(size >= 100 ? 1 : 0));
  return trimZeros(value.toFixed(size >= 1 ? 2 : 4));
}

const SIGNIFICANT = 6;

/** At most six significant digits of a figure that stands beside a mark; the exact one is in its tooltip and table. */
export function formatFigure(text: string): string {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) return text;
  if (text.replace(/\D/g, "").replace(/^0+/, "").length <= SIGNIFICANT && !/e/i.test(text)) return text;
  const size = Math.abs(value);
  if (size >= 1e6 && size < 1e15) {
    const [unit, suffix] = size >= 1e12 ? [1e12, "T"] : size >= 1e9 ? [1e9, "G"] : [1e6, "M"];
    return `${trimZeros((value / Number(unit)).toPrecision(4))}${suffix}`;
  }
  if (size !== 0 && (size < 1e-4 || size >= 1e15)) return value.toExponential(3);
  return trimZeros(value.toPrecision(SIGNIFICANT));
}

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** Rows per second: whole above ten, one decimal below, so that a slow stream does not read as zero. */
export function formatRate(perSecond: number): string {
  if (!Number.isFinite(perSecond) || perSecond <= 0) return "0/s";
  if (perSecond >= 1000) return `${formatShort(perSecond)}/s`;
  return `${perSecond >= 10 ? Math.round(perSecond) : trimZeros(perSecond.toFixed(1))}/s`;
}

export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : trimZeros(value.toFixed(1))} ${units[unit]}`;
}

export function formatPercent(ratio: number): string {
  return `${trimZeros((ratio * 100).toFixed(1))} %`;
}

/**
 * The one statement of every colour of the studio. CSS variables, the chart theme and the Monaco theme are derived
 * from this file, and a test recomputes the contrast figures promised by the design contract.
 */
export type ThemeName = "dark" | "light";

const dark = {
  canvas: "#0A0D12",
  surface: "#10141B",
  raised: "#171C25",
  inset: "#07090D",
  hover: "#1B212C",
  selected: "#12283C",
  text: "#E9EDF3",
  "text-2": "#B0BAC7",
  "text-3": "#8994A5",
  "text-disabled": "#5C6675",
  border: "#262E3A",
  "border-control": "#667182",
  accent: "#5AAEFF",
  "accent-solid": "#1A73CC",
  live: "#34D3A6",
  time: "#F0B44A",
  danger: "#FF8074",
  "danger-solid": "#CF3528",
  assistant: "#B6A2FF",
  "tint-accent": "#12283C",
  "tint-live": "#0E2B25",
  "tint-time": "#2E2412",
  "tint-danger": "#341A1A",
  "tint-assistant": "#221E38",
  focus: "#8CC8FF",
  "sql-keyword": "#7FB8FF",
  "sql-function": "#C3B1FF",
  "sql-type": "#5FD3C0",
  "sql-string": "#E8B873",
  "sql-number": "#F29B7F",
  "sql-annotation": "#F0B44A",
  "sql-comment": "#8994A5",
};

export type TokenName = keyof typeof dark;

const light: Record<TokenName, string> = {
  canvas: "#F6F7F9",
  surface: "#FFFFFF",
  raised: "#FFFFFF",
  inset: "#EFF2F5",
  hover: "#E9EDF2",
  selected: "#DDECFB",
  text: "#11161D",
  "text-2": "#434E5D",
  "text-3": "#5D6878",
  "text-disabled": "#97A1AF",
  border: "#DCE1E8",
  "border-control": "#7C8797",
  accent: "#0A62BD",
  "accent-solid": "#0A62BD",
  live: "#056B50",
  time: "#7F5200",
  danger: "#B3261B",
  "danger-solid": "#CF3528",
  assistant: "#6238C7",
  "tint-accent": "#DDECFB",
  "tint-live": "#D6F2E8",
  "tint-time": "#FBEBC8",
  "tint-danger": "#FBE0DD",
  "tint-assistant": "#ECE6FB",
  focus: "#0A62BD",
  "sql-keyword": "#0A4FA0",
  "sql-function": "#5A34B8",
  "sql-type": "#0B6457",
  "sql-string": "#7A4A00",
  "sql-number": "#A3341F",
  "sql-annotation": "#7F5200",
  "sql-comment": "#5D6878",
};

export const TOKENS: Record<ThemeName, Record<TokenName, string>> = { dark, light };

/** Series colours in fixed order; a series keeps its colour for its life, assigned by key. */
export const SERIES: Record<ThemeName, { colors: string[]; other: string }> = {
  dark: {
    colors: ["#5AAEFF", "#ED9E2F", "#219576", "#CE97BB", "#8862D5", "#D4E995", "#C9593B", "#BAE7F5"],
    other: "#7C8797",
  },
  light: {
    colors: ["#0A62BD", "#A38043", "#2D644E", "#D0457A", "#4327A7", "#706D06", "#6B210C", "#239AA6"],
    other: "#6B7685",
  },
};

export const FONT_UI = '"IBM Plex Sans Variable", "IBM Plex Sans", system-ui, sans-serif';
export const FONT_CODE = '"JetBrains Mono Variable", "JetBrains Mono", ui-monospace, monospace';

function block(selector: string, theme: ThemeName): string {
  const vars = Object.entries(TOKENS[theme]).map(([name, value]) => `  --c-${name}: ${value};`);
  const series = SERIES[theme].colors.map((value, i) => `  --c-series-${i + 1}: ${value};`);
  return `${selector} {\n  color-scheme: ${theme};\n${[...vars, ...series].join("\n")}\n}`;
}

export function tokensCss(): string {
  const fonts = `:root {\n  --f-ui: ${FONT_UI};\n  --f-code: ${FONT_CODE};\n}`;
  return [fonts, block(':root, [data-theme="dark"]', "dark"), block('[data-theme="light"]', "light")].join("\n");
}

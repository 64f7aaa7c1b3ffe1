import { describe, expect, it } from "vitest";
import { contrast } from "@/lib/contrast";
import { SERIES, TOKENS, tokensCss, type ThemeName, type TokenName } from "@/ui/tokens";

const GROUNDS: TokenName[] = ["canvas", "surface", "raised", "inset", "hover", "selected"];
const lowest = (theme: ThemeName, token: TokenName, grounds: TokenName[] = GROUNDS) =>
  Math.min(...grounds.map((g) => contrast(TOKENS[theme][token], TOKENS[theme][g])));

describe.each(["dark", "light"] as const)("%s theme", (theme) => {
  it("keeps text readable on every surface it may sit on", () => {
    expect(lowest(theme, "text")).toBeGreaterThan(12);
    expect(lowest(theme, "text-2")).toBeGreaterThan(6);
    expect(lowest(theme, "text-3")).toBeGreaterThanOrEqual(4.5);
  });
  it("keeps controls visible", () =>
    expect(lowest(theme, "border-control", ["canvas", "surface", "raised"])).toBeGreaterThanOrEqual(3));
  it("keeps state colours readable on their tints and on panes", () => {
    for (const role of ["accent", "live", "time", "danger", "assistant"] as const) {
      expect(lowest(theme, role, ["canvas", "surface", `tint-${role}`])).toBeGreaterThanOrEqual(4.5);
    }
  });
  it("keeps white readable on solid buttons", () => {
    expect(contrast("#FFFFFF", TOKENS[theme]["accent-solid"])).toBeGreaterThanOrEqual(4.5);
    expect(contrast("#FFFFFF", TOKENS[theme]["danger-solid"])).toBeGreaterThanOrEqual(4.5);
  });
  it("keeps SQL readable in the editor", () => {
    for (const token of Object.keys(TOKENS[theme]).filter((name): name is TokenName => name.startsWith("sql-"))) {
      expect(lowest(theme, token, ["inset", "surface"])).toBeGreaterThanOrEqual(4.5);
    }
  });
  it("keeps every series visible on the chart ground", () => {
    for (const color of [...SERIES[theme].colors, SERIES[theme].other])
      expect(contrast(color, TOKENS[theme].surface)).toBeGreaterThanOrEqual(3);
  });
});

it("writes one variable per token and theme", () => {
  const css = tokensCss();
  for (const name of Object.keys(TOKENS.dark)) expect(css.split(`--c-${name}:`).length).toBe(3);
});

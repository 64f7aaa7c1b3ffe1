import { describe, expect, it } from "vitest";
import { formatArtifactRef, parseArtifactRef } from "@/lib/artifact-ref";
import { chooseChart, resolveChart } from "@/lib/chart-choice";
import { matchesChord, Sequence } from "@/lib/chords";
import { newId } from "@/lib/ids";
import { parseInline, parseMarkdown } from "@/lib/markdown";
import { promptChips, stripColumns } from "@/lib/prompt-chips";
import { applyByteEdits, byteToIndex, indexToByte } from "@/lib/text-offsets";

describe("artifact references", () => {
  it("round-trips", () => {
    expect(parseArtifactRef("art_7@3")).toEqual({ id: "art_7", version: 3 });
    expect(formatArtifactRef({ id: "art_7" })).toBe("art_7");
  });
  it("refuses what is broken", () => {
    for (const bad of ["", "a@0", "a@x", "a b", 7, null, "<script>"]) expect(parseArtifactRef(bad)).toBeNull();
  });
});

describe("byte offsets", () => {
  const text = "Zürich 🚲 x";
  it("go both ways past multi-byte letters", () => {
    for (const [index, byte] of [
      [0, 0],
      [2, 3],
      [7, 8],
      [9, 12],
      [11, 14],
    ] as const) {
      expect(indexToByte(text, index)).toBe(byte);
      expect(byteToIndex(text, byte)).toBe(index);
    }
  });
  it("apply several edits without moving each other", () => {
    expect(
      applyByteEdits("prise + prise", [
        { offset: 0, length: 5, text: "price" },
        { offset: 8, length: 5, text: "cost" },
      ]),
    ).toBe("price + cost");
  });
});

describe("ids", () => {
  it("have the server's form and are ordered by time", () => {
    expect(newId("thr")).toMatch(/^thr_[a-z2-7]{13}$/);
    expect(newId("msg", 1000, () => 0).slice(0, 13) < newId("msg", 2000, () => 0).slice(0, 13)).toBe(true);
  });
});

describe("chart choice", () => {
  const columns = [
    { name: "symbol", type: "String" },
    { name: "window_start", type: "DateTime" },
    { name: "avg_price", type: "Decimal" },
  ];
  it("draws windows as lines per key", () => {
    expect(chooseChart(columns, ["symbol", "window_start"])).toMatchObject({
      type: "line",
      x: "window_start",
      y: ["avg_price"],
      series: "symbol",
    });
  });
  it("draws one value per key as bars", () => {
    expect(chooseChart([columns[0]!, columns[2]!], ["symbol"])).toMatchObject({
      type: "bar",
      x: "symbol",
      y: ["avg_price"],
    });
  });
  it("shows a table when nothing is a number", () => {
    expect(chooseChart([columns[0]!], []).type).toBe("table");
    expect(resolveChart({ type: "bar", x: "symbol", y: [] }, [columns[0]!], []).type).toBe("table");
  });
  it("drops columns the server named but did not send", () => {
    expect(resolveChart({ type: "line", x: "gone", y: ["avg_price"], series: "gone" }, columns, [])).toMatchObject({
      x: "window_start",
      series: null,
    });
  });
});

describe("first prompts", () => {
  const trades = {
    name: "trades",
    columns: [
      { name: "symbol", type: "String" },
      { name: "price", type: "Float" },
    ],
  };
  const orders = {
    name: "orders",
    columns: [
      { name: "symbol", type: "String" },
      { name: "region", type: "String" },
    ],
  };
  it("come from the schemas", () => {
    expect(promptChips([trades, orders])).toEqual([
      "average price per symbol every minute",
      "orders by region right now",
      "trades joined to orders",
    ]);
  });
  it("never name what is not there", () =>
    expect(promptChips([{ name: "logs", columns: [{ name: "line", type: "String" }] }])).toEqual([
      "show me the last 10 logs",
    ]));
  it("picks a label and a figure for the strip", () =>
    expect(stripColumns(trades)).toEqual({ key: "symbol", value: "price" }));
});

describe("keys", () => {
  const press = (key: string, mods: Partial<Record<"ctrl" | "meta" | "shift" | "alt", boolean>> = {}) => ({
    key,
    ctrl: false,
    meta: false,
    shift: false,
    alt: false,
    ...mods,
  });
  it("match with the modifiers they state and no others", () => {
    expect(matchesChord(press("k", { ctrl: true }), "mod+k")).toBe(true);
    expect(matchesChord(press("k", { meta: true }), "mod+k")).toBe(true);
    expect(matchesChord(press("K", { ctrl: true, shift: true }), "mod+k")).toBe(false);
    expect(matchesChord(press("?", { shift: true }), "?")).toBe(true);
    expect(matchesChord(press("c", { ctrl: true }), "c")).toBe(false);
  });
  it("forget the first of two after a moment", () => {
    const keys = new Sequence();
    keys.press("g", 0);
    expect(keys.press("s", 500)).toBe("g s");
    keys.press("g", 1000);
    expect(keys.press("s", 5000)).toBe("s");
  });
});

describe("markdown", () => {
  it("reads paragraphs, lists and fences", () => {
    expect(parseMarkdown("Hi\n\n- a\n- b\n\n```sql\nSELECT 1\n```").map((b) => b.kind)).toEqual([
      "paragraph",
      "list",
      "code",
    ]);
  });
  it("keeps HTML as text and links only to the web", () => {
    expect(parseInline("<b>x</b> [a](javascript:alert(1))")).toEqual([
      { kind: "text", text: "<b>x</b> [a](javascript:alert(1))" },
    ]);
  });
  it("closes a fence that is still arriving", () =>
    expect(parseMarkdown("```sql\nSELECT")).toEqual([{ kind: "code", language: "sql", text: "SELECT" }]));
});

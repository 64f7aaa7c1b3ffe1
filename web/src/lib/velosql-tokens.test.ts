import { describe, expect, it } from "vitest";
import { looksLikeSql, statementAt, statementSpans, tokenizeSql } from "@/lib/velosql-tokens";

const kinds = (sql: string) =>
  tokenizeSql(sql)
    .filter((t) => t.kind !== "space")
    .map((t) => `${t.kind}:${sql.slice(t.start, t.end)}`);

describe("tokenizeSql", () => {
  it("covers every character exactly once, whatever the text", () => {
    for (const text of ["SELECT 'a''b' FROM t", "'open", "/* open", "a ☃ b §", "-- x\r\ny", "", "\u0000`q"]) {
      const tokens = tokenizeSql(text);
      expect(tokens.map((t) => text.slice(t.start, t.end)).join("")).toBe(text);
    }
  });
  it("reads annotations, comments and durations", () => {
    expect(kinds("-- @metric: x\n-- plain\nTUMBLING(5m)")).toEqual([
      "annotation:-- @metric: x",
      "comment:-- plain",
      "keyword:TUMBLING",
      "operator:(",
      "duration:5m",
      "operator:)",
    ]);
  });
  it("takes a whole URI, with its stars and dashes, as one token", () => {
    expect(kinds("FROM file:///data/trades-*.csv GROUP")).toEqual([
      "keyword:FROM",
      "uri:file:///data/trades-*.csv",
      "keyword:GROUP",
    ]);
  });
  it("keeps ordinary words as names even when they are keywords elsewhere", () => {
    expect(kinds("SELECT timestamp, t.range, count(*)")).toEqual([
      "keyword:SELECT",
      "name:timestamp",
      "operator:,",
      "name:t",
      "operator:.",
      "name:range",
      "operator:,",
      "function:count",
      "operator:(",
      "operator:*",
      "operator:)",
    ]);
  });
});

describe("statements", () => {
  const two = "SELECT ';' FROM a; -- done;\nSELECT 2";
  it("splits at semicolons outside strings and comments", () => {
    expect(statementSpans(two).map((s) => two.slice(s.start, s.end))).toEqual([
      "SELECT ';' FROM a",
      "-- done;\nSELECT 2",
    ]);
  });
  it("finds the statement under the cursor", () => {
    expect(statementAt(two, 3)).toEqual({ text: "SELECT ';' FROM a", start: 0 });
    const second = statementAt(two, two.length);
    expect(second.text).toContain("SELECT 2");
    expect(two.slice(second.start)).toContain(second.text);
  });
});

describe("looksLikeSql", () => {
  it("tells SQL from sentences", () => {
    expect(looksLikeSql("select a from b")).toBe(true);
    expect(looksLikeSql("-- @metric: x\nSELECT a FROM b")).toBe(true);
    expect(looksLikeSql("show me the last 10 messages")).toBe(false);
    expect(looksLikeSql("with which topics do I start")).toBe(false);
  });
});

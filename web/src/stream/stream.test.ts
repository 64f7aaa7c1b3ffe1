import { describe, expect, it } from "vitest";
import { ChangelogFold, MAX_CHANGES, MAX_TABLE_ROWS } from "@/stream/fold";
import { FlowControl } from "@/stream/flow-control";
import { readServerMessage } from "@/stream/protocol";

describe("ChangelogFold", () => {
  it("keeps the newest value per key and forgets deleted keys", () => {
    const fold = new ChangelogFold(["symbol"]);
    fold.apply(
      [
        { symbol: "A", n: "1" },
        { symbol: "B", n: "1" },
      ],
      undefined,
      1,
    );
    fold.apply([{ symbol: "A", n: "2" }, { symbol: "B" }], ["update", "delete"], 2);
    expect(fold.table()).toEqual([{ symbol: "A", n: "2" }]);
    expect(fold.changelog().map((c) => c.op)).toEqual(["insert", "insert", "update", "delete"]);
  });
  it("tells keys apart by value and type", () => {
    const fold = new ChangelogFold(["k"]);
    fold.apply([{ k: null }, { k: "null" }, { k: "" }, {}], undefined, 1);
    expect(fold.size).toBe(3);
  });
  it("appends without a key and withdraws the newest equal row", () => {
    const fold = new ChangelogFold();
    fold.apply([{ a: 1 }, { a: 2 }, { a: 1 }], undefined, 1);
    fold.apply([{ a: 1 }], ["delete"], 2);
    expect(fold.table()).toEqual([{ a: 1 }, { a: 2 }]);
  });
  it("has bounds and never counts backwards", () => {
    const fold = new ChangelogFold();
    for (let i = 0; i < 60; i++)
      fold.apply(
        Array.from({ length: 1000 }, (_, n) => ({ n })),
        undefined,
        i,
      );
    expect(fold.size).toBeLessThanOrEqual(MAX_TABLE_ROWS * 1.25);
    expect(fold.changelog().length).toBe(MAX_CHANGES);
    expect(fold.seen).toBe(60_000);
    fold.replace([{ n: 1 }], 99);
    expect(fold.seen).toBeGreaterThan(60_000);
  });
});

describe("FlowControl", () => {
  it("acknowledges at a quarter of the window and on repaint", () => {
    const flow = new FlowControl();
    flow.open(16, null);
    expect([1, 2, 3, 4, 5].map((n) => flow.received(n))).toEqual([null, null, null, 4, null]);
    expect(flow.flush()).toBe(5);
    expect(flow.flush()).toBeNull();
  });
  it("goes on where it was", () => {
    const flow = new FlowControl();
    flow.open(16, null);
    flow.received(7);
    expect(flow.resumeAfter).toBe(7);
    flow.open(16, 7);
    expect(flow.received(8)).toBeNull();
  });
});

describe("readServerMessage", () => {
  it("reads ours and ignores the rest", () => {
    expect(readServerMessage('{"type":"rows","batch_number":1,"data":[]}')?.type).toBe("rows");
    for (const bad of ["", "[]", "null", '{"type":"new-thing"}', '{"type":"rows"}', "{"])
      expect(readServerMessage(bad)).toBeNull();
  });
});

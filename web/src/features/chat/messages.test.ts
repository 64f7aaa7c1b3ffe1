import { describe, expect, it } from "vitest";
import { fromStored, readTool, toBlocks, type VeloPart } from "@/features/chat/messages";

const part = (value: Record<string, unknown>) => value as VeloPart;

describe("toBlocks", () => {
  it("groups neighbouring tools and moves next steps to the end", () => {
    const blocks = toBlocks([
      part({
        type: "tool-list_topics",
        toolCallId: "1",
        state: "output-available",
        output: { ok: true, summary: "3 topics" },
      }),
      part({ type: "tool-inspect_topic", toolCallId: "2", state: "input-streaming" }),
      part({ type: "data-followups", data: { items: [] } }),
      part({ type: "text", text: "Done." }),
      part({ type: "step-start" }),
    ]);
    expect(blocks.map((b) => b.kind)).toEqual(["tools", "text", "data"]);
    expect(blocks[0]?.kind === "tools" && blocks[0].tools.map((t) => t.state)).toEqual(["done", "running"]);
  });
  it("survives parts it does not know", () => {
    expect(toBlocks([part({ type: "custom-thing" }), part({ type: "data-artifact", data: null }), part({})])).toEqual(
      [],
    );
  });
});

describe("readTool", () => {
  it("calls an answer that is not ok a failure, with its words", () => {
    const tool = readTool(
      part({
        type: "tool-x",
        toolCallId: "1",
        state: "output-available",
        output: { ok: false, error: { message: "No file matches." } },
      }),
    );
    expect(tool).toMatchObject({ state: "failed", errorText: "No file matches." });
  });
  it("treats a preliminary answer as still running", () => {
    expect(
      readTool(part({ type: "tool-x", toolCallId: "1", state: "output-available", preliminary: true }))?.state,
    ).toBe("running");
  });
});

describe("fromStored", () => {
  it("opens a thread even when some rows are broken", () => {
    const rows = [
      {
        id: "1",
        parent_id: null,
        format: "x",
        content: { role: "user" as const, parts: [{ type: "text", text: "hi" }, null, 3] },
      },
      { id: "2", parent_id: "1", format: "x", content: { role: "system" as const, parts: [] } },
    ];
    expect(fromStored(rows).map((m) => m.parts.length)).toEqual([1]);
  });
});

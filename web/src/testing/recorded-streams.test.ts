import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseJsonEventStream, readUIMessageStream, uiMessageChunkSchema, type UIMessageChunk } from "ai";
import { describe, expect, it } from "vitest";
import { toBlocks, type VeloMessage } from "@/features/chat/messages";

/** What the server really sent, read by the parser the studio really uses. What breaks the protocol makes it throw. */
const FOLDERS = [
  fileURLToPath(new URL("./streams", import.meta.url)),
  fileURLToPath(new URL("../../../tests/chat/recorded", import.meta.url)),
];
const files = FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".sse"))
    .map((name) => join(folder, name)),
);

async function readStream(text: string): Promise<VeloMessage | undefined> {
  const bytes = new Response(text).body;
  if (!bytes) throw new Error("no body");
  const chunks = parseJsonEventStream({ stream: bytes, schema: uiMessageChunkSchema }).pipeThrough(
    new TransformStream({
      transform: (result, controller: TransformStreamDefaultController<UIMessageChunk>) => {
        if (!result.success) throw result.error;
        controller.enqueue(result.value);
      },
    }),
  );
  let last: VeloMessage | undefined;
  for await (const message of readUIMessageStream<VeloMessage>({ stream: chunks, terminateOnError: true }))
    last = message;
  return last;
}

describe("recorded server streams", () => {
  it("are there", () => expect(files.length).toBeGreaterThan(0));
  it.each(files)("%s parses and draws", async (file) => {
    const text = readFileSync(file, "utf8");
    expect(text.trimEnd().endsWith("data: [DONE]")).toBe(true);
    const message = await readStream(text);
    expect(message?.role).toBe("assistant");
    expect(toBlocks(message?.parts ?? []).length).toBeGreaterThan(0);
  });
  it("refuse a delta that was never started", async () => {
    const text = 'data: {"type":"start","messageId":"m"}\n\ndata: {"type":"text-delta","id":"t","delta":"x"}\n\n';
    await expect(readStream(text)).rejects.toThrow();
  });
});

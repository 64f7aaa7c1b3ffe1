import type { UIMessage } from "ai";
import type { StoredMessage } from "@/api/types";

export interface MessageMetadata {
  threadId?: string;
  engine?: string;
  createdAt?: string;
  durationMs?: number;
}
export type VeloMessage = UIMessage<MessageMetadata>;
export type VeloPart = VeloMessage["parts"][number];

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Rows of the store as messages. What cannot be read is left out, never thrown: old threads must always open. */
export function fromStored(rows: readonly StoredMessage[]): VeloMessage[] {
  return rows.flatMap((row) => {
    const role = row.content?.role;
    if (role !== "user" && role !== "assistant") return [];
    const parts = Array.isArray(row.content.parts)
      ? row.content.parts.filter((part) => isRecord(part) && typeof part["type"] === "string")
      : [];
    const metadata = isRecord(row.content.metadata) ? (row.content.metadata as MessageMetadata) : {};
    return [
      {
        id: row.id,
        role,
        parts: parts as VeloPart[],
        metadata: { ...(row.created_at ? { createdAt: row.created_at } : {}), ...metadata },
      },
    ];
  });
}

export interface ToolView {
  callId: string;
  tool: string;
  state: "running" | "done" | "failed" | "denied";
  input: unknown;
  output: unknown;
  summary: string;
  errorText: string | null;
}

/** A tool part as a row. Half-sent arguments and unknown states are normal while a stream runs. */
export function readTool(part: VeloPart): ToolView | null {
  const raw = part as Record<string, unknown>;
  const type = String(raw["type"] ?? "");
  const tool =
    type === "dynamic-tool" ? String(raw["toolName"] ?? "tool") : type.startsWith("tool-") ? type.slice(5) : null;
  if (tool === null) return null;
  const state = String(raw["state"] ?? "");
  const output = raw["output"];
  const failedOutput = isRecord(output) && output["ok"] === false;
  const errorText =
    typeof raw["errorText"] === "string"
      ? raw["errorText"]
      : failedOutput && isRecord(output["error"]) && typeof output["error"]["message"] === "string"
        ? output["error"]["message"]
        : null;
  return {
    callId: String(raw["toolCallId"] ?? ""),
    tool,
    state:
      state === "output-error" || failedOutput
        ? "failed"
        : state === "output-denied"
          ? "denied"
          : state === "output-available" && raw["preliminary"] !== true
            ? "done"
            : "running",
    input: raw["input"],
    output,
    summary: isRecord(output) && typeof output["summary"] === "string" ? output["summary"] : "",
    errorText,
  };
}

export type Block =
  | { kind: "tools"; id: string; tools: ToolView[] }
  | { kind: "text"; id: string; text: string; streaming: boolean }
  | { kind: "reasoning"; id: string; text: string }
  | { kind: "action"; id: string; tool: string; args: unknown }
  | { kind: "data"; id: string; name: string; data: Record<string, unknown> };

/** Parts in the order they are read: neighbouring tools together, cards where they were made, chips at the end. */
export function toBlocks(parts: readonly VeloPart[]): Block[] {
  const blocks: Block[] = [];
  const trailing: Block[] = [];
  parts.forEach((part, i) => {
    const raw = part as Record<string, unknown>;
    const type = String(raw["type"] ?? "");
    const id = `${i}-${type}`;
    const tool = readTool(part);
    if (tool) {
      const last = blocks.at(-1);
      if (last?.kind === "tools") last.tools.push(tool);
      else blocks.push({ kind: "tools", id, tools: [tool] });
    } else if (type === "text" && typeof raw["text"] === "string") {
      if (raw["text"] !== "")
        blocks.push({ kind: "text", id, text: raw["text"], streaming: raw["state"] === "streaming" });
    } else if (type === "reasoning" && typeof raw["text"] === "string") {
      if (raw["text"].trim() !== "") blocks.push({ kind: "reasoning", id, text: raw["text"] });
    } else if (type.startsWith("data-") && isRecord(raw["data"])) {
      const name = type.slice(5);
      if (name === "action")
        blocks.push({ kind: "action", id, tool: String(raw["data"]["tool"] ?? ""), args: raw["data"]["args"] });
      else if (name === "followups" || name === "suggestions")
        trailing.push({ kind: "data", id, name, data: raw["data"] });
      else blocks.push({ kind: "data", id, name, data: raw["data"] });
    }
  });
  return [...blocks, ...trailing];
}

export function plainText(message: VeloMessage): string {
  return message.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n\n");
}

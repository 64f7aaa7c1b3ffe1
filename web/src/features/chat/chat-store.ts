import { Chat } from "@ai-sdk/react";
import type { UIMessageChunk } from "ai";
import { request } from "@/api/client";
import { reportUnreachable } from "@/api/connection";
import { ApiError } from "@/api/errors";
import { patchThreadInList, refreshThreads, loadThread } from "@/api/threads";
import type { ArtifactHead, Thread } from "@/api/types";
import { createStore, type ExternalStore } from "@/lib/external-store";
import { newId } from "@/lib/ids";
import { fromStored, type VeloMessage } from "@/features/chat/messages";
import { VeloTransport } from "@/features/chat/velo-transport";

export interface TurnFacts {
  startedAt: number | null;
  /** How long each tool of this visit took, by call id. */
  tools: Readonly<Record<string, { from: number; to: number | null }>>;
  stoppedAfterMs: number | null;
  queued: string | null;
}
export interface ThreadChat {
  id: string;
  chat: Chat<VeloMessage>;
  facts: ExternalStore<TurnFacts>;
}

export interface ChatListener {
  artifact: (threadId: string, head: ArtifactHead) => void;
  contextChanged: (threadId: string) => void;
  turnFinished: (threadId: string) => void;
}
let listener: ChatListener | null = null;
/** The app connects the chat to the canvas and the lists; the chat itself knows neither. */
export function setChatListener(next: ChatListener): void {
  listener = next;
}

const NO_FACTS: TurnFacts = { startedAt: null, tools: {}, stoppedAfterMs: null, queued: null };
const chats = new Map<string, ThreadChat>();

function isHead(value: unknown): value is ArtifactHead {
  const head = value as Partial<ArtifactHead> | null;
  return (
    typeof head === "object" &&
    head !== null &&
    typeof head.id === "string" &&
    typeof head.type === "string" &&
    typeof head.version === "number"
  );
}

function observe(entry: () => ThreadChat | undefined, chunk: UIMessageChunk): void {
  const facts = entry()?.facts;
  if (!facts) return;
  if (chunk.type === "tool-input-start" || chunk.type === "tool-input-available") {
    const { toolCallId } = chunk;
    if (!facts.get().tools[toolCallId]) {
      facts.set((f) => ({ ...f, tools: { ...f.tools, [toolCallId]: { from: performance.now(), to: null } } }));
    }
  } else if (
    (chunk.type === "tool-output-available" && chunk.preliminary !== true) ||
    chunk.type === "tool-output-error"
  ) {
    const { toolCallId } = chunk;
    const known = facts.get().tools[toolCallId];
    if (known) facts.set((f) => ({ ...f, tools: { ...f.tools, [toolCallId]: { ...known, to: performance.now() } } }));
  }
}

function create(id: string, messages: VeloMessage[]): ThreadChat {
  const facts = createStore<TurnFacts>(NO_FACTS);
  const chat = new Chat<VeloMessage>({
    id,
    messages,
    generateId: () => newId("msg"),
    transport: new VeloTransport({ chunk: (chunk) => observe(() => chats.get(id), chunk) }),
    onData: (part) => {
      if (part.type === "data-artifact" && isHead(part.data)) listener?.artifact(id, part.data);
      else if (part.type === "data-thread") {
        const title = (part.data as { title?: unknown } | null)?.title;
        if (typeof title === "string") patchThreadInList(id, { title });
      } else if (part.type === "data-context") listener?.contextChanged(id);
    },
    onFinish: () => {
      facts.set((f) => ({ ...f, startedAt: null }));
      refreshThreads();
      listener?.turnFinished(id);
      const queued = facts.get().queued;
      if (queued !== null) {
        facts.set((f) => ({ ...f, queued: null }));
        // After the chat has settled into its ready state.
        setTimeout(() => void sendText(id, queued), 0);
      }
    },
    onError: (error) => {
      facts.set((f) => ({ ...f, startedAt: null }));
      if (error instanceof TypeError) {
        reportUnreachable();
        rejoinWhenBack(id);
      }
    },
  });
  const entry: ThreadChat = { id, chat, facts };
  chats.set(id, entry);
  return entry;
}

/** A thread that exists only here until its first message is sent. */
export function startThread(): string {
  const id = newId("thr");
  create(id, []);
  return id;
}

export function heldChat(id: string): ThreadChat | undefined {
  return chats.get(id);
}

/** Opens a thread from the store, and joins its running answer if there is one. */
export async function openThread(id: string): Promise<ThreadChat> {
  const held = chats.get(id);
  if (held) return held;
  const { thread, messages } = await loadThread(id);
  const again = chats.get(id);
  if (again) return again;
  const history = fromStored(messages);
  const last = history.at(-1);
  const running = Boolean(thread.running_stream);
  // A running answer is replayed from its start; what the store has of it would appear twice.
  const settled = running && last?.role === "assistant" ? history.slice(0, -1) : history;
  const entry = create(id, settled);
  patchThreadInList(id, pickHead(thread));
  if (running || last?.role === "user") void resume(entry);
  return entry;
}

function pickHead(thread: Thread): Partial<Thread> {
  return {
    title: thread.title,
    status: thread.status,
    ...(thread.version !== undefined ? { version: thread.version } : {}),
  };
}

async function resume(entry: ThreadChat): Promise<void> {
  try {
    await entry.chat.resumeStream();
  } catch {
    // Nothing to join: what the store had is the whole answer.
  }
}

/** After a lost connection the turn goes on in the studio; join it when the studio answers again. */
function rejoinWhenBack(id: string): void {
  const timer = setInterval(() => {
    void (async () => {
      const entry = chats.get(id);
      if (!entry) return clearInterval(timer);
      try {
        const { thread, messages } = await loadThread(id);
        clearInterval(timer);
        const history = fromStored(messages);
        const running = Boolean(thread.running_stream);
        entry.chat.clearError();
        if (history.length > 0)
          entry.chat.messages = running && history.at(-1)?.role === "assistant" ? history.slice(0, -1) : history;
        if (running) void resume(entry);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) {
          // The first message never reached the studio; it stays on screen with its retry.
          clearInterval(timer);
        }
      }
    })();
  }, 2000);
}

export const isBusy = (entry: ThreadChat): boolean =>
  entry.chat.status === "submitted" || entry.chat.status === "streaming";

function begin(entry: ThreadChat): void {
  entry.facts.set((f) => ({ ...f, startedAt: performance.now(), stoppedAfterMs: null }));
  entry.chat.clearError();
}

export async function sendText(id: string, text: string, about?: string | null): Promise<void> {
  const entry = chats.get(id) ?? create(id, []);
  if (isBusy(entry)) {
    entry.facts.set((f) => ({ ...f, queued: text }));
    return;
  }
  begin(entry);
  const first = entry.chat.messages.length === 0;
  if (first) patchThreadInList(id, { title: text.slice(0, 60) });
  await entry.chat.sendMessage({ text }, { body: { about: about ?? null } });
}

export async function sendAction(
  id: string,
  tool: string,
  args: Record<string, unknown>,
  artifact: string | null,
): Promise<void> {
  const entry = chats.get(id) ?? create(id, []);
  if (isBusy(entry)) return;
  begin(entry);
  await entry.chat.sendMessage(
    { parts: [{ type: "data-action", data: { tool, args, ...(artifact ? { artifact } : {}) } }] },
    { body: { about: artifact } },
  );
}

export async function editMessage(entry: ThreadChat, messageId: string, text: string): Promise<void> {
  if (isBusy(entry)) return;
  begin(entry);
  await entry.chat.sendMessage({ text, messageId });
}

export async function regenerate(entry: ThreadChat): Promise<void> {
  if (isBusy(entry)) return;
  begin(entry);
  await entry.chat.regenerate();
}

/** Asks the studio to stop; the word *stopped* waits for its answer. */
export async function stopTurn(entry: ThreadChat): Promise<void> {
  const { startedAt } = entry.facts.get();
  entry.facts.set((f) => ({ ...f, queued: null }));
  try {
    await request(`/api/chat/${entry.id}/stop`, { method: "POST" });
  } catch {
    // The studio may have finished in the same moment; leaving the stream is then all there is to do.
  }
  await entry.chat.stop();
  entry.facts.set((f) => ({
    ...f,
    startedAt: null,
    stoppedAfterMs: startedAt === null ? 0 : performance.now() - startedAt,
  }));
}

export function setQueued(entry: ThreadChat, text: string | null): void {
  entry.facts.set((f) => ({ ...f, queued: text }));
}

export function forgetChat(id: string): void {
  chats.delete(id);
}

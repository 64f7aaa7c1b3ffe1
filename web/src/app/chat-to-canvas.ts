import { artifactQuery, rememberArtifact } from "@/api/artifacts";
import { queryClient } from "@/api/query-client";
import { refreshSources } from "@/api/sources";
import type { ArtifactHead } from "@/api/types";
import { setLayout } from "@/app/layout-state";
import type { router as appRouter } from "@/app/router";
import { adoptRun, startRun } from "@/features/artifacts/sql-editor/runs";
import { readQueryResults } from "@/features/artifacts/query-results/guard";
import { readSqlEditor } from "@/features/artifacts/sql-editor/guard";
import { addTab, tabsOf } from "@/features/canvas/tabs-store";
import { setChatListener, type ThreadChat } from "@/features/chat/chat-store";
import { parseArtifactRef } from "@/lib/artifact-ref";

interface Turn {
  /** The SQL written in this turn, to which a result of the same turn belongs. */
  sql: { id: string; text: string; valid: boolean } | null;
  ran: boolean;
}
const turns = new Map<string, Turn>();
const runWhenDone = new Set<string>();

/** A prompt from the first screen promises a moving picture, so the SQL of that turn is run when it is written. */
export function runAfterTurn(threadId: string): void {
  runWhenDone.add(threadId);
}

type Router = typeof appRouter;

function openNow(router: Router, threadId: string): string | null {
  const match = router.state.matches.find((m) => m.routeId === "/t/$thread");
  if (!match || (match.params as { thread?: string }).thread !== threadId) return null;
  return parseArtifactRef((match.search as { a?: string }).a)?.id ?? "";
}

function show(router: Router, threadId: string, head: ArtifactHead): void {
  const open = openNow(router, threadId);
  const { following } = tabsOf(threadId);
  const visible = open !== null && (open === "" || following || open === head.id);
  addTab(threadId, { id: head.id, type: head.type, title: head.title }, !visible);
  if (!visible) return;
  setLayout({ canvasOpen: true });
  void router.navigate({
    to: "/t/$thread",
    params: { thread: threadId },
    search: { a: head.id },
    replace: open !== "",
  });
}

async function adopt(threadId: string, head: ArtifactHead): Promise<string | null> {
  const payload = head.data ?? (await queryClient.fetchQuery(artifactQuery(head.id)).catch(() => null))?.data;
  const results = readQueryResults(payload);
  if (!results) return null;
  const sqlId = results.sql_artifact_id ?? turns.get(threadId)?.sql?.id ?? null;
  if (sqlId) adoptRun(sqlId, results);
  return sqlId;
}

/** The one place that connects a conversation with its canvas: what the chat made is opened, remembered and run here. */
export function connectChat(router: Router): void {
  setChatListener({
    artifact: (threadId, head) => {
      rememberArtifact(head, threadId);
      void queryClient.invalidateQueries({ queryKey: ["thread-artifacts", threadId] });
      const turn = turns.get(threadId) ?? { sql: null, ran: false };
      turns.set(threadId, turn);
      if (head.type === "sql-editor") {
        const data = readSqlEditor(head.data);
        turn.sql = { id: head.id, text: data?.sql ?? "", valid: data?.valid ?? false };
      }
      if (head.type !== "query-results") return show(router, threadId, head);
      turn.ran = true;
      void adopt(threadId, head).then((sqlId) => {
        // Results of an open SQL text appear below it; they need no tab of their own.
        const beside = sqlId !== null && tabsOf(threadId).tabs.some((t) => t.id === sqlId);
        if (!beside) show(router, threadId, head);
      });
    },
    contextChanged: refreshSources,
    turnFinished: (threadId) => {
      const turn = turns.get(threadId);
      turns.delete(threadId);
      const promised = runWhenDone.delete(threadId);
      if (promised && turn?.sql?.valid && !turn.ran && turn.sql.text !== "")
        void startRun(turn.sql.id, { text: turn.sql.text, start: 0 }, threadId);
    },
  });
}

/** Tabs of a thread opened for the first time in this browser: what its messages made. */
export function seedTabs(entry: ThreadChat): void {
  if (tabsOf(entry.id).tabs.length > 0) return;
  const heads = new Map<string, ArtifactHead>();
  for (const message of entry.chat.messages) {
    for (const part of message.parts) {
      if (part.type !== "data-artifact") continue;
      const head = part.data as Partial<ArtifactHead> | null;
      if (head?.id && head.type && head.title !== undefined) heads.set(head.id, head as ArtifactHead);
    }
  }
  for (const head of heads.values()) {
    if (head.type === "query-results") {
      const results = readQueryResults(head.data);
      if (results?.sql_artifact_id && heads.has(results.sql_artifact_id)) {
        adoptRun(results.sql_artifact_id, results);
        continue;
      }
    }
    addTab(entry.id, { id: head.id, type: head.type, title: head.title }, false);
  }
}

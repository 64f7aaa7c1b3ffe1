import { Brain, Copy, Pencil, RotateCcw } from "lucide-react";
import { memo, useState } from "react";
import { useStudioActions } from "@/api/studio-actions";
import { copy, toolPhrase } from "@/lib/copy/en";
import { looksLikeSql } from "@/lib/velosql-tokens";
import { Button, IconButton } from "@/ui/button";
import { copyText } from "@/ui/copy-text";
import { showToast } from "@/ui/toast";
import { SqlText } from "@/widgets/sql-text/sql-text";
import { AnswerText, type EvidenceMark } from "@/features/chat/answer-text";
import type { TurnFacts } from "@/features/chat/chat-store";
import { ArtifactCard, Assumptions, DiagnosticBlock, Followups, Question } from "@/features/chat/data-blocks";
import { plainText, toBlocks, type Block, type VeloMessage } from "@/features/chat/messages";
import { ToolRows } from "@/features/chat/tool-rows";

const copyMessage = (text: string) => void copyText(text).then((ok) => ok && showToast(copy.chat.copied));

function timeOf(message: VeloMessage): string | null {
  const at = message.metadata?.createdAt;
  const ms = at ? Date.parse(at) : NaN;
  return Number.isFinite(ms)
    ? new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }).format(ms)
    : null;
}

export const UserMessage = memo(function UserMessage({
  message,
  onEdit,
}: {
  message: VeloMessage;
  onEdit: ((text: string) => void) | null;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  const blocks = toBlocks(message.parts);
  const text = plainText(message);
  const action = blocks.find((b) => b.kind === "action");
  if (action?.kind === "action") {
    return (
      <div data-testid="action-row" data-tool={action.tool} className="px-4 text-meta text-fg-2">
        {copy.chat.ran(toolPhrase(action.tool, action.args, false).replace(/^./, (c) => c.toLowerCase()))}
      </div>
    );
  }
  if (draft !== null && onEdit) {
    return (
      <form
        className="space-y-2 px-4"
        onSubmit={(event) => {
          event.preventDefault();
          setDraft(null);
          if (draft.trim() && draft !== text) onEdit(draft);
        }}
      >
        <textarea
          autoFocus
          aria-label={copy.chat.edit}
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          rows={Math.min(8, draft.split("\n").length + 1)}
          className="w-full resize-none rounded-control border border-control bg-surface px-3 py-2 text-chat"
        />
        <div className="flex justify-end gap-2">
          <Button tone="quiet" onClick={() => setDraft(null)}>
            {copy.chat.cancel}
          </Button>
          <Button tone="primary" type="submit">
            {copy.chat.saveEdit}
          </Button>
        </div>
      </form>
    );
  }
  return (
    <article data-testid="message-user" className="group px-4">
      <header className="flex h-6 items-center gap-2 text-meta text-fg-3">
        <span className="font-medium text-fg-2">{copy.chat.you}</span>
        <span className="num">{timeOf(message)}</span>
        <span className="ms-auto flex opacity-0 transition-opacity duration-[120ms] group-focus-within:opacity-100 group-hover:opacity-100 pointer-coarse:opacity-100">
          {onEdit && (
            <IconButton
              icon={Pencil}
              size={13}
              label={copy.chat.edit}
              className="h-6 min-w-6"
              onClick={() => setDraft(text)}
            />
          )}
          <IconButton
            icon={Copy}
            size={13}
            label={copy.chat.copyText}
            className="h-6 min-w-6"
            onClick={() => copyMessage(text)}
          />
        </span>
      </header>
      {looksLikeSql(text) ? (
        <pre className="code max-h-64 overflow-auto rounded-control border border-line bg-inset p-3 text-ui whitespace-pre-wrap">
          <SqlText sql={text} />
        </pre>
      ) : (
        <p className="text-chat break-words whitespace-pre-wrap text-fg">{text}</p>
      )}
    </article>
  );
});

function useEvidence(blocks: readonly Block[]): EvidenceMark[] {
  const { openArtifact } = useStudioActions();
  return blocks.flatMap((b) => {
    if (b.kind !== "data" || b.name !== "evidence") return [];
    const figure = b.data["figure"];
    const source = b.data["source"];
    const artifact = b.data["artifact"] ?? b.data["artifact_id"];
    const id = typeof artifact === "string" ? artifact.split("@")[0] : undefined;
    return [
      {
        figure: typeof figure === "string" ? figure : typeof figure === "number" ? figure.toLocaleString("en-US") : "",
        source: typeof source === "string" ? source : "",
        open: id ? () => openArtifact({ id }) : null,
      },
    ];
  });
}

function BlockView({
  block,
  facts,
  evidence,
  artifact,
}: {
  block: Block;
  facts: TurnFacts;
  evidence: EvidenceMark[];
  artifact: { id: string; version: number } | null;
}) {
  switch (block.kind) {
    case "tools":
      return <ToolRows tools={block.tools} facts={facts} />;
    case "text":
      return <AnswerText text={block.text} evidence={evidence} />;
    case "reasoning":
      return (
        <details className="text-meta text-fg-2">
          <summary className="inline-flex min-h-6 cursor-pointer items-center gap-1.5 rounded-chip">
            <Brain size={13} strokeWidth={1.5} aria-hidden /> {copy.chat.thought}
          </summary>
          <p className="mt-1 border-s border-line ps-3 whitespace-pre-wrap">{block.text}</p>
        </details>
      );
    case "action":
      return null;
    case "data":
      switch (block.name) {
        case "artifact":
          return <ArtifactCard data={block.data} />;
        case "assumptions":
          return <Assumptions data={block.data} artifact={artifact} />;
        case "followups":
          return <Followups data={block.data} />;
        case "question":
          return <Question data={block.data} />;
        case "diagnostic":
          return <DiagnosticBlock data={block.data} />;
        default:
          return null;
      }
  }
}

export const AssistantMessage = memo(function AssistantMessage({
  message,
  facts,
  last,
  streaming,
  onRetry,
}: {
  message: VeloMessage;
  facts: TurnFacts;
  last: boolean;
  streaming: boolean;
  onRetry: (() => void) | null;
}) {
  const blocks = toBlocks(message.parts).filter((b) => last || !(b.kind === "data" && b.name === "followups"));
  const evidence = useEvidence(blocks);
  const sql = blocks.findLast((b) => b.kind === "data" && b.name === "artifact" && b.data["type"] === "sql-editor");
  const artifact =
    sql?.kind === "data" ? { id: String(sql.data["id"]), version: Number(sql.data["version"] ?? 1) } : null;
  return (
    <article data-testid="message-assistant" data-state={streaming ? "streaming" : "ready"} className="group px-4">
      <header className="flex h-6 items-center gap-2 text-meta text-fg-3">
        <span className="font-medium text-fg-2">{copy.chat.velo}</span>
        {!streaming && (
          <span className="ms-auto flex opacity-0 transition-opacity duration-[120ms] group-focus-within:opacity-100 group-hover:opacity-100 pointer-coarse:opacity-100">
            {onRetry && (
              <IconButton
                icon={RotateCcw}
                size={13}
                label={copy.chat.retry}
                className="h-6 min-w-6"
                onClick={onRetry}
              />
            )}
            <IconButton
              icon={Copy}
              size={13}
              label={copy.chat.copyText}
              className="h-6 min-w-6"
              onClick={() => copyMessage(plainText(message))}
            />
          </span>
        )}
      </header>
      <div className="space-y-2.5">
        {blocks.map((block) => (
          <BlockView key={block.id} block={block} facts={facts} evidence={evidence} artifact={artifact} />
        ))}
      </div>
    </article>
  );
});

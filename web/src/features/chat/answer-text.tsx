import { memo, useMemo, type ReactNode } from "react";
import { parseMarkdown, type Inline, type MarkdownBlock } from "@/lib/markdown";
import { SqlText } from "@/widgets/sql-text/sql-text";

export interface EvidenceMark {
  figure: string;
  source: string;
  open: (() => void) | null;
}

/** Figures with a source are underlined and open it. */
function withEvidence(text: string, evidence: readonly EvidenceMark[]): ReactNode {
  const mark = evidence.find((e) => e.figure !== "" && text.includes(e.figure));
  if (!mark) return text;
  const at = text.indexOf(mark.figure);
  const rest = evidence.filter((e) => e !== mark);
  const shared = "num underline decoration-control decoration-1 underline-offset-4";
  return (
    <>
      {withEvidence(text.slice(0, at), rest)}
      {mark.open ? (
        <button
          type="button"
          data-testid="evidence-chip"
          title={mark.source}
          className={`${shared} rounded-chip hover:text-accent`}
          onClick={mark.open}
        >
          {mark.figure}
        </button>
      ) : (
        <span data-testid="evidence-chip" title={mark.source} className={shared}>
          {mark.figure}
        </span>
      )}
      {withEvidence(text.slice(at + mark.figure.length), rest)}
    </>
  );
}

function inline(item: Inline, i: number, evidence: readonly EvidenceMark[]): ReactNode {
  switch (item.kind) {
    case "code":
      return (
        <code key={i} className="code rounded-chip bg-inset px-1 py-px text-[12.5px]">
          {item.text}
        </code>
      );
    case "strong":
      return (
        <strong key={i} className="font-semibold">
          {withEvidence(item.text, evidence)}
        </strong>
      );
    case "link":
      return (
        <a key={i} href={item.href} target="_blank" rel="noreferrer noopener" className="text-accent underline">
          {item.text} <span className="text-meta text-fg-3">({hostOf(item.href)})</span>
        </a>
      );
    case "text":
      return <span key={i}>{withEvidence(item.text, evidence)}</span>;
  }
}

function hostOf(href: string): string {
  try {
    return new URL(href).host;
  } catch {
    return href;
  }
}

function block(item: MarkdownBlock, i: number, evidence: readonly EvidenceMark[]): ReactNode {
  switch (item.kind) {
    case "code":
      return (
        <pre key={i} className="code overflow-x-auto rounded-control border border-line bg-inset p-3 text-ui">
          <SqlText sql={item.text} />
        </pre>
      );
    case "list": {
      const List = item.ordered ? "ol" : "ul";
      return (
        <List
          key={i}
          className={item.ordered ? "list-decimal space-y-0.5 ps-5" : "list-disc space-y-0.5 ps-5 marker:text-fg-3"}
        >
          {item.items.map((entry, j) => (
            <li key={j}>{entry.map((part, k) => inline(part, k, evidence))}</li>
          ))}
        </List>
      );
    }
    case "heading":
      return (
        <p key={i} className="font-semibold">
          {item.inlines.map((part, j) => inline(part, j, evidence))}
        </p>
      );
    case "paragraph":
      return (
        <p key={i} className="whitespace-pre-line">
          {item.inlines.map((part, j) => inline(part, j, evidence))}
        </p>
      );
  }
}

export const AnswerText = memo(function AnswerText({
  text,
  evidence,
}: {
  text: string;
  evidence: readonly EvidenceMark[];
}) {
  const blocks = useMemo(() => parseMarkdown(text), [text]);
  return (
    <div className="space-y-2 text-chat break-words text-fg">{blocks.map((item, i) => block(item, i, evidence))}</div>
  );
});

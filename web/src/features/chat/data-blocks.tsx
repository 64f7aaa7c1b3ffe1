import { ChevronDown } from "lucide-react";
import { useStudioActions } from "@/api/studio-actions";
import { readErrorBody } from "@/api/errors";
import { copy } from "@/lib/copy/en";
import { ChipButton, Tag } from "@/ui/chip";
import { Button } from "@/ui/button";
import { ErrorBlock } from "@/ui/error-block";
import { Menu } from "@/ui/menu";
import { ArtifactIcon } from "@/widgets/artifact-icon";

type Data = Record<string, unknown>;
const records = (value: unknown): Data[] =>
  Array.isArray(value) ? value.filter((v): v is Data => typeof v === "object" && v !== null) : [];
const str = (value: unknown): string => (typeof value === "string" ? value : "");

/** The two-line card of an artifact. Its body never renders inside a message. */
export function ArtifactCard({ data }: { data: Data }) {
  const { openArtifact } = useStudioActions();
  const id = str(data["id"]);
  const version = typeof data["version"] === "number" ? data["version"] : 1;
  return (
    <button
      type="button"
      data-testid="artifact-card"
      data-artifact-type={str(data["type"])}
      data-artifact-id={id}
      data-version={version}
      onClick={() => openArtifact({ id, version })}
      className="group grid w-full grid-cols-[16px_minmax(0,1fr)_auto] items-center gap-x-2.5 rounded-control border border-line bg-surface px-3 py-2 transition-colors duration-[120ms] hover:border-control hover:bg-hover"
    >
      <ArtifactIcon type={str(data["type"])} className="text-fg-2" />
      <span className="truncate text-ui font-medium text-fg">
        {str(data["title"])}{" "}
        <span className="num ps-1 text-meta font-normal text-fg-3">{copy.canvas.version(version)}</span>
      </span>
      <span className="text-meta text-accent">
        {copy.chat.open} <span aria-hidden>→</span>
      </span>
      {str(data["summary"]) !== "" && data["summary"] !== data["title"] && (
        <span className="col-start-2 truncate text-meta text-fg-2">{str(data["summary"])}</span>
      )}
    </button>
  );
}

export function Assumptions({ data, artifact }: { data: Data; artifact: { id: string; version: number } | null }) {
  const { act } = useStudioActions();
  const list = records(data["assumptions"]);
  if (list.length === 0) return null;
  return (
    <div className="flex flex-wrap items-center gap-1.5">
      <span className="text-micro text-fg-3">{copy.chat.understood}</span>
      {list.map((assumption, i) => {
        const label = str(assumption["text"]);
        const alternatives = records(assumption["alternatives"]);
        if (alternatives.length === 0) {
          return (
            <Tag key={i} data-testid="assumption-chip">
              <span className="truncate">{label}</span>
            </Tag>
          );
        }
        return (
          <Menu
            key={i}
            align="start"
            label={label}
            trigger={
              <ChipButton data-testid="assumption-chip" className="h-6">
                {label} <ChevronDown size={12} aria-hidden />
              </ChipButton>
            }
            items={alternatives.map((alternative) => ({
              label: str(alternative["label"]),
              onSelect: () =>
                act("generate_sql", { prompt: str(alternative["label"]), mode: "edit" }, artifact ?? undefined),
            }))}
          />
        );
      })}
    </div>
  );
}

export function Followups({ data }: { data: Data }) {
  const { ask, act } = useStudioActions();
  const items = records(data["items"]).slice(0, 4);
  if (items.length === 0) return null;
  return (
    <div className="flex flex-wrap items-center gap-1.5">
      <span className="text-micro text-fg-3">{copy.chat.next}</span>
      {items.map((item, i) => {
        const action = typeof item["action"] === "object" && item["action"] !== null ? (item["action"] as Data) : null;
        const prompt = str(item["prompt"]);
        const label = str(item["label"]) || prompt;
        const tool = str(action?.["tool"]);
        if (!prompt && !tool) return null;
        return (
          <ChipButton
            key={i}
            data-testid="prompt-chip"
            onClick={() => (tool ? act(tool, (action?.["args"] ?? action?.["arguments"] ?? {}) as Data) : ask(prompt))}
          >
            <span className="truncate">{label}</span>
          </ChipButton>
        );
      })}
    </div>
  );
}

export function Question({ data }: { data: Data }) {
  const { ask } = useStudioActions();
  const options = Array.isArray(data["options"]) ? data["options"] : [];
  return (
    <div
      role="group"
      aria-label={str(data["question"])}
      data-testid="question"
      className="space-y-2 rounded-control border border-line px-3 py-2.5"
    >
      <p className="text-chat text-fg">{str(data["question"])}</p>
      <div className="flex flex-wrap gap-2">
        {options.map((option: unknown, i: number) => {
          const record = typeof option === "object" && option !== null ? (option as Data) : {};
          const label = typeof option === "string" ? option : str(record["label"]) || str(record["text"]);
          const says = str(record["prompt"]) || str(record["value"]) || label;
          return (
            <Button key={i} onClick={() => ask(says)} className="h-auto min-h-7 py-1 whitespace-normal">
              {label}
            </Button>
          );
        })}
      </div>
    </div>
  );
}

export function DiagnosticBlock({ data }: { data: Data }) {
  const { act, prefill } = useStudioActions();
  const body = readErrorBody(data, str(data["message"]) || copy.chat.broke);
  const actions = (body.fixes ?? []).flatMap((fix) => {
    const tool = fix.tool;
    return tool ? [{ label: fix.title, run: () => act(tool, fix.arguments ?? {}) }] : [];
  });
  const closest = Array.isArray(body.details?.["closest"])
    ? body.details["closest"].filter((c): c is string => typeof c === "string")
    : [];
  return (
    <ErrorBlock error={{ ...body, details: undefined }} actions={actions}>
      {closest.length > 0 && (
        <div className="flex flex-wrap gap-1.5 pt-1">
          {closest.slice(0, 4).map((text) => (
            <ChipButton key={text} onClick={() => prefill(text)}>
              {text}
            </ChipButton>
          ))}
        </div>
      )}
    </ErrorBlock>
  );
}

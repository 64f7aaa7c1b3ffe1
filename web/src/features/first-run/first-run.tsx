import { useQueries, useQuery } from "@tanstack/react-query";
import { Database, MessageSquareText } from "lucide-react";
import { useMemo, type ReactNode } from "react";
import { promptsQuery, topicSchemaQuery, useTopics, type Prompt } from "@/api/sources";
import { useSystemInfo } from "@/api/system";
import { copy } from "@/lib/copy/en";
import { promptChips, type TopicShape } from "@/lib/prompt-chips";
import { ChipButton } from "@/ui/chip";
import { DemoStrip } from "@/features/first-run/demo-strip";

/** Enough topics for three prompts; the rest waits for the reader. */
const MAX_TOPICS = 6;
const PREFERRED = ["trades", "orders"];

function rank(name: string): number {
  const at = PREFERRED.indexOf(name);
  return at < 0 ? PREFERRED.length : at;
}

function useShapes(): { shapes: TopicShape[]; pending: boolean } {
  const topics = useTopics();
  const names = useMemo(
    () =>
      (topics.data?.topics ?? [])
        .filter((t) => t.is_test_topic !== true && !(t.flags ?? []).includes("dlq"))
        .map((t) => t.name)
        .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
        .slice(0, MAX_TOPICS),
    [topics.data],
  );
  const schemas = useQueries({ queries: names.map((name) => topicSchemaQuery(name)) });
  const shapes = names.flatMap((name, i): TopicShape[] => {
    const schema = schemas[i]?.data;
    const columns = schema?.columns ?? (schema?.fields ?? []).map(([field, type]) => ({ name: field, type }));
    return columns.length > 0 ? [{ name, columns }] : [];
  });
  // Chips appear once, complete: they must not change under the pointer.
  const pending = topics.isPending || schemas.some((s) => s.isPending);
  return { shapes, pending };
}

/** The studio's own prompts; where it has none, those that the schemas suggest. They appear once, complete. */
function useChips(shapes: readonly TopicShape[], pending: boolean): Prompt[] {
  const prompts = useQuery(promptsQuery);
  if (prompts.isPending) return [];
  if (prompts.data && prompts.data.length >= 3) return prompts.data.slice(0, 3);
  return pending ? [] : promptChips(shapes).map((text) => ({ label: text, prompt: text }));
}

export interface FirstRunProps {
  composer: ReactNode;
  onChip: (text: string) => void;
  onPrefill: (text: string) => void;
  onOpenTopic: (name: string) => void;
  onConnect: (uri: string) => void;
}

/** The first ten seconds: one box, three prompts made from real schemas, and a stream that really moves. */
export function FirstRun({ composer, onChip, onPrefill, onOpenTopic, onConnect }: FirstRunProps) {
  const { shapes, pending } = useShapes();
  const system = useSystemInfo();
  const chips = useChips(shapes, pending);
  const strip = shapes[0];
  const kafka = system.data?.detected?.find((d) => d.kind === "kafka");
  return (
    <div data-testid="first-run" data-state={pending ? "loading" : "ready"} className="flex h-full overflow-y-auto">
      <div className="m-auto w-full max-w-[760px] space-y-6 px-6 py-10 max-md:px-4 max-md:py-6">
        <h1 className="text-center text-hero font-semibold tracking-[-0.01em] text-balance text-fg max-md:text-start max-md:text-page">
          {copy.firstRun.headline}
        </h1>
        <div className="space-y-3">
          {composer}
          <div className="flex min-h-6 flex-wrap justify-center gap-2 max-md:justify-start">
            {chips.map((chip) => (
              <ChipButton key={chip.prompt} data-testid="prompt-chip" onClick={() => onChip(chip.prompt)}>
                {chip.label}
              </ChipButton>
            ))}
          </div>
        </div>
        <div className="min-h-9">
          {strip ? (
            <DemoStrip shape={strip} onOpen={() => onOpenTopic(strip.name)} />
          ) : (
            !pending && (
              <div className="flex min-h-9 items-center justify-between border-y border-line px-1 text-meta text-fg-2">
                {copy.firstRun.noDemo}
                <button
                  type="button"
                  className="min-h-6 rounded-chip text-accent hover:underline"
                  onClick={() => onPrefill("Connect to kafka://")}
                >
                  {copy.firstRun.connectSource}
                </button>
              </div>
            )
          )}
        </div>
        <div className="grid grid-cols-2 gap-3 max-md:grid-cols-1">
          <StartCard
            testId="start-data"
            icon={<Database size={16} strokeWidth={1.5} aria-hidden />}
            title={copy.firstRun.haveData}
            text={copy.firstRun.haveDataText}
            onClick={() => onPrefill(copy.firstRun.haveDataPrompt)}
          />
          <StartCard
            testId="start-intent"
            icon={<MessageSquareText size={16} strokeWidth={1.5} aria-hidden />}
            title={copy.firstRun.knowWhat}
            text={copy.firstRun.knowWhatText}
            onClick={() => onPrefill(copy.firstRun.knowWhatPrompt)}
          />
        </div>
        <div className="space-y-1 text-center text-meta text-fg-3 max-md:text-start">
          {kafka && (
            <p data-testid="found-source">
              {copy.firstRun.found(kafka.address)} ·{" "}
              <button
                type="button"
                className="min-h-6 rounded-chip text-accent hover:underline"
                onClick={() => onConnect(`kafka://${kafka.address}`)}
              >
                {copy.firstRun.connect}
              </button>
            </p>
          )}
          <p>{copy.firstRun.builtin}</p>
        </div>
      </div>
    </div>
  );
}

function StartCard({
  testId,
  icon,
  title,
  text,
  onClick,
}: {
  testId: string;
  icon: ReactNode;
  title: string;
  text: string;
  onClick: () => void;
}) {
  return (
    <button
      type="button"
      data-testid={testId}
      onClick={onClick}
      className="rounded-control border border-line bg-surface p-4 transition-colors duration-[120ms] hover:border-control hover:bg-hover"
    >
      <span className="flex items-center gap-2 text-chat font-medium text-fg">
        <span className="text-accent">{icon}</span>
        {title}
      </span>
      <span className="mt-1 block text-ui text-fg-2">{text}</span>
    </button>
  );
}

import { useChat } from "@ai-sdk/react";
import { ArrowDown } from "lucide-react";
import { useState, useSyncExternalStore, type ReactNode, type RefObject } from "react";
import { toErrorBody } from "@/api/errors";
import { copy } from "@/lib/copy/en";
import { formatDuration } from "@/lib/format/time";
import { Button } from "@/ui/button";
import { ErrorBlock } from "@/ui/error-block";
import { Mark } from "@/ui/mark";
import { usePhone } from "@/ui/use-media";
import { Composer, type AboutOption } from "@/features/chat/composer";
import { useComposerDraft } from "@/features/chat/composer-draft";
import { editMessage, regenerate, sendText, setQueued, stopTurn, type ThreadChat } from "@/features/chat/chat-store";
import { AssistantMessage, UserMessage } from "@/features/chat/message-view";
import { plainText } from "@/features/chat/messages";
import { useStickToEnd } from "@/features/chat/use-stick-to-end";

/** Text commits at most ten times a second. */
const THROTTLE_MS = 100;

export interface ThreadViewProps {
  entry: ThreadChat;
  about: { focused: AboutOption | null; options: readonly AboutOption[] };
  emptyState: ReactNode;
  onSent: () => void;
  box: RefObject<HTMLTextAreaElement | null>;
}

export function ThreadView({ entry, about, emptyState, onSent, box }: ThreadViewProps) {
  const { messages, status, error } = useChat({ chat: entry.chat, experimental_throttle: THROTTLE_MS });
  const facts = useSyncExternalStore(entry.facts.subscribe, entry.facts.get);
  const [draft, setDraft] = useComposerDraft(entry.id);
  // Undefined: follow the focused artifact. Null: about the whole thread.
  const [chosenAbout, setChosenAbout] = useState<string | null | undefined>(undefined);
  const phone = usePhone();
  const busy = status === "submitted" || status === "streaming";
  const { scroller, onScroll, behind, toEnd } = useStickToEnd(messages);
  const last = messages.at(-1);
  // The answer itself may carry the error with its cure; then it is said once.
  const explained = last?.role === "assistant" && last.parts.some((part) => part.type === "data-diagnostic");
  const chosen = chosenAbout === undefined ? about.focused : (about.options.find((o) => o.ref === chosenAbout) ?? null);

  const send = (text: string) => {
    onSent();
    toEnd();
    setChosenAbout(undefined);
    void sendText(entry.id, text, chosen?.ref ?? null);
  };
  const lastUser = messages.findLast((m) => m.role === "user");

  return (
    <section
      data-testid="thread-view"
      data-status={status}
      className="flex h-full min-h-0 flex-col"
      aria-label={copy.chat.log}
    >
      <div className="relative min-h-0 flex-1">
        <div
          ref={scroller}
          onScroll={onScroll}
          role="log"
          aria-live="off"
          tabIndex={0}
          aria-label={copy.chat.log}
          className="h-full overflow-y-auto py-4 focus-visible:outline-offset-[-2px]"
        >
          <div className="mx-auto max-w-[680px] space-y-5">
            {messages.length === 0 && emptyState}
            {messages.map((message) =>
              message.role === "user" ? (
                <UserMessage
                  key={message.id}
                  message={message}
                  onEdit={busy ? null : (text) => void editMessage(entry, message.id, text)}
                />
              ) : (
                <AssistantMessage
                  key={message.id}
                  message={message}
                  facts={facts}
                  last={message === last}
                  streaming={busy && message === last}
                  onRetry={message === last && !busy ? () => void regenerate(entry) : null}
                />
              ),
            )}
            {status === "submitted" && (
              <p className="flex items-center gap-2 px-4 text-meta text-fg-2">
                <Mark moving size={14} /> {copy.chat.working}
              </p>
            )}
            {facts.stoppedAfterMs !== null && !busy && (
              <p className="flex items-center gap-3 px-4 text-meta text-fg-2">
                {copy.chat.stopped(formatDuration(facts.stoppedAfterMs))}
                <button
                  type="button"
                  className="min-h-6 rounded-chip text-accent hover:underline"
                  onClick={() => void regenerate(entry)}
                >
                  {copy.chat.continueAnswer}
                </button>
              </p>
            )}
            {error && !busy && !explained && (
              <div className="px-4">
                <ErrorBlock
                  error={toErrorBody(error)}
                  actions={[{ label: copy.chat.retry, run: () => void regenerate(entry) }]}
                />
              </div>
            )}
          </div>
        </div>
        {behind && (
          <Button
            icon={ArrowDown}
            className="absolute bottom-3 left-1/2 z-10 -translate-x-1/2 bg-raised"
            onClick={toEnd}
          >
            {copy.chat.newBelow}
          </Button>
        )}
      </div>
      <p aria-live="polite" className="sr-only">
        {!busy && last?.role === "assistant" ? plainText(last).slice(0, 400) : ""}
      </p>
      <div className="mx-auto w-full max-w-[680px] px-3 pb-3">
        <Composer
          box={box}
          value={draft}
          onChange={setDraft}
          onSend={send}
          busy={busy}
          onStop={() => void stopTurn(entry)}
          queued={facts.queued}
          onQueued={(text) => setQueued(entry, text)}
          about={{ chosen, options: about.options, choose: (ref) => setChosenAbout(ref) }}
          {...(lastUser ? { onRecall: () => setDraft(plainText(lastUser)) } : {})}
          footer={phone ? null : copy.composer.builtin}
          placeholder={phone ? copy.composer.label : copy.composer.placeholder}
        />
      </div>
    </section>
  );
}

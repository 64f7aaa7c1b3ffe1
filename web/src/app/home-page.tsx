import { Navigate, getRouteApi, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useThreads } from "@/api/threads";
import { StudioActionsContext } from "@/api/studio-actions";
import { runAfterTurn } from "@/app/chat-to-canvas";
import { focusComposer, NEW_DRAFT, useStudioActionsOf } from "@/app/use-studio-actions";
import { Composer } from "@/features/chat/composer";
import { useComposerDraft } from "@/features/chat/composer-draft";
import { sendText, startThread } from "@/features/chat/chat-store";
import { FirstRun } from "@/features/first-run/first-run";
import { copy } from "@/lib/copy/en";
import { usePhone } from "@/ui/use-media";

const route = getRouteApi("/");

export function HomePage() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const threads = useThreads();
  const actions = useStudioActionsOf(null);
  const [draft, setDraft] = useComposerDraft(NEW_DRAFT);
  const box = useRef<HTMLTextAreaElement>(null);
  const phone = usePhone();
  const wantsNew = search.new === true || search.prompt !== undefined;
  const last = threads.data?.[0];

  useEffect(() => {
    if (!phone) box.current?.focus();
  }, [phone, threads.isPending]);

  if (!wantsNew && threads.isPending) return null;
  if (!wantsNew && last) return <Navigate to="/t/$thread" params={{ thread: last.id }} replace />;

  const send = (text: string, promised = false) => {
    const id = startThread();
    if (promised) runAfterTurn(id);
    setDraft("");
    void navigate({ to: "/t/$thread", params: { thread: id } }).then(phone ? undefined : focusComposer);
    void sendText(id, text);
  };
  const prefill = (text: string) => {
    setDraft(text);
    focusComposer();
  };
  return (
    <StudioActionsContext value={actions}>
      <FirstRun
        composer={
          <Composer
            large
            box={box}
            // A link may bring words along; they are shown, never sent by themselves.
            value={draft === "" && search.prompt !== undefined ? search.prompt : draft}
            onChange={(text) => {
              setDraft(text);
              if (search.prompt !== undefined) void navigate({ to: "/", search: { new: true }, replace: true });
            }}
            onSend={(text) => send(text)}
            busy={false}
            placeholder={copy.firstRun.placeholder}
          />
        }
        onChip={(text) => send(text, true)}
        onPrefill={prefill}
        onOpenTopic={(name) => void navigate({ to: "/sources", search: { name, view: "rows" } })}
        onConnect={(uri) => send(`Connect to ${uri}`)}
      />
    </StudioActionsContext>
  );
}

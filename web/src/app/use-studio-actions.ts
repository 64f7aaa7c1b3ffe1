import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import type { StudioActions } from "@/api/studio-actions";
import { setLayout } from "@/app/layout-state";
import { addTab, setFollowing, tabsOf } from "@/features/canvas/tabs-store";
import { sendAction, sendText, startThread } from "@/features/chat/chat-store";
import { setComposerDraft } from "@/features/chat/composer-draft";
import { artifactQuery } from "@/api/artifacts";
import { queryClient } from "@/api/query-client";
import { formatArtifactRef } from "@/lib/artifact-ref";

export const NEW_DRAFT = "new";

export function focusComposer(): void {
  setTimeout(() => {
    const box = document.querySelector<HTMLTextAreaElement>('[data-testid="composer-input"]');
    box?.focus();
    box?.setSelectionRange(box.value.length, box.value.length);
  }, 30);
}

/** Both doors of the studio: what a click asks for is said in the thread, in a new one when none is open. */
export function useStudioActionsOf(threadId: string | null): StudioActions {
  const navigate = useNavigate();
  return useMemo(() => {
    const inThread = async (): Promise<string> => {
      const id = threadId ?? startThread();
      setFollowing(id, true);
      if (threadId === null) await navigate({ to: "/t/$thread", params: { thread: id } });
      return id;
    };
    return {
      threadId,
      ask: (text) => void inThread().then((id) => sendText(id, text)),
      prefill: (text) => {
        setComposerDraft(threadId ?? NEW_DRAFT, text);
        setLayout({ phonePane: "chat" });
        if (threadId === null) void navigate({ to: "/", search: { new: true } }).then(focusComposer);
        else focusComposer();
      },
      act: (tool, args, artifact) =>
        void inThread().then((id) =>
          sendAction(id, tool, args, artifact ? `${artifact.id}@${artifact.version}` : null),
        ),
      openArtifact: (ref) => {
        if (threadId === null) return;
        setLayout({ canvasOpen: true, phonePane: "canvas" });
        const known = tabsOf(threadId).tabs.find((t) => t.id === ref.id);
        if (known) addTab(threadId, known, false);
        else {
          void queryClient
            .fetchQuery(artifactQuery(ref.id))
            .then((artifact) =>
              addTab(threadId, { id: artifact.id, type: artifact.type, title: artifact.title }, false),
            )
            .catch(() => undefined);
        }
        const newest = queryClient.getQueryData(artifactQuery(ref.id).queryKey)?.version;
        const pinned = ref.version !== undefined && newest !== undefined && ref.version < newest;
        void navigate({
          to: "/t/$thread",
          params: { thread: threadId },
          search: { a: formatArtifactRef(pinned ? ref : { id: ref.id }) },
        });
      },
    };
  }, [threadId, navigate]);
}

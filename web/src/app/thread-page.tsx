import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useRef, type ReactNode } from "react";
import { Group, Panel, Separator } from "react-resizable-panels";
import { ApiError, toErrorBody } from "@/api/errors";
import { useThreads } from "@/api/threads";
import { StudioActionsContext } from "@/api/studio-actions";
import { seedTabs } from "@/app/chat-to-canvas";
import { setLayout, useLayout } from "@/app/layout-state";
import { NotFound } from "@/app/not-found";
import { PaneBoundary } from "@/app/pane-error";
import { useStudioActionsOf } from "@/app/use-studio-actions";
import { artifactKind } from "@/features/artifacts/registry";
import { Canvas } from "@/features/canvas/canvas";
import { closeTab, seeTab, setFollowing, useTabs } from "@/features/canvas/tabs-store";
import { heldChat, openThread, type ThreadChat } from "@/features/chat/chat-store";
import { ThreadView } from "@/features/chat/thread-view";
import { formatArtifactRef, parseArtifactRef, type ArtifactRef } from "@/lib/artifact-ref";
import { copy } from "@/lib/copy/en";
import { cx } from "@/ui/cx";
import { EmptyState } from "@/ui/empty-state";
import { ErrorBlock } from "@/ui/error-block";
import { usePhone } from "@/ui/use-media";

const route = getRouteApi("/t/$thread");
const SEPARATOR =
  "w-px bg-line outline-none transition-colors duration-[120ms] hover:bg-accent focus-visible:bg-focus data-[separator=active]:bg-accent";

export function ThreadPage() {
  const { thread } = route.useParams();
  const opened = useQuery({
    queryKey: ["thread-open", thread],
    staleTime: Infinity,
    gcTime: 0,
    structuralSharing: false,
    initialData: () => heldChat(thread),
    queryFn: async () => {
      const entry = await openThread(thread);
      seedTabs(entry);
      return entry;
    },
  });
  if (opened.data) return <OpenThread key={thread} entry={opened.data} />;
  if (opened.error instanceof ApiError && opened.error.status === 404)
    return <NotFound title={copy.errors.threadGone} />;
  if (opened.error) {
    return (
      <div className="p-6">
        <ErrorBlock
          error={toErrorBody(opened.error)}
          actions={[{ label: copy.errors.retry, run: () => void opened.refetch() }]}
        />
      </div>
    );
  }
  return <div className="skeleton m-6 h-32" data-state="loading" />;
}

function OpenThread({ entry }: { entry: ThreadChat }) {
  const search = route.useSearch();
  const navigate = useNavigate();
  const layout = useLayout();
  const phone = usePhone();
  const title = useThreads().data?.find((t) => t.id === entry.id)?.title ?? copy.nav.untitled;
  const actions = useStudioActionsOf(entry.id);
  const { tabs } = useTabs(entry.id);
  const box = useRef<HTMLTextAreaElement>(null);

  // Without a stated artifact the newest tab is open, so that a bare link shows something.
  const open: ArtifactRef | null =
    parseArtifactRef(search.a) ?? (tabs.length > 0 ? { id: tabs.at(-1)?.id ?? "" } : null);
  const focused = open ? tabs.find((t) => t.id === open.id) : undefined;
  const options = tabs.slice(-8).map((t) => ({ ref: t.id, label: t.title }));

  const onOpen = (ref: ArtifactRef) => {
    setFollowing(entry.id, false);
    seeTab(entry.id, ref.id);
    void navigate({ to: "/t/$thread", params: { thread: entry.id }, search: { a: formatArtifactRef(ref) } });
  };
  const onClose = (id: string) => {
    const next = closeTab(entry.id, id);
    if (id === open?.id)
      void navigate({ to: "/t/$thread", params: { thread: entry.id }, search: next ? { a: next } : {}, replace: true });
  };

  const chat = (
    <PaneBoundary>
      <ThreadView
        entry={entry}
        box={box}
        about={{ focused: focused ? { ref: focused.id, label: focused.title } : null, options }}
        emptyState={<EmptyState title={copy.chat.empty} />}
        onSent={() => setFollowing(entry.id, true)}
      />
    </PaneBoundary>
  );
  const canvas = (
    <PaneBoundary>
      <Canvas
        threadId={entry.id}
        open={open}
        onOpen={onOpen}
        onClose={onClose}
        wide={layout.canvasWide}
        onWide={phone ? null : () => setLayout({ canvasWide: !layout.canvasWide })}
        render={(artifact, frozen): ReactNode => artifactKind(artifact.type)?.render(artifact, frozen) ?? null}
      />
    </PaneBoundary>
  );

  return (
    <StudioActionsContext value={actions}>
      {phone ? (
        <div className="h-full">
          <main data-pane aria-label={copy.chat.log} className={cx("h-full", layout.phonePane !== "chat" && "hidden")}>
            {chat}
          </main>
          {layout.phonePane === "canvas" && (
            <aside data-pane id="canvas" aria-label={copy.canvas.label} className="h-full">
              {canvas}
            </aside>
          )}
        </div>
      ) : (
        <Group orientation="horizontal" className="h-full">
          {!layout.canvasWide && (
            <Panel
              id="chat"
              defaultSize={layout.canvasOpen ? "440px" : "100%"}
              minSize="320px"
              maxSize={layout.canvasOpen ? "60%" : "100%"}
              groupResizeBehavior="preserve-pixel-size"
            >
              <main data-pane tabIndex={-1} aria-label={copy.chat.log} className="h-full bg-canvas">
                <div className="flex h-full flex-col">
                  <header className="flex h-10 shrink-0 items-center border-b border-line px-4">
                    <h1 className="truncate text-ui font-medium text-fg">{title}</h1>
                  </header>
                  <div className="min-h-0 flex-1">{chat}</div>
                </div>
              </main>
            </Panel>
          )}
          {layout.canvasOpen && !layout.canvasWide && (
            <Separator className={SEPARATOR} aria-label={copy.canvas.label} />
          )}
          {layout.canvasOpen && (
            <Panel id="canvas-pane" minSize="360px">
              <aside data-pane tabIndex={-1} id="canvas" aria-label={copy.canvas.label} className="h-full">
                {canvas}
              </aside>
            </Panel>
          )}
        </Group>
      )}
    </StudioActionsContext>
  );
}

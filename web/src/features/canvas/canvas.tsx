import { useQuery } from "@tanstack/react-query";
import { ChevronDown, Link as LinkIcon, Maximize2, Minimize2, X } from "lucide-react";
import { Suspense, useEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { artifactQuery } from "@/api/artifacts";
import { toErrorBody } from "@/api/errors";
import type { Artifact } from "@/api/types";
import { formatArtifactRef, type ArtifactRef } from "@/lib/artifact-ref";
import { copy } from "@/lib/copy/en";
import { Button, IconButton } from "@/ui/button";
import { ChipButton } from "@/ui/chip";
import { copyText } from "@/ui/copy-text";
import { cx } from "@/ui/cx";
import { EmptyState } from "@/ui/empty-state";
import { ErrorBlock } from "@/ui/error-block";
import { HeaderSlotsContext } from "@/ui/header-slots";
import { Menu } from "@/ui/menu";
import { showToast } from "@/ui/toast";
import { ArtifactIcon } from "@/widgets/artifact-icon";
import { setFollowing, useTabs, type CanvasTab } from "@/features/canvas/tabs-store";

export interface CanvasProps {
  threadId: string;
  open: ArtifactRef | null;
  onOpen: (ref: ArtifactRef) => void;
  onClose: (id: string) => void;
  wide: boolean;
  onWide: (() => void) | null;
  render: (artifact: Artifact, frozen: boolean) => ReactNode;
}

export function Canvas(props: CanvasProps) {
  const { threadId, open, onOpen, onClose } = props;
  const { tabs } = useTabs(threadId);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const at = tabs.findIndex((t) => t.id === open?.id);
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = step === 0 ? undefined : tabs[(at + step + tabs.length) % tabs.length];
    if (!next) return;
    event.preventDefault();
    onOpen({ id: next.id });
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <div data-testid="canvas" data-state={open ? "ready" : "empty"} className="flex h-full min-h-0 flex-col bg-surface">
      {tabs.length > 0 && (
        <div className="flex h-10 shrink-0 items-stretch border-b border-line bg-canvas">
          <div
            role="tablist"
            aria-label={copy.canvas.label}
            className="flex min-w-0 flex-1 overflow-x-auto"
            onKeyDown={onKeyDown}
          >
            {tabs.map((tab) => (
              <TabButton
                key={tab.id}
                tab={tab}
                active={tab.id === open?.id}
                onOpen={() => onOpen({ id: tab.id })}
                onClose={() => onClose(tab.id)}
              />
            ))}
          </div>
          <div className="flex items-center px-1.5">
            {open && (
              <IconButton
                icon={LinkIcon}
                size={14}
                label={copy.canvas.copyLink}
                onClick={() =>
                  void copyText(`${location.origin}${location.pathname}?a=${formatArtifactRef(open)}`).then(
                    (ok) => ok && showToast(copy.canvas.linkCopied),
                  )
                }
              />
            )}
            {props.onWide && (
              <IconButton
                icon={props.wide ? Minimize2 : Maximize2}
                size={14}
                label={props.wide ? copy.canvas.shrink : copy.canvas.expand}
                onClick={props.onWide}
              />
            )}
          </div>
        </div>
      )}
      <div
        id="canvas-panel"
        role={open ? "tabpanel" : undefined}
        aria-labelledby={open ? `tab-${open.id}` : undefined}
        className="min-h-0 flex-1"
        onPointerDownCapture={() => setFollowing(threadId, false)}
        onKeyDownCapture={() => setFollowing(threadId, false)}
      >
        {open ? (
          <OpenArtifact key={`${open.id}@${open.version ?? ""}`} {...props} open={open} />
        ) : (
          <EmptyState title={copy.canvas.empty} text={copy.canvas.emptyText} />
        )}
      </div>
    </div>
  );
}

function TabButton({
  tab,
  active,
  onOpen,
  onClose,
}: {
  tab: CanvasTab;
  active: boolean;
  onOpen: () => void;
  onClose: () => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (active) box.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [active]);
  return (
    <div
      ref={box}
      className={cx(
        "group relative flex max-w-56 shrink-0 items-center border-e border-line",
        active
          ? "bg-surface text-fg after:absolute after:inset-x-0 after:-bottom-px after:h-px after:bg-surface"
          : "text-fg-2 hover:bg-hover hover:text-fg",
      )}
    >
      <button
        id={`tab-${tab.id}`}
        type="button"
        role="tab"
        data-testid="canvas-tab"
        data-artifact-id={tab.id}
        data-artifact-type={tab.type}
        aria-selected={active}
        aria-controls="canvas-panel"
        tabIndex={active ? 0 : -1}
        onClick={onOpen}
        onAuxClick={(event) => event.button === 1 && onClose()}
        onKeyDown={(event) => event.key === "Delete" && onClose()}
        className="flex h-full min-w-0 items-center gap-1.5 ps-3 pe-1.5 text-ui focus-visible:outline-offset-[-3px]"
      >
        <ArtifactIcon type={tab.type} size={14} className={active ? "text-accent" : "text-fg-3"} />
        <span className="truncate">{tab.title}</span>
        {tab.dot && <span role="img" aria-label="new" className="h-1.5 w-1.5 shrink-0 rounded-full bg-accent" />}
      </button>
      <button
        type="button"
        tabIndex={-1}
        // For the pointer only; with the keyboard Delete closes the tab. A tab list may hold nothing but tabs.
        aria-hidden
        title={copy.canvas.close(tab.title)}
        onClick={onClose}
        className="me-1.5 grid h-6 w-6 place-items-center rounded-chip text-fg-3 opacity-60 group-hover:opacity-100 hover:bg-hover hover:text-fg"
      >
        <X size={13} strokeWidth={1.5} aria-hidden />
      </button>
    </div>
  );
}

function OpenArtifact({ open, onOpen, render }: CanvasProps & { open: ArtifactRef }) {
  const [facts, setFacts] = useState<HTMLElement | null>(null);
  const [actions, setActions] = useState<HTMLElement | null>(null);
  const slots = useMemo(() => ({ facts, actions }), [facts, actions]);
  const current = useQuery(artifactQuery(open.id));
  const pinned = useQuery({ ...artifactQuery(open.id, open.version), enabled: open.version !== undefined });
  const newest = current.data;
  const old = open.version !== undefined && newest !== undefined && open.version < newest.version;
  const artifact = old ? pinned.data : newest;
  if (!artifact) {
    const error = current.error ?? pinned.error;
    if (!error) return <div className="skeleton m-4 h-40" />;
    return (
      <div className="p-4">
        <ErrorBlock
          error={{
            ...toErrorBody(error),
            ...(toErrorBody(error).code.endsWith("NOT_FOUND") ? { message: copy.canvas.missing } : {}),
          }}
          actions={[{ label: copy.errors.retry, run: () => void current.refetch() }]}
        />
      </div>
    );
  }
  const versions = newest?.versions ?? [];
  const shown = artifact.version;
  const count = Math.max(newest?.version ?? 1, ...versions.map((v) => v.version));
  const items = Array.from({ length: count }, (_, i) => count - i).map((version) => {
    const facts = versions.find((v) => v.version === version);
    return {
      label: copy.canvas.version(version),
      checked: version === shown,
      ...(facts?.message || facts?.author ? { detail: facts.message ?? facts.author ?? "" } : {}),
      onSelect: () => onOpen(version === newest?.version ? { id: open.id } : { id: open.id, version }),
    };
  });
  return (
    <section
      data-testid="artifact"
      data-artifact-type={artifact.type}
      data-artifact-id={artifact.id}
      data-version={shown}
      data-state={old ? "readonly" : (artifact.state ?? "ready")}
      aria-label={artifact.title}
      className="flex h-full min-h-0 flex-col"
    >
      <header className="flex min-h-11 flex-wrap items-center gap-x-2 gap-y-1 border-b border-line px-3 py-1">
        <h2
          title={artifact.title}
          className="max-w-full min-w-24 shrink truncate text-title font-semibold text-fg max-md:sr-only"
        >
          {artifact.title}
        </h2>
        <Menu
          align="start"
          label={copy.canvas.versions}
          items={items}
          trigger={
            <ChipButton
              data-testid="artifact-version"
              aria-label={`${copy.canvas.versions}, ${copy.canvas.version(shown)}`}
              className="num h-6 px-1.5"
            >
              {copy.canvas.version(shown)} <ChevronDown size={12} aria-hidden />
            </ChipButton>
          }
        />
        <div ref={setFacts} className="num flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1 text-meta text-fg-2" />
        <div ref={setActions} className="ms-auto flex flex-wrap items-center justify-end gap-1.5" />
      </header>
      {old && newest && (
        <div className="flex items-center gap-3 border-b border-line bg-tint-time px-3 py-1.5 text-ui">
          <span className="flex-1">{copy.canvas.oldVersion(shown, newest.version)}</span>
          <Button onClick={() => onOpen({ id: open.id })}>{copy.canvas.showNewest}</Button>
        </div>
      )}
      <div className="min-h-0 flex-1">
        <HeaderSlotsContext value={slots}>
          <Suspense fallback={<div className="skeleton m-4 h-40" />}>
            {render(artifact, old) ?? (
              <div className="p-4">
                <ErrorBlock
                  error={{
                    code: "VS8002",
                    message: copy.canvas.cannotDraw(artifact.title, artifact.type),
                    cure: copy.canvas.cannotDrawText,
                  }}
                />
              </div>
            )}
          </Suspense>
        </HeaderSlotsContext>
      </div>
    </section>
  );
}

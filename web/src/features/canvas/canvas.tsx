import { Link as LinkIcon, Maximize2, Minimize2 } from "lucide-react";
import type { KeyboardEvent, ReactNode } from "react";
import type { Artifact } from "@/api/types";
import { formatArtifactRef, type ArtifactRef } from "@/lib/artifact-ref";
import { copy } from "@/lib/copy/en";
import { IconButton } from "@/ui/button";
import { copyText } from "@/ui/copy-text";
import { EmptyState } from "@/ui/empty-state";
import { showToast } from "@/ui/toast";
import { OpenArtifact } from "@/features/canvas/open-artifact";
import { TabButton } from "@/features/canvas/tab-button";
import { setFollowing, useTabs } from "@/features/canvas/tabs-store";

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
          <OpenArtifact key={`${open.id}@${open.version ?? ""}`} open={open} onOpen={onOpen} render={props.render} />
        ) : (
          <EmptyState title={copy.canvas.empty} text={copy.canvas.emptyText} />
        )}
      </div>
    </div>
  );
}

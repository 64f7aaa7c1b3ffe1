import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import { copy } from "@/lib/copy/en";
import { cx } from "@/ui/cx";
import { ArtifactIcon } from "@/widgets/artifact-icon";
import type { CanvasTab } from "@/features/canvas/tabs-store";

export function TabButton({
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
        title={tab.title}
        aria-controls="canvas-panel"
        tabIndex={active ? 0 : -1}
        onClick={onOpen}
        onAuxClick={(event) => event.button === 1 && onClose()}
        onKeyDown={(event) => event.key === "Delete" && onClose()}
        className="flex h-full min-w-0 items-center gap-1.5 ps-3 pe-1.5 text-ui focus-visible:outline-offset-[-3px]"
      >
        <ArtifactIcon type={tab.type} size={14} className={active ? "text-accent" : "text-fg-3"} />
        <span className="truncate">{tab.title}</span>
        {tab.dot && !active && (
          <span role="img" aria-label="new" className="h-1.5 w-1.5 shrink-0 rounded-full bg-accent" />
        )}
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

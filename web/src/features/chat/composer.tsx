import { ArrowUp, ChevronDown, Paperclip, Square, X } from "lucide-react";
import { useEffect, useRef, useSyncExternalStore, type ReactNode, type RefObject } from "react";
import { connectivity } from "@/api/connection";
import { chooseFiles } from "@/features/upload/choose-files";
import { copy } from "@/lib/copy/en";
import { looksLikeSql } from "@/lib/velosql-tokens";
import { IconButton } from "@/ui/button";
import { ChipButton, Tag } from "@/ui/chip";
import { cx } from "@/ui/cx";
import { Menu } from "@/ui/menu";

export interface AboutOption {
  ref: string;
  label: string;
}

export interface ComposerProps {
  value: string;
  onChange: (text: string) => void;
  onSend: (text: string) => void;
  busy: boolean;
  onStop?: () => void;
  queued?: string | null;
  onQueued?: (text: string | null) => void;
  about?: { chosen: AboutOption | null; options: readonly AboutOption[]; choose: (ref: string | null) => void };
  onRecall?: () => void;
  placeholder?: string;
  large?: boolean;
  footer?: ReactNode;
  box?: RefObject<HTMLTextAreaElement | null>;
}

/** The one box. It is never disabled: while an answer runs, Enter queues; while the studio is away, typing is kept. */
export function Composer(props: ComposerProps) {
  const { value, onChange, onSend, busy, onStop, queued, onQueued, about, large } = props;
  const own = useRef<HTMLTextAreaElement>(null);
  const box = props.box ?? own;
  const network = useSyncExternalStore(connectivity.subscribe, connectivity.get);
  const isSql = value.length > 12 && looksLikeSql(value);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, 240)}px`;
  }, [value, box]);

  const submit = () => {
    const text = value.trim();
    if (text === "" || network === "lost") return;
    onChange("");
    onSend(text);
  };

  return (
    <div
      data-testid="composer"
      data-state={busy ? "streaming" : "ready"}
      className={cx("rounded-panel border border-control bg-surface focus-within:border-focus", large && "bg-surface")}
    >
      {queued && (
        <div className="flex items-center gap-2 border-b border-line px-3 py-1.5 text-meta text-fg-2">
          <span className="min-w-0 flex-1 truncate">
            {copy.composer.queued}: “{queued}”
          </span>
          <IconButton
            icon={X}
            size={13}
            className="h-6 min-w-6"
            label={copy.composer.dropQueued}
            onClick={() => onQueued?.(null)}
          />
        </div>
      )}
      <textarea
        ref={box}
        data-testid="composer-input"
        aria-label={copy.composer.label}
        rows={large ? 2 : 1}
        value={value}
        placeholder={props.placeholder ?? copy.composer.placeholder}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === "Enter" && !event.shiftKey) {
            event.preventDefault();
            submit();
          } else if (event.key === "ArrowUp" && value === "" && props.onRecall) {
            event.preventDefault();
            props.onRecall();
          }
        }}
        className={cx(
          "block w-full resize-none bg-transparent px-3 pt-2.5 outline-none",
          isSql ? "code text-ui" : "text-chat",
          large ? "min-h-[60px]" : "min-h-[40px]",
        )}
      />
      <div className="flex items-center gap-2 px-2 pb-2">
        {about && about.options.length > 0 && (
          <Menu
            align="start"
            label={copy.composer.aboutMenu}
            trigger={
              <ChipButton data-testid="composer-about" className="h-6 min-w-0">
                <span className="text-fg-3">{copy.composer.about}:</span>
                <span className="truncate">{about.chosen?.label ?? copy.composer.aboutNothing}</span>
                <ChevronDown size={12} aria-hidden className="shrink-0" />
              </ChipButton>
            }
            items={[
              { label: copy.composer.aboutNothing, checked: about.chosen === null, onSelect: () => about.choose(null) },
              ...about.options.map((option) => ({
                label: option.label,
                checked: option.ref === about.chosen?.ref,
                onSelect: () => about.choose(option.ref),
              })),
            ]}
          />
        )}
        <IconButton
          icon={Paperclip}
          size={15}
          label={copy.upload.choose}
          data-testid="composer-attach"
          onClick={chooseFiles}
        />
        {isSql && <Tag data-testid="composer-attachment">{copy.composer.sqlChip(value.trim().split("\n").length)}</Tag>}
        <span className="min-w-0 flex-1 truncate text-meta text-fg-3">
          {network === "lost" ? copy.composer.willSend : props.footer}
        </span>
        {busy && onStop && (
          <IconButton
            icon={Square}
            size={14}
            label={copy.composer.stop}
            keys="escape"
            data-testid="composer-stop"
            onClick={onStop}
            className="border border-line"
          />
        )}
        {(!busy || value.trim() !== "") && (
          <IconButton
            icon={ArrowUp}
            label={copy.composer.send}
            keys="enter"
            data-testid="composer-send"
            aria-disabled={value.trim() === "" || network === "lost"}
            onClick={submit}
            className={
              value.trim() === ""
                ? "border border-line text-fg-3"
                : "bg-accent-solid !text-white hover:bg-accent-solid hover:brightness-110"
            }
          />
        )}
      </div>
    </div>
  );
}

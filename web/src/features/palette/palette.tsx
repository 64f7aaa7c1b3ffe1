import { Command } from "cmdk";
import { Dialog as Radix } from "radix-ui";
import { useState } from "react";
import { useTopics } from "@/api/sources";
import { useThreads } from "@/api/threads";
import { copy } from "@/lib/copy/en";
import { Keys } from "@/ui/tooltip";

export interface PaletteCommand {
  id: string;
  title: string;
  group: "here" | "goTo";
  keys?: string;
  run: () => void;
}

export interface PaletteProps {
  onClose: () => void;
  commands: readonly PaletteCommand[];
  onThread: (id: string) => void;
  onTopic: (name: string) => void;
  onAsk: (text: string) => void;
}

const ITEM =
  "flex min-h-[var(--control-lg)] cursor-default items-center gap-2 rounded-control px-2.5 text-ui text-fg data-[selected=true]:bg-selected pointer-coarse:min-h-11";
const GROUP =
  "[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-micro [&_[cmdk-group-heading]]:text-fg-3";

/** Everything that can be done or found, by name. The last line always asks Velo. */
export default function Palette({ onClose, commands, onThread, onTopic, onAsk }: PaletteProps) {
  const [search, setSearch] = useState("");
  const threads = useThreads();
  const topics = useTopics();
  const prefix = /^[>@#?]/.exec(search)?.[0];
  const text = prefix ? search.slice(1).trim() : search;
  const pick = (run: () => void) => () => {
    onClose();
    run();
  };
  const group = (name: "here" | "goTo") => commands.filter((c) => c.group === name);
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-50 bg-black/40" />
        <Radix.Content
          data-testid="command-palette"
          aria-describedby={undefined}
          className="fixed top-[14vh] left-1/2 z-50 w-[min(92vw,600px)] -translate-x-1/2 overflow-hidden rounded-panel border border-line bg-raised shadow-[var(--shadow-dialog)]"
        >
          <Radix.Title className="sr-only">{copy.palette.label}</Radix.Title>
          <Command
            label={copy.palette.label}
            loop
            filter={(value, query) => score(value, query.replace(/^[>@#?]/, "").trim())}
          >
            <Command.Input
              value={search}
              onValueChange={setSearch}
              placeholder={copy.palette.placeholder}
              className="h-11 w-full border-b border-line bg-transparent px-4 text-chat outline-none"
            />
            <Command.List className="max-h-[50vh] overflow-y-auto p-1.5">
              {prefix !== "@" && prefix !== "#" && (
                <>
                  <Command.Group heading={copy.palette.groups.here} className={GROUP}>
                    {group("here").map((command) => (
                      <Command.Item
                        key={command.id}
                        value={command.title}
                        onSelect={pick(command.run)}
                        className={ITEM}
                      >
                        <span className="flex-1">{command.title}</span>
                        {command.keys && <Keys chord={command.keys} />}
                      </Command.Item>
                    ))}
                  </Command.Group>
                  <Command.Group heading={copy.palette.groups.goTo} className={GROUP}>
                    {group("goTo").map((command) => (
                      <Command.Item
                        key={command.id}
                        value={command.title}
                        onSelect={pick(command.run)}
                        className={ITEM}
                      >
                        <span className="flex-1">{command.title}</span>
                        {command.keys && <Keys chord={command.keys} />}
                      </Command.Item>
                    ))}
                  </Command.Group>
                </>
              )}
              {prefix !== ">" && (
                <Command.Group heading={copy.palette.groups.sources} className={GROUP}>
                  {(topics.data?.topics ?? []).slice(0, 200).map((topic) => (
                    <Command.Item
                      key={topic.name}
                      value={`topic ${topic.name}`}
                      onSelect={pick(() => onTopic(topic.name))}
                      className={ITEM}
                    >
                      <span className="code flex-1">{topic.name}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              {!prefix && (
                <Command.Group heading={copy.palette.groups.threads} className={GROUP}>
                  {(threads.data ?? []).slice(0, 100).map((thread) => (
                    <Command.Item
                      key={thread.id}
                      value={`${thread.title ?? copy.nav.untitled} ${thread.id}`}
                      onSelect={pick(() => onThread(thread.id))}
                      className={ITEM}
                    >
                      <span className="truncate">{thread.title ?? copy.nav.untitled}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              {text.trim() !== "" && (
                <Command.Group heading={copy.palette.groups.ask} className={GROUP} forceMount>
                  <Command.Item
                    forceMount
                    value={`\u0000ask ${text}`}
                    onSelect={pick(() => onAsk(text))}
                    className={ITEM}
                  >
                    {copy.palette.ask(text)}
                  </Command.Item>
                </Command.Group>
              )}
              <Command.Empty className="px-3 py-4 text-ui text-fg-2">{copy.palette.nothing}</Command.Empty>
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Prefix, then word, then letters in order. The line that asks Velo always stays, last. */
export function score(value: string, query: string): number {
  if (value.startsWith("\u0000ask")) return 0.001;
  if (query === "") return 1;
  const text = value.toLowerCase();
  const wanted = query.toLowerCase();
  if (text.startsWith(wanted)) return 1;
  if (text.includes(` ${wanted}`)) return 0.8;
  if (text.includes(wanted)) return 0.6;
  let at = 0;
  for (const letter of wanted) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return 0;
  }
  return 0.3;
}

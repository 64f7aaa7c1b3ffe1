import { useEffect, useEffectEvent, useState } from "react";
import type { StudioCommand } from "@/app/commands";
import { matchesChord, Sequence } from "@/lib/chords";
import { getAppearance } from "@/ui/appearance";

function inTextField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest("input, textarea, select, [contenteditable=true], .monaco-editor, [role=dialog]") !== null
  );
}

/** Binds the registry to the keyboard. Single letters only outside text fields, and only while they are switched on. */
export function useKeys(commands: readonly StudioCommand[]): void {
  const [sequence] = useState(() => new Sequence());
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    const press = {
      key: event.key,
      ctrl: event.ctrlKey,
      meta: event.metaKey,
      shift: event.shiftKey,
      alt: event.altKey,
    };
    const typing = inTextField(event.target);
    const joined =
      typing || event.ctrlKey || event.metaKey || event.altKey
        ? ""
        : sequence.press(event.key.toLowerCase(), event.timeStamp);
    const command = commands.find((candidate) => {
      if (!candidate.keys) return false;
      if (candidate.single && (typing || !getAppearance().singleKeys)) return false;
      if (candidate.keys.includes(" ")) return candidate.keys === joined;
      return joined.includes(" ") && candidate.single && /^[a-z0-9]$/.test(candidate.keys)
        ? false
        : matchesChord(press, candidate.keys);
    });
    if (!command) return;
    event.preventDefault();
    if (joined.includes(" ")) sequence.clear();
    command.run();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => onKey(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}

/** Keys for people to read. Those with a command are bound by the registry; the others belong to a widget. */
export interface Shortcut {
  title: string;
  keys: string;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { title: "Find anything", keys: "mod+k" },
  { title: "New thread", keys: "c" },
  { title: "New thread, also while typing", keys: "mod+shift+o" },
  { title: "Focus the composer", keys: "/" },
  { title: "All keys", keys: "?" },
  { title: "Go to threads, sources", keys: "g then t, s" },
  { title: "Canvas tab 1 to 9", keys: "g then 1…9" },
  { title: "Next or previous version", keys: "] [" },
  { title: "Run selection or statement", keys: "mod+enter" },
  { title: "Run all", keys: "mod+shift+enter" },
  { title: "Format SQL", keys: "shift+alt+f" },
  { title: "Quick fix", keys: "mod+." },
  { title: "Next problem", keys: "F8" },
  { title: "Complete", keys: "ctrl+Space" },
  { title: "Pause or resume the live view", keys: "p" },
  { title: "Next view of a result", keys: "v" },
  { title: "Sidebar", keys: "mod+b" },
  { title: "Canvas", keys: "mod+j" },
  { title: "Next pane", keys: "F6" },
  { title: "Leave the editor, close, stop", keys: "escape" },
];

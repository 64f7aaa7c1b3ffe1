export const isMac =
  typeof navigator !== "undefined" && /mac|iphone|ipad/i.test(navigator.platform || navigator.userAgent);

/** Prints a key chord the way this keyboard labels it: `mod+shift+k` → `⌘⇧K` or `Ctrl+Shift+K`. */
export function formatKeys(chord: string, mac: boolean = isMac): string {
  const names: Record<string, string> = mac
    ? { mod: "⌘", shift: "⇧", alt: "⌥", ctrl: "⌃", enter: "⏎", escape: "Esc" }
    : { mod: "Ctrl", shift: "Shift", alt: "Alt", ctrl: "Ctrl", enter: "Enter", escape: "Esc" };
  const parts = chord.split("+").map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part));
  return parts.join(mac ? "" : "+");
}

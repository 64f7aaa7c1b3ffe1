export interface KeyPress {
  key: string;
  ctrl: boolean;
  meta: boolean;
  shift: boolean;
  alt: boolean;
}

/** Whether a key press is this chord. `mod` is ⌘ or Ctrl; shifted signs such as `?` are written as themselves. */
export function matchesChord(press: KeyPress, chord: string): boolean {
  const parts = chord.split("+");
  const wanted = parts.at(-1) ?? "";
  const mods = new Set(parts.slice(0, -1));
  const mod = press.ctrl || press.meta;
  if (mod !== (mods.has("mod") || mods.has("ctrl")) || press.alt !== mods.has("alt")) return false;
  if (/^[a-z0-9]$/i.test(wanted) || wanted.length > 1) {
    if (press.shift !== mods.has("shift")) return false;
  }
  return press.key.toLowerCase() === wanted.toLowerCase();
}

/** Two keys one after the other, as in `g s`. Forgets the first after a moment. */
export class Sequence {
  private first: string | null = null;
  private at = 0;

  /** The two-key text when this press completes one, else the key alone. */
  press(key: string, now: number): string {
    const joined = this.first !== null && now - this.at < 1200 ? `${this.first} ${key}` : key;
    this.first = key;
    this.at = now;
    return joined;
  }
  clear(): void {
    this.first = null;
  }
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** An id in the server's own form: `<prefix>_` and 13 base-32 characters, the first nine of them time-ordered. */
export function newId(prefix: "thr" | "msg", now: number = Date.now(), random: () => number = Math.random): string {
  let time = "";
  let rest = now;
  for (let i = 0; i < 9; i++) {
    time = ALPHABET.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  let tail = "";
  for (let i = 0; i < 4; i++) tail += ALPHABET.charAt(Math.floor(random() * 32));
  return `${prefix}_${time}${tail}`;
}

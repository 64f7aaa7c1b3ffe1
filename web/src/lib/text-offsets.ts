/** The server counts UTF-8 bytes, the editor counts UTF-16 units. Both ways, clamped to the text. */
export function byteToIndex(text: string, byteOffset: number): number {
  let bytes = 0;
  let index = 0;
  while (index < text.length && bytes < byteOffset) {
    const point = text.codePointAt(index) ?? 0;
    bytes += utf8Length(point);
    index += point > 0xffff ? 2 : 1;
  }
  return index;
}

export function indexToByte(text: string, index: number): number {
  let bytes = 0;
  for (let i = 0; i < Math.min(index, text.length);) {
    const point = text.codePointAt(i) ?? 0;
    bytes += utf8Length(point);
    i += point > 0xffff ? 2 : 1;
  }
  return bytes;
}

function utf8Length(point: number): number {
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x10000 ? 3 : 4;
}

/** Applies edits given in byte offsets, last first so that earlier offsets stay true. */
export function applyByteEdits(
  text: string,
  edits: readonly { offset: number; length: number; text: string }[],
): string {
  return [...edits]
    .sort((a, b) => b.offset - a.offset)
    .reduce((current, edit) => {
      const start = byteToIndex(current, edit.offset);
      const end = byteToIndex(current, edit.offset + edit.length);
      return current.slice(0, start) + edit.text + current.slice(end);
    }, text);
}

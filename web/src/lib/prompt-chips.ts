import { isNumericType, isTextType } from "@/lib/format/cell";

export interface TopicShape {
  name: string;
  columns: readonly { name: string; type: string; roles?: readonly string[] }[];
}

const VALUE = /price|amount|total|value|latency|temp|cost|revenue|score/i;
const PLACE = /region|country|city|status|channel|category|type|segment/i;
const KEY = /symbol|^key$|device|sensor|user|customer|account|product|sku/i;

function find(shape: TopicShape, pattern: RegExp, wanted: (type: string) => boolean): string | undefined {
  return shape.columns.find((c) => wanted(c.type) && pattern.test(c.name))?.name;
}

const spoken = (name: string) => name.replaceAll("_", " ");

/** The prompts of the first screen, built from the schemas that are really there. At most three, never invented. */
export function promptChips(shapes: readonly TopicShape[]): string[] {
  const chips: string[] = [];
  for (const shape of shapes) {
    const value = find(shape, VALUE, isNumericType);
    const key = find(shape, KEY, isTextType) ?? find(shape, PLACE, isTextType);
    if (value && key) {
      chips.push(`average ${spoken(value)} per ${spoken(key)} every minute`);
      break;
    }
  }
  const grouped = shapes.find((s) => find(s, PLACE, isTextType) && !chips.some((c) => c.includes(s.name)));
  const place = grouped && find(grouped, PLACE, isTextType);
  if (grouped && place) chips.push(`${spoken(grouped.name)} by ${spoken(place)} right now`);
  const pair = joinPair(shapes);
  if (pair) chips.push(`${pair[0]} joined to ${pair[1]}`);
  for (const shape of shapes) {
    if (chips.length >= 3) break;
    chips.push(`show me the last 10 ${spoken(shape.name)}`);
  }
  return [...new Set(chips)].slice(0, 3);
}

function joinPair(shapes: readonly TopicShape[]): [string, string] | null {
  for (const [i, left] of shapes.entries()) {
    for (const right of shapes.slice(i + 1)) {
      const shared = left.columns.find(
        (c) => isTextType(c.type) && KEY.test(c.name) && right.columns.some((other) => other.name === c.name),
      );
      if (shared) return [left.name, right.name];
    }
  }
  return null;
}

/** Which columns of a topic the live strip shows: one label and one moving number. */
export function stripColumns(shape: TopicShape): { key: string; value: string } | null {
  const value = find(shape, VALUE, isNumericType) ?? shape.columns.find((c) => isNumericType(c.type))?.name;
  const key = find(shape, KEY, isTextType) ?? shape.columns.find((c) => isTextType(c.type))?.name;
  return value && key ? { key, value } : null;
}

/** Small readers for payloads from outside. They never throw: what does not fit is dropped or replaced. */
export type Bag = Record<string, unknown>;

export const isBag = (value: unknown): value is Bag =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const bag = (value: unknown): Bag => (isBag(value) ? value : {});
export const text = (value: unknown, fallback = ""): string => (typeof value === "string" ? value : fallback);
export const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);
export const number = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;
export const bags = (value: unknown): Bag[] => (Array.isArray(value) ? value.filter(isBag) : []);
export const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];

/** A format a person would know. How the studio keeps its own topics is not one. */
export function formatName(value: unknown): string | null {
  const name = textOrNull(value);
  return name === null || name === "columnar" ? null : name.toUpperCase();
}

export interface ColumnShape {
  name: string;
  type: string;
  hidden?: boolean;
}
export function columnsOf(value: unknown): ColumnShape[] {
  return bags(value)
    .map((column) => ({
      name: text(column["name"]),
      type: text(column["type"], text(column["sql_type"])),
      hidden: column["hidden"] === true,
    }))
    .filter((column) => column.name !== "");
}

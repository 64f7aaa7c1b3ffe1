import { formatInstant } from "@/lib/format/time";

export type CellKind = "null" | "empty" | "number" | "text" | "boolean" | "time" | "nested";
export interface CellText {
  kind: CellKind;
  text: string;
}

const NUMERIC_TYPE = /^(integer|bigint|int|smallint|float|double|decimal|numeric)/i;
const MAX_INSTANT_MS = 8.64e15;
const TIME_TYPE = /^(datetime|timestamp)/i;

export function isNumericType(type: string): boolean {
  return NUMERIC_TYPE.test(type);
}
export function isTimeType(type: string): boolean {
  return TIME_TYPE.test(type) || /^date$/i.test(type);
}
export function isTextType(type: string): boolean {
  return /^(string|text|varchar|uuid|char)/i.test(type);
}

/**
 * What a cell shows. 64-bit integers and decimals arrive as text and stay text: this function never turns a string
 * into a number, so every digit the engine sent is the digit the reader sees.
 */
export function cellText(value: unknown, type = ""): CellText {
  if (value === null || value === undefined) return { kind: "null", text: "null" };
  if (value === "") return { kind: "empty", text: "“”" };
  if (typeof value === "number" && isTimeType(type) && Math.abs(value) <= MAX_INSTANT_MS) {
    return { kind: "time", text: formatInstant(new Date(value).toISOString().replace(".000Z", "Z")) };
  }
  if (typeof value === "number" || typeof value === "bigint") {
    return { kind: "number", text: Object.is(value, -0) ? "-0" : String(value) };
  }
  if (typeof value === "boolean") return { kind: "boolean", text: String(value) };
  if (typeof value === "string") {
    if (isNumericType(type)) return { kind: "number", text: value };
    if (isTimeType(type)) return { kind: "time", text: formatInstant(value) };
    return { kind: "text", text: value };
  }
  return { kind: "nested", text: safeJson(value) };
}

export function safeJson(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, null, indent) ?? "null";
  } catch {
    return String(value);
  }
}

/** A number for the position of a mark, or null. Only charts may call this; tables show `cellText`. */
export function plotNumber(value: unknown): number | null {
  const number = typeof value === "number" ? value : typeof value === "string" && value !== "" ? Number(value) : NaN;
  return Number.isFinite(number) ? number : null;
}

/** Order of two cells by exact value: decimals and long integers compare by digits, not through a rounded number. */
export function compareCells(a: unknown, b: unknown, type: string): number {
  if (a === null || a === undefined) return b === null || b === undefined ? 0 : 1;
  if (b === null || b === undefined) return -1;
  if (isNumericType(type)) return compareDecimalText(String(a), String(b));
  const left = typeof a === "object" ? safeJson(a) : String(a);
  const right = typeof b === "object" ? safeJson(b) : String(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

const PLAIN = /^-?\d+(\.\d+)?$/;

export function compareDecimalText(a: string, b: string): number {
  if (!PLAIN.test(a) || !PLAIN.test(b)) {
    const left = Number(a);
    const right = Number(b);
    return left < right ? -1 : left > right ? 1 : 0;
  }
  const [leftWhole = "", leftPart = ""] = a.replace("-", "").split(".");
  const [rightWhole = "", rightPart = ""] = b.replace("-", "").split(".");
  const scale = Math.max(leftPart.length, rightPart.length);
  const sign = (text: string) => (text.startsWith("-") ? -1n : 1n);
  const left = sign(a) * BigInt(leftWhole + leftPart.padEnd(scale, "0"));
  const right = sign(b) * BigInt(rightWhole + rightPart.padEnd(scale, "0"));
  return left < right ? -1 : left > right ? 1 : 0;
}

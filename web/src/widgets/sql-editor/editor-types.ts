import type { Ref } from "react";
import type { TextPiece } from "@/lib/velosql-tokens";

export interface EditorFix {
  title: string;
  /** The whole text after the fix. */
  apply: (text: string) => string;
}
export interface EditorProblem {
  start: number;
  end: number;
  line: number;
  column: number;
  severity: "error" | "warning" | "info";
  code: string;
  message: string;
  hint: string | null;
  fixes: EditorFix[];
}
export interface EditorCompletion {
  text: string;
  kind: string;
  detail: string | null;
  documentation: string | null;
  replace: { start: number; end: number } | null;
}
export interface EditorHover {
  title: string;
  text: string;
  start: number;
  end: number;
}
export interface EditorSignature {
  signatures: { label: string; doc: string; parameters: string[] }[];
  active: number;
  parameter: number;
}

/** What the editor may ask about the text. Each answer is best effort: a failed request is an empty answer. */
export interface SqlServices {
  complete: (text: string, index: number, signal: AbortSignal) => Promise<EditorCompletion[]>;
  hover: (text: string, index: number, signal: AbortSignal) => Promise<EditorHover | null>;
  signature: (text: string, index: number, signal: AbortSignal) => Promise<EditorSignature | null>;
}

export interface SqlEditorHandle {
  focus: () => void;
  /** What is selected; null: nothing. */
  selection: () => TextPiece | null;
  /** The statement under the cursor. */
  statement: () => TextPiece;
  reveal: (start: number, end: number) => void;
}

export interface SqlEditorProps {
  value: string;
  onChange: (value: string) => void;
  problems: readonly EditorProblem[];
  services: SqlServices;
  readOnly: boolean;
  label: string;
  onRun: () => void;
  onRunAll: () => void;
  onFormat: () => void;
  onFirstFix: () => void;
  onEscape: () => void;
  handle: Ref<SqlEditorHandle>;
}

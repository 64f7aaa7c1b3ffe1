import * as monaco from "monaco-editor/editor/editor.api.js";
import "monaco-editor/editor/contrib/bracketMatching/browser/bracketMatching.js";
import "monaco-editor/editor/contrib/caretOperations/browser/caretOperations.js";
import "monaco-editor/editor/contrib/clipboard/browser/clipboard.js";
import "monaco-editor/editor/contrib/codeAction/browser/codeActionContributions.js";
import "monaco-editor/editor/contrib/comment/browser/comment.js";
import "monaco-editor/editor/contrib/cursorUndo/browser/cursorUndo.js";
import "monaco-editor/editor/contrib/find/browser/findController.js";
import "monaco-editor/editor/contrib/gotoError/browser/gotoError.js";
import "monaco-editor/editor/contrib/hover/browser/hoverContribution.js";
import "monaco-editor/editor/contrib/linesOperations/browser/linesOperations.js";
import "monaco-editor/editor/contrib/multicursor/browser/multicursor.js";
import "monaco-editor/editor/contrib/parameterHints/browser/parameterHints.js";
import "monaco-editor/editor/contrib/snippet/browser/snippetController2.js";
import "monaco-editor/editor/contrib/suggest/browser/suggestController.js";
import "monaco-editor/editor/contrib/toggleTabFocusMode/browser/toggleTabFocusMode.js";
import "monaco-editor/editor/contrib/wordOperations/browser/wordOperations.js";
import EditorWorker from "monaco-editor/editor/editor.worker.js?worker";
import { tokenizeSql, type SqlTokenKind } from "@/lib/velosql-tokens";
import { TOKENS, type ThemeName } from "@/ui/tokens";
import type { EditorProblem, SqlServices } from "@/widgets/sql-editor/editor-types";

export const LANGUAGE = "velosql";
export { monaco };

self.MonacoEnvironment = { getWorker: () => new EditorWorker() };

interface ModelContext {
  services: SqlServices;
  problems: readonly EditorProblem[];
}
/** What the language providers know about each open text. Providers are global in Monaco, texts are not. */
const contexts = new Map<string, ModelContext>();

export function setModelContext(model: monaco.editor.ITextModel, context: ModelContext | null): void {
  if (context) contexts.set(model.uri.toString(), context);
  else contexts.delete(model.uri.toString());
}
const contextOf = (model: monaco.editor.ITextModel) => contexts.get(model.uri.toString());

type Inside = "" | "/*" | "'" | '"' | "`";

class LineState implements monaco.languages.IState {
  readonly inside: Inside;
  constructor(inside: Inside) {
    this.inside = inside;
  }
  clone(): LineState {
    return this;
  }
  equals(other: monaco.languages.IState): boolean {
    return other instanceof LineState && other.inside === this.inside;
  }
}

/** Monaco reads line by line; an unfinished comment or quote is carried over by putting its opening in front again. */
function tokenizeLine(line: string, state: LineState): { tokens: monaco.languages.IToken[]; endState: LineState } {
  const lead = state.inside;
  const text = lead + line;
  const found = tokenizeSql(text);
  const last = found.at(-1);
  let inside: Inside = "";
  if (last) {
    const body = text.slice(last.start, last.end);
    if (last.kind === "comment" && body.startsWith("/*") && !/^\/\*[\s\S]*\*\/$/.test(body)) inside = "/*";
    if (last.kind === "string" || last.kind === "quoted") {
      const quote = body.charAt(0) as Inside;
      const closed = body.length > 1 && (body.split(quote).length - 1) % 2 === 0;
      if (!closed) inside = quote;
    }
  }
  const tokens = found.map((t) => ({ startIndex: Math.max(0, t.start - lead.length), scopes: `${t.kind}.velo` }));
  return { tokens, endState: new LineState(inside) };
}

const COLORED: [
  SqlTokenKind,
  "sql-keyword" | "sql-function" | "sql-type" | "sql-string" | "sql-number" | "sql-annotation" | "sql-comment",
][] = [
  ["keyword", "sql-keyword"],
  ["function", "sql-function"],
  ["type", "sql-type"],
  ["string", "sql-string"],
  ["uri", "sql-string"],
  ["number", "sql-number"],
  ["duration", "sql-number"],
  ["annotation", "sql-annotation"],
  ["comment", "sql-comment"],
];

function defineTheme(name: ThemeName): void {
  const t = TOKENS[name];
  const bare = (color: string) => color.slice(1);
  monaco.editor.defineTheme(`velo-${name}`, {
    base: name === "dark" ? "vs-dark" : "vs",
    inherit: true,
    rules: [
      { token: "", foreground: bare(t.text) },
      ...COLORED.map(([kind, token]) => ({ token: kind, foreground: bare(t[token]) })),
      { token: "operator", foreground: bare(t["text-2"]) },
    ],
    colors: {
      "editor.background": t.inset,
      "editor.foreground": t.text,
      "editorLineNumber.foreground": t["text-3"],
      "editorLineNumber.activeForeground": t["text-2"],
      "editor.lineHighlightBackground": "#00000000",
      "editor.lineHighlightBorder": "#00000000",
      "editor.selectionBackground": t.selected,
      "editorCursor.foreground": t.accent,
      "editorError.foreground": t.danger,
      "editorWarning.foreground": t.time,
      "editorInfo.foreground": t.accent,
      "editorWidget.background": t.raised,
      "editorWidget.border": t.border,
      "editorWidget.foreground": t.text,
      "editorSuggestWidget.background": t.raised,
      "editorSuggestWidget.border": t.border,
      "editorSuggestWidget.selectedBackground": t.selected,
      "editorSuggestWidget.selectedForeground": t.text,
      "editorSuggestWidget.highlightForeground": t.accent,
      "editorSuggestWidget.focusHighlightForeground": t.accent,
      "list.focusHighlightForeground": t.accent,
      "editorHoverWidget.background": t.raised,
      "editorHoverWidget.border": t.border,
      "editorBracketMatch.background": t.hover,
      "editorBracketMatch.border": t["border-control"],
      focusBorder: t.focus,
      "list.hoverBackground": t.hover,
      "input.background": t.inset,
      "input.border": t["border-control"],
      "scrollbarSlider.background": `${t["border-control"]}55`,
      "scrollbarSlider.hoverBackground": `${t["border-control"]}88`,
    },
  });
}

const KINDS: Record<string, keyof typeof monaco.languages.CompletionItemKind> = {
  column: "Field",
  table: "Struct",
  topic: "Struct",
  function: "Function",
  keyword: "Keyword",
  snippet: "Snippet",
  property: "Property",
  value: "Value",
  annotation: "Property",
  alias: "Variable",
};

function abortOf(token: monaco.CancellationToken): AbortSignal {
  const controller = new AbortController();
  token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}

function rangeOf(model: monaco.editor.ITextModel, start: number, end: number): monaco.Range {
  const from = model.getPositionAt(start);
  const to = model.getPositionAt(end);
  return new monaco.Range(from.lineNumber, from.column, to.lineNumber, to.column);
}

/** Text out of the server is shown as text, never as markup. */
const plain = (text: string) => text.replace(/[\\`*_{}[\]()#+\-.!|<>~]/g, "\\$&");

function registerProviders(): void {
  monaco.languages.registerCompletionItemProvider(LANGUAGE, {
    triggerCharacters: [".", " ", "(", ",", "@"],
    provideCompletionItems: async (model, position, _context, token) => {
      const index = model.getOffsetAt(position);
      const items = (await contextOf(model)?.services.complete(model.getValue(), index, abortOf(token))) ?? [];
      const word = model.getWordUntilPosition(position);
      const fallback = new monaco.Range(position.lineNumber, word.startColumn, position.lineNumber, position.column);
      // A word that is already there in full needs no list under it.
      const useful = items.length === 1 && items[0]?.text === word.word ? [] : items;
      return {
        suggestions: useful.map((item, i) => ({
          label: { label: item.text, ...(item.detail ? { description: item.detail } : {}) },
          kind: monaco.languages.CompletionItemKind[KINDS[item.kind] ?? "Text"],
          insertText: item.text,
          sortText: String(i).padStart(4, "0"),
          ...(item.documentation ? { documentation: { value: plain(item.documentation) } } : {}),
          range: item.replace ? rangeOf(model, item.replace.start, Math.max(item.replace.end, index)) : fallback,
        })),
      };
    },
  });
  monaco.languages.registerHoverProvider(LANGUAGE, {
    provideHover: async (model, position, token) => {
      const hover = await contextOf(model)?.services.hover(
        model.getValue(),
        model.getOffsetAt(position),
        abortOf(token),
      );
      if (!hover) return null;
      return {
        range: rangeOf(model, hover.start, hover.end),
        contents: [{ value: `**${plain(hover.title)}**` }, { value: plain(hover.text) }],
      };
    },
  });
  monaco.languages.registerSignatureHelpProvider(LANGUAGE, {
    signatureHelpTriggerCharacters: ["(", ","],
    provideSignatureHelp: async (model, position, token) => {
      const help = await contextOf(model)?.services.signature(
        model.getValue(),
        model.getOffsetAt(position),
        abortOf(token),
      );
      if (!help || help.signatures.length === 0) return null;
      return {
        value: {
          signatures: help.signatures.map((s) => ({
            label: s.label,
            documentation: { value: plain(s.doc) },
            parameters: s.parameters.map((label) => ({ label })),
          })),
          activeSignature: help.active,
          activeParameter: help.parameter,
        },
        dispose: () => undefined,
      };
    },
  });
  monaco.languages.registerCodeActionProvider(LANGUAGE, {
    provideCodeActions: (model, range) => {
      const text = model.getValue();
      const from = model.getOffsetAt(range.getStartPosition());
      const to = model.getOffsetAt(range.getEndPosition());
      const near = (contextOf(model)?.problems ?? []).filter((p) => p.start <= to && p.end >= from);
      return {
        actions: near.flatMap((problem) =>
          problem.fixes.map((fix) => ({
            title: fix.title,
            kind: "quickfix",
            edit: {
              edits: [
                {
                  resource: model.uri,
                  versionId: undefined,
                  textEdit: { range: model.getFullModelRange(), text: fix.apply(text) },
                },
              ],
            },
          })),
        ),
        dispose: () => undefined,
      };
    },
  });
}

let ready = false;
export function setupMonaco(): void {
  if (ready) return;
  ready = true;
  monaco.languages.register({ id: LANGUAGE });
  monaco.languages.setLanguageConfiguration(LANGUAGE, {
    comments: { lineComment: "--", blockComment: ["/*", "*/"] },
    brackets: [
      ["(", ")"],
      ["[", "]"],
      ["{", "}"],
    ],
    autoClosingPairs: [
      { open: "(", close: ")" },
      { open: "[", close: "]" },
      { open: "'", close: "'", notIn: ["string", "comment"] },
    ],
    wordPattern: /[\p{L}_@][\p{L}\p{N}_$]*/u,
  });
  monaco.languages.setTokensProvider(LANGUAGE, {
    getInitialState: () => new LineState(""),
    tokenize: (line, state) => tokenizeLine(line, state instanceof LineState ? state : new LineState("")),
  });
  defineTheme("dark");
  defineTheme("light");
  registerProviders();
}

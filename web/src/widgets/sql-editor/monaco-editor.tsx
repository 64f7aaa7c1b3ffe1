import { useEffect, useEffectEvent, useImperativeHandle, useRef } from "react";
import { statementAt } from "@/lib/velosql-tokens";
import { useThemeName } from "@/ui/appearance";
import { FONT_CODE } from "@/ui/tokens";
import type { SqlEditorProps } from "@/widgets/sql-editor/editor-types";
import { LANGUAGE, monaco, setModelContext, setupMonaco } from "@/widgets/sql-editor/monaco-setup";

setupMonaco();

const SEVERITY = {
  error: monaco.MarkerSeverity.Error,
  warning: monaco.MarkerSeverity.Warning,
  info: monaco.MarkerSeverity.Info,
};

/** The SQL workbench text. Text flows in by `value` and out by `onChange`; the cursor is never moved by a re-render. */
export default function MonacoSqlEditor(props: SqlEditorProps) {
  const { value, problems, services, readOnly, label, handle } = props;
  const theme = useThemeName();
  const box = useRef<HTMLDivElement>(null);
  const editor = useRef<monaco.editor.IStandaloneCodeEditor | null>(null);
  const changed = useEffectEvent((text: string) => props.onChange(text));
  const run = useEffectEvent(() => props.onRun());
  const runAll = useEffectEvent(() => props.onRunAll());
  const format = useEffectEvent(() => props.onFormat());
  const firstFix = useEffectEvent(() => props.onFirstFix());
  const escape = useEffectEvent(() => props.onEscape());
  const initial = useEffectEvent(() => ({ value, readOnly, label, theme }));

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const start = initial();
    const instance = monaco.editor.create(element, {
      value: start.value,
      language: LANGUAGE,
      theme: `velo-${start.theme}`,
      ariaLabel: start.label,
      readOnly: start.readOnly,
      automaticLayout: true,
      fontFamily: FONT_CODE,
      fontSize: 13,
      lineHeight: 20,
      fontLigatures: false,
      minimap: { enabled: false },
      scrollBeyondLastLine: false,
      overviewRulerLanes: 0,
      hideCursorInOverviewRuler: true,
      lineNumbersMinChars: 3,
      lineDecorationsWidth: 8,
      glyphMargin: false,
      bracketPairColorization: { enabled: false },
      guides: { indentation: false, bracketPairs: false, highlightActiveIndentation: false },
      folding: false,
      padding: { top: 8, bottom: 8 },
      renderLineHighlight: "none",
      scrollbar: { verticalScrollbarSize: 10, horizontalScrollbarSize: 10, alwaysConsumeMouseWheel: false },
      quickSuggestions: { other: true, comments: true, strings: false },
      suggest: { showWords: false, showStatusBar: false },
      wordBasedSuggestions: "off",
      fixedOverflowWidgets: true,
      contextmenu: false,
      links: false,
      occurrencesHighlight: "off",
      selectionHighlight: false,
      tabSize: 2,
      wordWrap: "on",
      accessibilitySupport: "on",
    });
    editor.current = instance;
    instance.getModel()?.updateOptions({
      bracketColorizationOptions: { enabled: false, independentColorPoolPerBracketType: false },
    });
    const { KeyMod, KeyCode } = monaco;
    instance.addCommand(KeyMod.CtrlCmd | KeyCode.Enter, () => run());
    instance.addCommand(KeyMod.CtrlCmd | KeyMod.Shift | KeyCode.Enter, () => runAll());
    instance.addCommand(KeyMod.Shift | KeyMod.Alt | KeyCode.KeyF, () => format());
    instance.addCommand(KeyMod.CtrlCmd | KeyCode.Period, () => firstFix());
    instance.addCommand(
      KeyCode.Escape,
      () => escape(),
      "!suggestWidgetVisible && !findWidgetVisible && !parameterHintsVisible && !editorHasMultipleSelections && !markersNavigationVisible",
    );
    const listening = instance.onDidChangeModelContent(() => changed(instance.getValue()));
    return () => {
      listening.dispose();
      const model = instance.getModel();
      if (model) setModelContext(model, null);
      instance.dispose();
      model?.dispose();
      editor.current = null;
    };
  }, []);

  useImperativeHandle(
    handle,
    () => ({
      focus: () => editor.current?.focus(),
      selection: () => {
        const model = editor.current?.getModel();
        const selection = editor.current?.getSelection();
        if (!model || !selection) return null;
        const text = model.getValueInRange(selection);
        return text.trim() === "" ? null : { text, start: model.getOffsetAt(selection.getStartPosition()) };
      },
      statement: () => {
        const model = editor.current?.getModel();
        const at = editor.current?.getPosition();
        return statementAt(model?.getValue() ?? "", model && at ? model.getOffsetAt(at) : 0);
      },
      reveal: (start, end) => {
        const model = editor.current?.getModel();
        if (!model) return;
        const from = model.getPositionAt(start);
        const to = model.getPositionAt(end);
        editor.current?.setSelection(new monaco.Range(from.lineNumber, from.column, to.lineNumber, to.column));
        editor.current?.revealPositionInCenterIfOutsideViewport(from);
        editor.current?.focus();
      },
    }),
    [],
  );

  useEffect(() => {
    const model = editor.current?.getModel();
    if (!model || model.getValue() === value) return;
    // As an edit, so that undo crosses a format, a fix and an accepted version.
    editor.current?.pushUndoStop();
    model.pushEditOperations([], [{ range: model.getFullModelRange(), text: value }], () => null);
    editor.current?.pushUndoStop();
  }, [value]);

  useEffect(() => {
    const model = editor.current?.getModel();
    if (!model) return;
    setModelContext(model, { services, problems });
    monaco.editor.setModelMarkers(
      model,
      "velo",
      problems.map((problem) => {
        const from = model.getPositionAt(problem.start);
        const to = model.getPositionAt(Math.max(problem.end, problem.start + 1));
        return {
          severity: SEVERITY[problem.severity],
          message: problem.hint ? `${problem.message}\n${problem.hint}` : problem.message,
          code: problem.code,
          startLineNumber: from.lineNumber,
          startColumn: from.column,
          endLineNumber: to.lineNumber,
          endColumn: to.column,
        };
      }),
    );
  }, [problems, services]);

  useEffect(() => monaco.editor.setTheme(`velo-${theme}`), [theme]);
  useEffect(() => editor.current?.updateOptions({ readOnly, ariaLabel: label }), [readOnly, label]);

  return <div ref={box} className="h-full w-full" />;
}

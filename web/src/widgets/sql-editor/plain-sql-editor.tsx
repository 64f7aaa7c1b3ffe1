import { useImperativeHandle, useRef } from "react";
import { statementAt } from "@/lib/velosql-tokens";
import type { SqlEditorProps } from "@/widgets/sql-editor/editor-types";
import { SqlText } from "@/widgets/sql-text/sql-text";

/** The editor for phones, and for when Monaco could not be loaded: coloured text under a plain text box, same checks. */
export function PlainSqlEditor({ value, onChange, readOnly, label, onRun, onFormat, handle }: SqlEditorProps) {
  const box = useRef<HTMLTextAreaElement>(null);
  useImperativeHandle(
    handle,
    () => ({
      focus: () => box.current?.focus(),
      selection: () => {
        const element = box.current;
        const text = element?.value.slice(element.selectionStart, element.selectionEnd) ?? "";
        return !element || text.trim() === "" ? null : { text, start: element.selectionStart };
      },
      statement: () => statementAt(box.current?.value ?? "", box.current?.selectionStart ?? 0),
      reveal: (start, end) => {
        box.current?.focus();
        box.current?.setSelectionRange(start, end);
      },
    }),
    [],
  );
  const shared =
    "code col-start-1 row-start-1 m-0 min-h-full w-full p-3 text-[16px] leading-6 whitespace-pre-wrap break-words md:text-ui";
  return (
    <div className="h-full overflow-auto bg-inset">
      <div className="grid min-h-full">
        <pre aria-hidden className={shared}>
          <SqlText sql={`${value}\n`} />
        </pre>
        <textarea
          ref={box}
          aria-label={label}
          value={value}
          readOnly={readOnly}
          spellCheck={false}
          autoCapitalize="off"
          autoCorrect="off"
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
              event.preventDefault();
              onRun();
            } else if (event.shiftKey && event.altKey && event.code === "KeyF") {
              event.preventDefault();
              onFormat();
            }
          }}
          className={`${shared} resize-none overflow-hidden bg-transparent text-transparent caret-[var(--c-text)]`}
        />
      </div>
    </div>
  );
}

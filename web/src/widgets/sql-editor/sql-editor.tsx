import { Component, lazy, Suspense, type ReactNode } from "react";
import { usePhone } from "@/ui/use-media";
import type { SqlEditorProps } from "@/widgets/sql-editor/editor-types";
import { PlainSqlEditor } from "@/widgets/sql-editor/plain-sql-editor";
import { SqlText } from "@/widgets/sql-text/sql-text";

const load = () => import("@/widgets/sql-editor/monaco-editor");
const MonacoSqlEditor = lazy(load);

/** Fetches the editor ahead of need, when a SQL artifact is near. */
export function preloadSqlEditor(): void {
  void load().catch(() => undefined);
}

/** If the editor's own code cannot be loaded, people can still write SQL. */
class FallBack extends Component<{ fallback: ReactNode; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override render() {
    return this.state.failed ? this.props.fallback : this.props.children;
  }
}

export function SqlEditor(props: SqlEditorProps) {
  const phone = usePhone();
  const plain = <PlainSqlEditor {...props} />;
  if (phone) return plain;
  const text = (
    <pre className="code h-full overflow-auto bg-inset py-2 ps-[42px] pe-3 text-ui whitespace-pre-wrap">
      <SqlText sql={props.value} />
    </pre>
  );
  return (
    <FallBack fallback={plain}>
      <Suspense fallback={text}>
        <MonacoSqlEditor {...props} />
      </Suspense>
    </FallBack>
  );
}

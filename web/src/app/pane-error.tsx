import { Component, type ReactNode } from "react";
import { copy } from "@/lib/copy/en";
import { ErrorBlock } from "@/ui/error-block";

function Broken({ error, reopen }: { error: unknown; reopen: () => void }) {
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div className="p-6">
      <ErrorBlock
        error={{
          code: "VS8009",
          message: copy.errors.pageBroke,
          cure: copy.errors.pageBrokeText,
          details: { message },
        }}
        actions={[{ label: copy.errors.reopen, run: reopen }]}
      />
    </div>
  );
}

/** What a route shows when it broke. */
export function PaneError({ error, reset }: { error: unknown; reset: () => void }) {
  return <Broken error={error} reopen={reset} />;
}

/** One broken pane must not take the others with it. */
export class PaneBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };
  static getDerivedStateFromError(error: unknown) {
    return { error };
  }
  override render() {
    return this.state.error !== null ? (
      <Broken error={this.state.error} reopen={() => this.setState({ error: null })} />
    ) : (
      this.props.children
    );
  }
}

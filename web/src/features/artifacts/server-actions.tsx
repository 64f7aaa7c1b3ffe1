import { useStudioActions } from "@/api/studio-actions";
import type { Artifact } from "@/api/types";
import { Button } from "@/ui/button";

/** The buttons the studio itself lists for an artifact. A click is said in the thread and runs the tool. */
export function ServerActions({ artifact, ids }: { artifact: Artifact; ids: readonly string[] }) {
  const { act } = useStudioActions();
  const actions = ids.flatMap((id) => artifact.actions?.find((action) => action.id === id && action.tool) ?? []);
  return actions.map((action) => (
    <Button
      key={action.id}
      tone="quiet"
      className="px-2"
      reason={action.enabled === false ? (action.reason ?? action.label) : null}
      onClick={() => act(action.tool, action.arguments ?? {}, artifact)}
    >
      {action.label}
    </Button>
  ));
}

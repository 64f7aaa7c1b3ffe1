import { createContext, useContext } from "react";
import type { ArtifactRef } from "@/lib/artifact-ref";
import type { Artifact } from "@/api/types";

/** What any panel may ask of the studio around it. The app provides it, so that no feature has to import another. */
export interface StudioActions {
  threadId: string | null;
  /** Says it in the thread, as if typed. */
  ask: (text: string) => void;
  /** Puts it into the composer for the reader to finish. */
  prefill: (text: string) => void;
  /** A click on a tool: recorded in the thread as an action and run without planning. */
  act: (tool: string, args: Record<string, unknown>, artifact?: Pick<Artifact, "id" | "version">) => void;
  openArtifact: (ref: ArtifactRef) => void;
}

const missing = () => {
  throw new Error("StudioActionsContext has no provider");
};

export const StudioActionsContext = createContext<StudioActions>({
  threadId: null,
  ask: missing,
  prefill: missing,
  act: missing,
  openArtifact: missing,
});

export function useStudioActions(): StudioActions {
  return useContext(StudioActionsContext);
}

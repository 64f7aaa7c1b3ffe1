import type { ReactNode } from "react";
import type { Artifact } from "@/api/types";

export interface PanelProps<T> {
  artifact: Artifact;
  data: T;
  /** An older version is open: look, do not touch. */
  frozen: boolean;
}

/** What a panel puts into the frame around it. */
export interface FrameSlots {
  tags?: ReactNode;
  actions?: ReactNode;
  footer?: ReactNode;
}

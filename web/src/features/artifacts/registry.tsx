import { lazy, type ComponentType, type LazyExoticComponent, type ReactNode } from "react";
import type { Artifact, ArtifactType } from "@/api/types";
import { readDataPreview } from "@/features/artifacts/data-preview/guard";
import type { PanelProps } from "@/features/artifacts/panel-types";
import { readQueryResults } from "@/features/artifacts/query-results/guard";
import { readSchemaViewer } from "@/features/artifacts/schema-viewer/guard";
import { readSqlEditor } from "@/features/artifacts/sql-editor/guard";
import { readTopicList } from "@/features/artifacts/topic-list/guard";

export interface ArtifactKind {
  /** Draws a payload, or null when the payload is not of this kind. */
  render: (artifact: Artifact, frozen: boolean) => ReactNode | null;
}

function kind<T>(
  read: (value: unknown) => T | null,
  Panel: LazyExoticComponent<ComponentType<PanelProps<T>>>,
): ArtifactKind {
  return {
    render: (artifact, frozen) => {
      const data = read(artifact.data);
      return data === null ? null : <Panel artifact={artifact} data={data} frozen={frozen} />;
    },
  };
}

/** One line per artifact type. A new type is a folder with panel, guard, sample and test, and a line here. */
const KINDS: Record<ArtifactType, ArtifactKind> = {
  "sql-editor": kind(
    readSqlEditor,
    lazy(() => import("@/features/artifacts/sql-editor/panel")),
  ),
  "query-results": kind(
    readQueryResults,
    lazy(() => import("@/features/artifacts/query-results/panel")),
  ),
  "schema-viewer": kind(
    readSchemaViewer,
    lazy(() => import("@/features/artifacts/schema-viewer/panel")),
  ),
  "topic-list": kind(
    readTopicList,
    lazy(() => import("@/features/artifacts/topic-list/panel")),
  ),
  "data-preview": kind(
    readDataPreview,
    lazy(() => import("@/features/artifacts/data-preview/panel")),
  ),
};

export function artifactKind(type: string): ArtifactKind | null {
  return type in KINDS ? KINDS[type as ArtifactType] : null;
}

import { useState } from "react";
import { refreshArtifact, useSaveArtifact } from "@/api/artifacts";
import { ApiError, toErrorBody } from "@/api/errors";
import { formatSql } from "@/api/sql";
import type { Artifact } from "@/api/types";
import { copy } from "@/lib/copy/en";
import type { TextPiece } from "@/lib/velosql-tokens";
import { showToast } from "@/ui/toast";
import { setDraft, useDraft } from "@/features/artifacts/sql-editor/drafts";
import type { SqlEditorData } from "@/features/artifacts/sql-editor/guard";
import { startRun } from "@/features/artifacts/sql-editor/runs";

/** The text being edited: the saved version, or the draft over it. Saving makes a version; nothing overwrites typing. */
export function useSqlDocument(artifact: Artifact, data: SqlEditorData, frozen: boolean, threadId: string | undefined) {
  const stored = useDraft(artifact.id);
  const draft = frozen ? null : stored;
  const save = useSaveArtifact();
  const [refused, setRefused] = useState(false);
  const sql = draft?.sql ?? data.sql;
  const dirty = draft !== null && draft.sql !== data.sql;
  const movedOn = dirty && draft.baseVersion < artifact.version;

  const edit = (next: string) => {
    if (frozen || next === sql) return;
    setDraft(
      artifact.id,
      next === data.sql ? null : { baseVersion: draft?.baseVersion ?? artifact.version, sql: next },
    );
  };

  const store = async (text: string, version: number): Promise<void> => {
    try {
      const saved = await save.mutateAsync({ id: artifact.id, version, data: { sql: text } });
      setRefused(false);
      setDraft(artifact.id, null);
      if (saved) showToast(copy.sql.saved(saved.version));
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) {
        setRefused(true);
        await refreshArtifact(artifact.id);
      } else showToast(toErrorBody(error).message);
    }
  };

  return {
    sql,
    dirty,
    conflict: movedOn || (refused && dirty),
    edit,
    discard: () => setDraft(artifact.id, null),
    save: () => store(sql, draft?.baseVersion ?? artifact.version),
    keepMine: () => void store(sql, artifact.version),
    takeTheirs: () => {
      setRefused(false);
      setDraft(artifact.id, null);
    },
    format: async () => {
      try {
        const answer = await formatSql(sql);
        if (answer.changed) edit(answer.sql);
      } catch (error) {
        showToast(toErrorBody(error).message);
      }
    },
    /** Runs what was asked for; edits are kept as a version first, so that a result always has its text. */
    run: async (piece: TextPiece) => {
      const running = startRun(artifact.id, piece, threadId);
      if (dirty && !movedOn) await store(sql, draft.baseVersion);
      await running;
    },
  };
}

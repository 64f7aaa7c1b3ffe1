import { queryOptions, useMutation } from "@tanstack/react-query";
import { request } from "@/api/client";
import { queryClient } from "@/api/query-client";
import type { Artifact, ArtifactHead, ArtifactVersion } from "@/api/types";

interface ArtifactAnswer {
  artifact: Artifact;
  versions?: ArtifactVersion[];
}

/** The version list stands beside the artifact in the answer; panels want it with the artifact. */
function withVersions(answer: ArtifactAnswer): Artifact {
  return answer.versions ? { ...answer.artifact, versions: answer.versions } : answer.artifact;
}

const key = (id: string, version: number | undefined) => ["artifact", id, version ?? "current"] as const;

export function artifactQuery(id: string, version?: number) {
  return queryOptions({
    queryKey: key(id, version),
    // A stated version never changes; the current one is refreshed by events and edits.
    staleTime: version === undefined ? 10_000 : Infinity,
    queryFn: ({ signal }) =>
      request<ArtifactAnswer>(`/api/artifacts/${id}`, { query: { version, versions: true }, signal }).then(
        withVersions,
      ),
  });
}

/** Puts what the chat stream brought into the cache, so that opening the artifact needs no second request. */
export function rememberArtifact(head: ArtifactHead, threadId: string): void {
  if (head.data === undefined || head.data === null) {
    void queryClient.invalidateQueries({ queryKey: key(head.id, undefined) });
    return;
  }
  const artifact: Artifact = { ...head, data: head.data, thread_id: threadId };
  queryClient.setQueryData(key(head.id, undefined), (old: Artifact | undefined) =>
    old && old.version > head.version ? old : { ...old, ...artifact },
  );
  // The envelope in the store also has actions, author and the version list; fetch it when the panel looks.
  void queryClient.invalidateQueries({ queryKey: key(head.id, undefined) });
}

export function refreshArtifact(id: string): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: ["artifact", id] });
}

export function useSaveArtifact() {
  return useMutation({
    mutationFn: ({ id, version, data, message }: { id: string; version: number; data: unknown; message?: string }) =>
      request<ArtifactAnswer>(`/api/artifacts/${id}`, {
        method: "PUT",
        body: { data, ...(message ? { message } : {}) },
        headers: { "If-Match": `"v${version}"` },
      }).then(withVersions),
    onSuccess: (artifact) => {
      if (!artifact) return;
      queryClient.setQueryData(key(artifact.id, undefined), (old: Artifact | undefined) => ({ ...old, ...artifact }));
      void refreshArtifact(artifact.id);
      void queryClient.invalidateQueries({ queryKey: ["thread-artifacts"] });
    },
  });
}

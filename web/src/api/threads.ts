import { queryOptions, useMutation, useQuery } from "@tanstack/react-query";
import { buildUrl, request } from "@/api/client";
import { queryClient } from "@/api/query-client";
import type { Artifact, StoredMessage, Thread } from "@/api/types";

const listKey = ["threads"] as const;

/** The conversation as a document, or its queries as one SQL file. */
export const threadExportUrl = (id: string, format: "md" | "sql"): string =>
  buildUrl(`/api/threads/${id}/export`, { format });

export const threadsQuery = queryOptions({
  queryKey: listKey,
  queryFn: ({ signal }) =>
    request<{ threads: Thread[] }>("/api/threads", { query: { limit: 100 }, signal }).then(
      (body) => body.threads ?? [],
    ),
});

export function useThreads() {
  return useQuery(threadsQuery);
}

/** Head and messages in one answer, so that a thread opens with a single wait. */
export async function loadThread(id: string): Promise<{ thread: Thread; messages: StoredMessage[] }> {
  const [head, body] = await Promise.all([
    request<{ thread: Thread }>(`/api/threads/${id}`),
    request<{ messages: StoredMessage[] }>(`/api/threads/${id}/messages`, { query: { limit: 500 } }),
  ]);
  return { thread: head.thread, messages: body.messages ?? [] };
}

export function useThreadArtifacts(threadId: string, enabled: boolean) {
  return useQuery({
    queryKey: ["thread-artifacts", threadId],
    enabled,
    queryFn: ({ signal }) =>
      request<{ artifacts: Omit<Artifact, "data">[] }>(`/api/threads/${threadId}/artifacts`, { signal }).then(
        (body) => body.artifacts ?? [],
      ),
  });
}

export function refreshThreads(): void {
  void queryClient.invalidateQueries({ queryKey: listKey });
}

/** Shows a thread or a new title at once; the next list from the server confirms it. */
export function patchThreadInList(id: string, patch: Partial<Thread>): void {
  queryClient.setQueryData(threadsQuery.queryKey, (threads: Thread[] | undefined) => {
    const known = threads?.some((thread) => thread.id === id);
    if (known) return threads?.map((thread) => (thread.id === id ? { ...thread, ...patch } : thread));
    return [{ id, title: null, status: "regular", ...patch }, ...(threads ?? [])];
  });
}

export function useRenameThread() {
  return useMutation({
    mutationFn: ({ id, title }: { id: string; title: string }) =>
      request<unknown>(`/api/threads/${id}`, { method: "PATCH", body: { title }, headers: { "If-Match": "*" } }),
    onMutate: ({ id, title }) => patchThreadInList(id, { title }),
    onSettled: refreshThreads,
  });
}

export function deleteThread(id: string): Promise<unknown> {
  return request(`/api/threads/${id}`, { method: "DELETE", headers: { "If-Match": "*" } });
}

export function hideThreadInList(id: string): void {
  queryClient.setQueryData(threadsQuery.queryKey, (threads: Thread[] | undefined) =>
    threads?.filter((t) => t.id !== id),
  );
}

import { queryOptions, useMutation, useQuery } from "@tanstack/react-query";
import { request } from "@/api/client";
import { queryClient } from "@/api/query-client";
import type { Connection, Preview, PreviewMessage, SourceItem, SourceSchema, Topic } from "@/api/types";

export const topicsQuery = queryOptions({
  queryKey: ["topics"],
  queryFn: ({ signal }) =>
    request<{ topics: Topic[]; total: number }>("/api/topics", { query: { limit: 500 }, signal }),
});
export const connectionsQuery = queryOptions({
  queryKey: ["connections"],
  queryFn: ({ signal }) =>
    request<{ connections: Connection[] }>("/api/connections", { signal }).then((body) => body.connections ?? []),
});

export interface Prompt {
  label: string;
  prompt: string;
}
/** Things worth asking about the schemas at hand; the studio has read each of them itself. */
export const promptsQuery = queryOptions({
  queryKey: ["prompts"],
  retry: false,
  queryFn: ({ signal }) =>
    request<{ prompts: Prompt[] }>("/api/prompts", { query: { limit: 3 }, signal }).then((body) => body.prompts ?? []),
});

export function useTopics() {
  return useQuery(topicsQuery);
}
export function useConnections() {
  return useQuery(connectionsQuery);
}

export function refreshSources(): void {
  void queryClient.invalidateQueries({ queryKey: ["topics"] });
  void queryClient.invalidateQueries({ queryKey: ["connections"] });
  void queryClient.invalidateQueries({ queryKey: ["source-items"] });
}

export function topicSchemaQuery(name: string) {
  return queryOptions({
    queryKey: ["topic-schema", name],
    staleTime: 60_000,
    queryFn: ({ signal }) =>
      request<SourceSchema>(`/api/topics/${encodeURIComponent(name)}/schema`, { query: { max_records: 50 }, signal }),
  });
}

export function topicMessagesQuery(name: string) {
  return queryOptions({
    queryKey: ["topic-messages", name],
    staleTime: 0,
    queryFn: ({ signal }) =>
      request<Omit<Preview, "kind"> & { messages: PreviewMessage[] }>(
        `/api/topics/${encodeURIComponent(name)}/messages`,
        { query: { limit: 20, from_end: true }, signal },
      ).then((body): Preview => ({ ...body, name, kind: "messages" })),
  });
}

export function sourceItemsQuery(sourceId: string) {
  return queryOptions({
    queryKey: ["source-items", sourceId],
    queryFn: ({ signal }) =>
      request<{ items: SourceItem[]; total: number }>("/api/sources", {
        query: { source_id: sourceId, limit: 500 },
        signal,
      }),
  });
}

export function sourceSchemaQuery(sourceId: string, name: string | undefined) {
  return queryOptions({
    queryKey: ["source-schema", sourceId, name],
    staleTime: 60_000,
    queryFn: ({ signal }) => request<SourceSchema>(`/api/sources/${sourceId}/schema`, { query: { name }, signal }),
  });
}

export function sourcePreviewQuery(sourceId: string, name: string | undefined) {
  return queryOptions({
    queryKey: ["source-preview", sourceId, name],
    staleTime: 0,
    queryFn: ({ signal }) =>
      request<Preview>(`/api/sources/${sourceId}/preview`, { query: { name, limit: 50 }, signal }),
  });
}

export function useConnectSource() {
  return useMutation({
    mutationFn: (uri: string) =>
      request<{ connected: boolean; source_id: string; alias: string }>("/api/connect", {
        method: "POST",
        body: { uri },
      }),
    onSuccess: refreshSources,
  });
}

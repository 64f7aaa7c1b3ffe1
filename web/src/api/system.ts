import { queryOptions, useQuery } from "@tanstack/react-query";
import { request } from "@/api/client";
import type { SystemInfo } from "@/api/types";

export const systemQuery = queryOptions({
  queryKey: ["system"],
  queryFn: ({ signal }) => request<SystemInfo>("/api/system/info", { signal }),
  // Also the heartbeat: it finds the way back after the studio was restarted.
  refetchInterval: (query) => (query.state.status === "error" ? 2000 : 10_000),
});

export function useSystemInfo() {
  return useQuery(systemQuery);
}

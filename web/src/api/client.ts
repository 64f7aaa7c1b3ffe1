import { reportReachable, reportUnreachable } from "@/api/connection";
import { ApiError, lostConnection, readErrorBody } from "@/api/errors";

export interface RequestOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  query?: Record<string, string | number | boolean | undefined>;
}

export function buildUrl(path: string, query: RequestOptions["query"] = {}): string {
  const entries = Object.entries(query).filter((entry) => entry[1] !== undefined);
  if (entries.length === 0) return path;
  return `${path}?${new URLSearchParams(entries.map(([key, value]) => [key, String(value)])).toString()}`;
}

/** The headers every write needs: JSON with a body, a client name without one, so that no plain form can trigger it. */
export function requestHeaders(method: string, hasBody: boolean): Record<string, string> {
  if (hasBody) return { "Content-Type": "application/json", "X-Velo-Client": "web" };
  return method === "GET" ? {} : { "X-Velo-Client": "web" };
}

export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const method = options.method ?? "GET";
  let response: Response;
  try {
    response = await fetch(buildUrl(path, options.query), {
      method,
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        ...requestHeaders(method, options.body !== undefined),
        ...options.headers,
      },
      ...(options.body !== undefined ? { body: JSON.stringify(options.body) } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    reportUnreachable();
    throw new ApiError(lostConnection(), 0);
  }
  reportReachable();
  const text = await response.text();
  const value = parseJson(text);
  if (!response.ok)
    throw new ApiError(readErrorBody(value, `The studio answered ${response.status}.`), response.status);
  return value as T;
}

function parseJson(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

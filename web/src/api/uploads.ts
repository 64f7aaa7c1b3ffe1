import { reportReachable, reportUnreachable } from "@/api/connection";
import { buildUrl, requestHeaders } from "@/api/client";
import { ApiError, lostConnection, readErrorBody } from "@/api/errors";

/** Below the server's limit for one request. */
const PIECE_BYTES = 768 * 1024;

export interface Uploaded {
  file_id: string;
  name: string;
  received: number;
  /** Of the whole file, with the answer to the last piece. */
  path?: string;
  uri?: string;
}

/** Puts a file into the studio's data folder, piece by piece. Rejects with ApiError, or when `signal` says so. */
export async function uploadFile(
  file: File,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Uploaded> {
  let taken: Uploaded | null = null;
  do {
    const offset: number = taken?.received ?? 0;
    const piece = file.slice(offset, offset + PIECE_BYTES);
    const place: Record<string, string> = taken ? { file_id: taken.file_id } : { name: file.name };
    taken = await send(piece, { ...place, offset, total: file.size }, signal);
    onProgress(file.size === 0 ? 1 : taken.received / file.size);
  } while (taken.received < file.size);
  return taken;
}

async function send(piece: Blob, query: Record<string, string | number>, signal: AbortSignal): Promise<Uploaded> {
  let response: Response;
  try {
    response = await fetch(buildUrl("/api/uploads", query), {
      method: "POST",
      credentials: "same-origin",
      headers: { ...requestHeaders("POST", false), "Content-Type": "application/octet-stream" },
      body: piece,
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    reportUnreachable();
    throw new ApiError(lostConnection(), 0);
  }
  reportReachable();
  const value: unknown = await response.json().catch(() => null);
  if (!response.ok)
    throw new ApiError(readErrorBody(value, `The studio answered ${response.status}.`), response.status);
  return value as Uploaded;
}

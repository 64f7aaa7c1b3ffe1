import type { ApiErrorBody, Diagnostic } from "@/api/types";

/** A failed request with the server's own words. Everything that can go wrong on the wire becomes one of these. */
export class ApiError extends Error {
  readonly body: ApiErrorBody;
  readonly status: number;

  constructor(body: ApiErrorBody, status: number) {
    super(body.message);
    this.name = "ApiError";
    this.body = body;
    this.status = status;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** Reads an error envelope out of anything; never throws. */
export function readErrorBody(value: unknown, fallbackMessage: string): ApiErrorBody {
  const inner = isRecord(value) && isRecord(value["error"]) ? value["error"] : value;
  if (isRecord(inner) && typeof inner["message"] === "string") {
    return {
      ...(inner as Partial<ApiErrorBody>),
      code: typeof inner["code"] === "string" ? inner["code"] : "INTERNAL",
      message: inner["message"],
      diagnostics: Array.isArray(inner["diagnostics"]) ? (inner["diagnostics"] as Diagnostic[]) : [],
    };
  }
  return { code: "INTERNAL", message: fallbackMessage, retryable: true };
}

export function lostConnection(): ApiErrorBody {
  return {
    code: "VS8001",
    message: "Connection to the studio lost",
    cure: "Your text is kept; jobs go on running. Retrying when it is back.",
    retryable: true,
  };
}

/** The envelope of any thrown value, so that every failure can be shown by the same error block. */
export function toErrorBody(error: unknown): ApiErrorBody {
  if (error instanceof ApiError) return error.body;
  if (error instanceof TypeError) return lostConnection();
  if (error instanceof Error) {
    try {
      return readErrorBody(JSON.parse(error.message), error.message);
    } catch {
      const coded = /^([A-Z][A-Z0-9_]{2,}): (.+)$/s.exec(error.message);
      if (coded?.[1] && coded[2]) return { code: coded[1], message: coded[2] };
      return { code: "INTERNAL", message: error.message || "Something in this page stopped working" };
    }
  }
  return { code: "INTERNAL", message: "Something in this page stopped working" };
}

import type { Column, Diagnosis, Diagnostic, ExecutionState, Row, RuntimeWarning, Viz } from "@/api/types";

export type RowOp = "insert" | "update" | "delete";

/** Server messages of `WS /api/stream/{execution_id}`. */
export type ServerMessage =
  | {
      type: "connected";
      execution_id: string;
      columns: Column[];
      key_columns?: string[];
      state: ExecutionState;
      viz?: Viz | null;
      window?: number;
      resumed_from?: number | null;
    }
  | {
      type: "rows";
      data: Row[];
      batch_number: number;
      ops?: RowOp[];
      conflated?: number;
      dropped?: number;
      at?: string;
    }
  | {
      type: "metrics";
      records_per_second?: number;
      total_records?: number;
      rows_out?: number;
      rows_late?: number;
      rows_bad?: number;
      latency_ms?: number;
      watermark?: string | null;
      lag?: number | null;
      state_bytes?: number;
      progress?: { done: number; total: number; unit?: string; eta_ms?: number } | null;
      diagnosis?: Diagnosis | null;
      warnings?: RuntimeWarning[];
    }
  | { type: "state"; state: ExecutionState; reason?: string | null }
  | { type: "snapshot"; data: Row[]; batch_number: number; reason?: string; stands_for?: number }
  | {
      type: "complete";
      state?: ExecutionState;
      total_rows?: number;
      execution_time_ms?: number;
      accounting?: Record<string, number>;
    }
  | {
      type: "error";
      code: string;
      message: string;
      cure?: string | null;
      recoverable?: boolean;
      diagnostics?: Diagnostic[];
    }
  | { type: "pong"; id?: string };

export type ClientMessage =
  | { action: "pause" | "resume" | "cancel" }
  | { action: "ack"; batch_number: number }
  | { action: "set"; max_rows_per_second?: number; view?: "table" | "changelog" }
  | { action: "ping"; id: string };

const TYPES = new Set(["connected", "rows", "metrics", "state", "snapshot", "complete", "error", "pong"]);

/** Reads one frame. A frame that is not ours is null, not an exception: newer servers may say more. */
export function readServerMessage(text: string): ServerMessage | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    const message = value as { type?: unknown; data?: unknown };
    if (typeof message.type !== "string" || !TYPES.has(message.type)) return null;
    if ((message.type === "rows" || message.type === "snapshot") && !Array.isArray(message.data)) return null;
    return value as ServerMessage;
  } catch {
    return null;
  }
}

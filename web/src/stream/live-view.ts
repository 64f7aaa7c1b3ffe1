import { reportReachable, reportUnreachable } from "@/api/connection";
import { toErrorBody } from "@/api/errors";
import { cancelExecution, getExecution, getExecutionRows } from "@/api/executions";
import type {
  ApiErrorBody,
  Column,
  Diagnosis,
  ExecuteResponse,
  ExecutionMetadata,
  ExecutionState,
  Row,
  RuntimeWarning,
  Viz,
} from "@/api/types";
import { ChangelogFold, type Change } from "@/stream/fold";
import { FlowControl } from "@/stream/flow-control";
import { readServerMessage, type ClientMessage, type ServerMessage } from "@/stream/protocol";

/** Figures repaint at most four times a second. */
const REPAINT_MS = 250;
const RATE_POINTS = 60;

export interface LiveSnapshot {
  executionId: string;
  state: ExecutionState;
  connected: "connecting" | "open" | "lost" | "closed";
  paused: boolean;
  columns: Column[];
  keyColumns: string[];
  viz: Viz | null;
  rows: Row[];
  changes: Change[];
  seen: number;
  metadata: ExecutionMetadata & { rows_out?: number };
  progress: { done: number; total: number; unit?: string; eta_ms?: number } | null;
  rates: number[];
  diagnosis: Diagnosis | null;
  warnings: readonly RuntimeWarning[];
  error: ApiErrorBody | null;
  note: string | null;
  lastRowAt: number | null;
}

function endState(stated: ExecutionState | undefined, now: LiveSnapshot): ExecutionState {
  if (stated && hasEnded(stated)) return stated;
  if (now.error) return "failed";
  return now.state === "cancelling" || now.state === "cancelled" ? "cancelled" : "finished";
}

const ENDED: readonly ExecutionState[] = ["cancelled", "finished", "failed", "expired"];
export const hasEnded = (state: ExecutionState): boolean => ENDED.includes(state);

/**
 * One execution as this tab sees it: socket, fold, figures. Components read immutable snapshots and never see a
 * message. The view outlives the component that opened it for a moment, so that switching tabs does not reconnect.
 */
export class LiveView {
  private fold = new ChangelogFold();
  private flow = new FlowControl();
  private socket: WebSocket | null = null;
  private listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private attempts = 0;
  private everOpen = false;
  private closed = false;
  private snapshot: LiveSnapshot;

  constructor(executionId: string, initial?: ExecuteResponse) {
    this.snapshot = {
      executionId,
      state: initial?.state ?? "starting",
      connected: "connecting",
      paused: false,
      columns: initial?.columns ?? [],
      keyColumns: initial?.key_columns ?? [],
      viz: initial?.viz ?? null,
      rows: [],
      changes: [],
      seen: 0,
      metadata: initial?.metadata ?? {},
      progress: null,
      rates: [],
      diagnosis: null,
      warnings: [],
      error: null,
      note: null,
      lastRowAt: null,
    };
    this.fold.keyColumns = this.snapshot.keyColumns;
    if (initial) this.fold.apply(initial.rows ?? [], initial.ops, Date.now());
    this.publish();
    if (initial && hasEnded(initial.state) && !initial.stream_url) {
      this.snapshot = { ...this.snapshot, connected: "closed" };
      if (this.fold.seen === 0) void this.explain();
    } else if (initial) this.open();
    else void this.attach();
  }

  get = (): LiveSnapshot => this.snapshot;
  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  pause(): void {
    this.send({ action: "pause" });
    this.patch({ paused: true });
  }
  resume(): void {
    this.send({ action: "resume" });
    this.patch({ paused: false });
  }
  /** Asks to stop. The word *stopped* appears only when the engine has confirmed it. */
  stop(): void {
    if (hasEnded(this.snapshot.state)) return;
    this.patch({ state: "cancelling" });
    cancelExecution(this.snapshot.executionId).then(
      (answer) => {
        if (answer.state === "cancelled") this.end("cancelled");
      },
      (error: unknown) => this.patch({ error: toErrorBody(error) }),
    );
  }
  close(): void {
    this.closed = true;
    if (this.timer) clearTimeout(this.timer);
    if (this.retry) clearTimeout(this.retry);
    this.socket?.close(1000);
    this.socket = null;
  }
  reconnectNow(): void {
    if (this.snapshot.connected === "lost") this.open();
  }

  /** Joins an execution known only by its id, for example after a reload. */
  private async attach(): Promise<void> {
    try {
      const execution = await getExecution(this.snapshot.executionId);
      if (this.closed) return;
      this.fold.keyColumns = execution.key_columns ?? [];
      this.patch({
        state: execution.state,
        columns: execution.columns ?? [],
        keyColumns: execution.key_columns ?? [],
        viz: execution.viz ?? null,
        metadata: { ...execution.metadata },
        diagnosis: execution.diagnosis ?? null,
        warnings: execution.warnings ?? [],
        error: execution.error ?? null,
      });
      if (!hasEnded(execution.state)) {
        this.open();
        return;
      }
      const kept = await getExecutionRows(this.snapshot.executionId);
      this.fold.replace(kept.rows ?? [], Date.now());
      this.patch({ connected: "closed", columns: kept.columns?.length ? kept.columns : this.snapshot.columns });
    } catch (error) {
      if (this.closed) return;
      const body = toErrorBody(error);
      if (body.code === "VS8001") this.lose(true);
      else this.patch({ state: "expired", connected: "closed", error: body.code.endsWith("NOT_FOUND") ? null : body });
    }
  }

  private open(): void {
    if (this.closed) return;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const after = this.flow.resumeAfter;
    const query = after > 0 ? `?ack=1&after=${after}` : "?ack=1";
    let opened = false;
    const socket = new WebSocket(`${scheme}//${location.host}/api/stream/${this.snapshot.executionId}${query}`);
    this.socket = socket;
    socket.onopen = () => {
      opened = true;
    };
    socket.onmessage = (event) => {
      const message = typeof event.data === "string" ? readServerMessage(event.data) : null;
      if (message) this.receive(message);
    };
    socket.onclose = (event) => {
      if (this.socket !== socket || this.closed) return;
      this.socket = null;
      if (hasEnded(this.snapshot.state)) this.patch({ connected: "closed" });
      else this.lose(event.code === 4404 || !opened);
    };
  }

  /** A socket that was refused is asked about over HTTP: the run may be gone, or the studio may be. */
  private lose(refused = false): void {
    this.patch({ connected: "lost" });
    if (this.everOpen) reportUnreachable();
    this.attempts += 1;
    const wait = Math.min(500 * 2 ** (this.attempts - 1), 5000);
    this.retry = setTimeout(() => (refused ? void this.attach() : this.open()), wait);
  }

  private receive(message: ServerMessage): void {
    switch (message.type) {
      case "connected":
        return this.connected(message);
      case "rows":
        if (message.batch_number === 1 && this.flow.resumeAfter === 0) this.fold.reset();
        this.fold.apply(message.data, message.ops, Date.now());
        this.acknowledge(this.flow.received(message.batch_number));
        return this.schedule();
      case "snapshot":
        this.fold.replace(message.data, Date.now());
        this.acknowledge(this.flow.received(message.batch_number));
        if (message.stands_for && message.reason !== "view_change") {
          this.patch({ note: `resumed, ${message.stands_for} changes summed up` });
        }
        return this.schedule();
      case "metrics": {
        const { type: _type, progress, diagnosis, warnings, total_records, ...figures } = message;
        const known = Object.fromEntries(Object.entries(figures).filter((entry) => entry[1] !== undefined));
        this.snapshot = {
          ...this.snapshot,
          metadata: {
            ...this.snapshot.metadata,
            ...known,
            ...(total_records !== undefined ? { rows_in: total_records } : {}),
          },
          progress: progress ?? this.snapshot.progress,
          diagnosis: diagnosis ?? null,
          warnings: warnings ?? this.snapshot.warnings,
          rates: [...this.snapshot.rates, message.records_per_second ?? 0].slice(-RATE_POINTS),
        };
        return this.schedule();
      }
      case "state":
        if (hasEnded(message.state)) return this.end(message.state);
        return this.patch({ state: message.state === "paused" ? this.snapshot.state : message.state });
      case "complete":
        this.snapshot = {
          ...this.snapshot,
          metadata: {
            ...this.snapshot.metadata,
            ...(message.execution_time_ms !== undefined ? { execution_time_ms: message.execution_time_ms } : {}),
            ...(message.accounting?.["in"] !== undefined ? { rows_in: message.accounting["in"] } : {}),
            ...(message.accounting?.["late"] !== undefined ? { rows_late: message.accounting["late"] } : {}),
            ...(message.accounting?.["bad"] !== undefined ? { rows_bad: message.accounting["bad"] } : {}),
          },
        };
        return this.end(endState(message.state, this.snapshot));
      case "error":
        if (message.recoverable) return this.patch({ note: message.message });
        this.patch({
          error: {
            code: message.code,
            message: message.message,
            cure: message.cure ?? null,
            diagnostics: message.diagnostics ?? [],
          },
        });
        return this.end("failed");
      case "pong":
        return;
    }
  }

  private connected(message: Extract<ServerMessage, { type: "connected" }>): void {
    this.flow.open(message.window, message.resumed_from);
    const wasLost = this.snapshot.connected === "lost";
    this.attempts = 0;
    this.everOpen = true;
    reportReachable();
    if (message.key_columns) this.fold.keyColumns = message.key_columns;
    this.patch({
      connected: "open",
      state: hasEnded(message.state) || message.state !== "paused" ? message.state : "running",
      columns: message.columns?.length ? message.columns : this.snapshot.columns,
      keyColumns: message.key_columns ?? this.snapshot.keyColumns,
      viz: message.viz ?? this.snapshot.viz,
      note: wasLost ? "resumed, nothing missed" : this.snapshot.note,
    });
    if (this.snapshot.paused) this.send({ action: "pause" });
  }

  private end(state: ExecutionState): void {
    this.patch({ state, paused: false });
    if (this.fold.size === 0) void this.explain();
  }

  /** Asks why there are no rows; the answer is the teaching part of an empty result. */
  private async explain(): Promise<void> {
    try {
      const execution = await getExecution(this.snapshot.executionId);
      this.patch({
        diagnosis: execution.diagnosis ?? this.snapshot.diagnosis,
        metadata: { ...this.snapshot.metadata, ...execution.metadata },
        error: this.snapshot.error ?? execution.error ?? null,
      });
    } catch {
      // The view already says that there are no rows; without an answer there is nothing to add.
    }
  }

  private acknowledge(batch: number | null): void {
    if (batch !== null) this.send({ action: "ack", batch_number: batch });
  }

  private send(message: ClientMessage): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private patch(change: Partial<LiveSnapshot>): void {
    this.snapshot = { ...this.snapshot, ...change };
    this.publish();
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.publish();
      this.acknowledge(this.flow.flush());
    }, REPAINT_MS);
  }

  private publish(): void {
    this.snapshot = {
      ...this.snapshot,
      rows: this.fold.table(),
      changes: this.fold.changelog(),
      seen: this.fold.seen,
      lastRowAt: this.fold.lastRowAt,
    };
    for (const listener of [...this.listeners]) listener();
  }
}

/**
 * The wire types, in one place and named as in the server's contract, so that types generated from `openapi.json` can
 * take their place. Fields the server may leave out are optional; readers must not assume them.
 */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Row = Record<string, unknown>;

export interface Column {
  name: string;
  type: string;
  sql_type?: string;
  nullable?: boolean;
  /** Added by the engine to tell rows apart, such as the bounds of a window. */
  hidden?: boolean;
}

export interface TextEdit {
  offset: number;
  length: number;
  text: string;
}
export interface Fix {
  title: string;
  edits?: TextEdit[];
  tool?: string;
  arguments?: Record<string, unknown>;
}
export interface Diagnostic {
  code: string;
  severity: "error" | "warning" | "info";
  category?: string;
  message: string;
  line?: number;
  column?: number;
  end_line?: number;
  end_column?: number;
  offset?: number;
  length?: number;
  statement?: number;
  context?: string;
  hint?: string | null;
  notes?: unknown[];
  fixes?: Fix[];
}
export interface ApiErrorBody {
  code: string;
  severity?: "error" | "warning" | "info";
  message: string;
  cure?: string | null;
  where?: { kind?: string; id?: string; version?: number; line?: number; column?: number } | null;
  details?: Record<string, unknown>;
  diagnostics?: Diagnostic[];
  fixes?: Fix[];
  retryable?: boolean;
  retry_after_ms?: number | null;
  request_id?: string;
  docs?: string;
}

export interface Thread {
  id: string;
  title: string | null;
  status: string;
  version?: number;
  message_count?: number;
  artifact_count?: number;
  last_message_at?: string | null;
  running_stream?: string | null;
  head_message_id?: string | null;
}
export interface StoredMessage {
  id: string;
  parent_id: string | null;
  format: string;
  content: { role: "user" | "assistant" | "system"; parts: unknown[]; metadata?: unknown };
  created_at?: string;
}

export type ArtifactType = "sql-editor" | "query-results" | "schema-viewer" | "topic-list" | "data-preview";
export interface ArtifactAction {
  id: string;
  label: string;
  tool: string;
  arguments?: Record<string, unknown>;
  shortcut?: string;
  primary?: boolean;
  enabled?: boolean;
  confirm?: boolean;
  reason?: string;
}
export interface Artifact {
  id: string;
  type: string;
  version: number;
  title: string;
  summary?: string;
  thread_id?: string;
  message_id?: string;
  state?: string;
  editable?: boolean;
  created_at?: string;
  author?: string;
  data: unknown;
  actions?: ArtifactAction[];
  versions?: ArtifactVersion[];
}
export interface ArtifactVersion {
  version: number;
  author?: string;
  message?: string | null;
  created_at?: string;
}
/** What the chat stream says about an artifact: the head always, the payload when it is small. */
export interface ArtifactHead {
  id: string;
  type: string;
  version: number;
  title: string;
  summary?: string;
  state?: string;
  data?: unknown;
}

export interface Viz {
  type: string;
  x?: string | null;
  y?: string[];
  series?: string | null;
  reason?: string;
  options?: Record<string, unknown>;
}
export interface Diagnosis {
  kind: string | null;
  text: string;
  actions?: { label: string; tool: string; arguments?: Record<string, unknown> }[];
}
export type ExecutionState =
  "starting" | "running" | "paused" | "stalled" | "cancelling" | "cancelled" | "finished" | "failed" | "expired";
export interface ExecutionMetadata {
  row_count?: number;
  truncated?: boolean;
  execution_time_ms?: number;
  is_streaming?: boolean;
  rows_in?: number;
  rows_late?: number;
  rows_bad?: number;
  bytes_read?: number;
  records_per_second?: number;
  watermark?: string | null;
  lag?: number | null;
  state_bytes?: number;
}
/** One statement of a script that runs or ran. */
export interface StatementResult {
  number: number;
  kind: string;
  name?: string | null;
  state: "waiting" | "running" | "done" | "failed" | "cancelled" | "skipped";
  /** "Stream totals created · 3 columns"; empty while nothing can be said. */
  message: string;
  note?: string | null;
  /** In bytes of the text that was sent. */
  span?: { offset: number; length: number; line?: number; column?: number };
  execution_id?: string | null;
  columns?: Column[];
  row_count?: number;
  is_streaming?: boolean;
  /** Its rows go into a stream, table or place too; it goes on when nobody looks. */
  writes?: boolean;
  error?: ApiErrorBody | null;
}
export interface ScriptState {
  script_id: string;
  state: "running" | "through";
  sql: string;
  statements: StatementResult[];
  error?: ApiErrorBody | null;
}
/** A step of a query: how many rows it was given, gave on, and left out. */
export interface OperatorFigures {
  name: string;
  rows_in: number;
  rows_out: number;
  rows_filtered?: number;
  rows_late?: number;
  rows_bad?: number;
  rows_held?: number;
}
/** A record that could not be read, or that came too late. */
export interface SetAside {
  where?: string;
  partition?: number;
  line?: number;
  byte_offset?: number;
  raw: string;
  reason: string;
}
export interface RuntimeWarning {
  code: string;
  message: string;
  times?: number;
}
export interface ExecuteResponse {
  success: boolean;
  /** Of the main result; empty when no statement gives rows. */
  execution_id: string;
  script_id?: string | null;
  statements?: StatementResult[];
  columns: Column[];
  key_columns?: string[];
  rows: Row[];
  ops?: ("insert" | "update" | "delete")[];
  metadata: ExecutionMetadata;
  viz?: Viz | null;
  stream_url: string | null;
  state: ExecutionState;
  warnings?: Diagnostic[];
  artifact?: { id: string; type: string; version: number } | null;
}
export interface Execution {
  execution_id: string;
  state: ExecutionState;
  sql?: string;
  columns?: Column[];
  key_columns?: string[];
  viz?: Viz | null;
  stream_url?: string | null;
  metadata?: ExecutionMetadata;
  accounting?: Record<string, number>;
  diagnosis?: Diagnosis | null;
  error?: ApiErrorBody | null;
  operators?: OperatorFigures[];
  bad_records?: SetAside[];
  late_records?: SetAside[];
  warnings?: RuntimeWarning[];
}

export interface ValidateResponse {
  valid: boolean;
  errors: Diagnostic[];
  warnings: Diagnostic[];
  summary?: string;
  output_columns?: Column[];
  statements?: { index: number; kind: string; span?: { offset: number; length: number } }[];
  ast?: { bounded?: boolean; window?: { type: string; size_ms?: number } | null } | null;
}
export interface CompletionItem {
  text: string;
  kind: string;
  confidence?: number;
  explanation?: string | null;
  detail?: string | null;
  documentation?: string | null;
  replace?: { offset: number; length: number };
}
export interface HoverResponse {
  kind: string;
  name: string;
  text: string;
  range?: { offset: number; length: number };
}
export interface SignatureResponse {
  signatures: { label: string; doc?: string; parameters: string[] }[];
  active: number;
  parameter: number;
}

export interface Topic {
  name: string;
  partitions: { partition: number; message_count: number; latest_timestamp_ms?: number | null }[];
  total_messages: number;
  is_test_topic?: boolean;
  flags?: string[];
  last_message_at?: string | null;
  rate_per_second?: number;
  format?: string | null;
}
export interface SchemaColumn extends Column {
  null_ratio?: number;
  presence?: number;
  example?: unknown;
  examples?: unknown[];
  distinct?: number;
  min?: unknown;
  max?: unknown;
  roles?: string[];
  confidence?: number;
  widened_from?: string | string[] | null;
  fields?: SchemaColumn[];
}
export interface SourceSchema {
  source?: string;
  source_id?: string;
  topic?: string;
  name: string;
  exact?: boolean;
  format?: string | null;
  has_keys?: boolean;
  records_sampled?: number;
  decode_failures?: number;
  fields?: [string, string][];
  columns?: SchemaColumn[];
  sample_value?: string | null;
  event_time_candidates?: { field: string; format?: string; confidence?: number }[];
  key_candidates?: string[];
  declared?: boolean;
}
export interface SourceItem {
  name: string;
  kind?: string;
  partitions?: number | null;
  message_count?: number | null;
  size_bytes?: number | null;
  modified_at?: string | null;
  format?: string | null;
  flags?: string[];
}
export interface Connection {
  source_id: string;
  alias: string;
  uri: string;
  type: string;
  status?: string;
  default?: boolean;
  last_error?: string | null;
  connected_at?: string;
}
export interface PreviewMessage {
  partition: number;
  offset: number | string;
  key: string | null;
  value: string | null;
  decoded?: Row | null;
  decoder?: string | null;
  timestamp_ms?: number | null;
  headers?: [string, string][];
  error?: string | null;
}
export interface Preview {
  source_id?: string;
  name?: string;
  kind: string;
  columns?: Column[];
  messages?: PreviewMessage[];
  records?: Row[];
  files?: { path: string; size_bytes?: number; modified_at?: string }[];
  total_returned?: number;
  scan?: { scanned: number; matched: number; budget_hit: boolean; continue?: string | null };
  masked_fields?: string[];
}

export interface SystemInfo {
  name?: string;
  version?: string;
  commit?: string;
  uptime_seconds?: number;
  engine?: { lanes?: number; memory_budget_bytes?: number; memory_used_bytes?: number };
  features?: Record<string, boolean>;
  first_run?: boolean;
  detected?: { kind: string; address: string }[];
}

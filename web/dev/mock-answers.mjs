import { randomBytes } from "node:crypto";
import { Market } from "./mock-market.mjs";
import { chatTurn } from "./mock-chat.mjs";

const id = (prefix) => `${prefix}_${randomBytes(6).toString("hex")}a`;
const now = () => new Date().toISOString();
const notFound = (code, message) => ({
  status: 404,
  body: { error: { code, message, cure: "It may have been deleted.", details: {}, request_id: "r-mock" } },
});

const COLUMNS = [
  {
    name: "symbol",
    type: "String",
    sql_type: "STRING",
    nullable: false,
    null_ratio: 0,
    presence: 1,
    example: "AAPL",
    examples: ["AAPL", "TSLA", "MSFT", "NVDA"],
    distinct: 5,
    roles: ["symbol"],
    confidence: 0.98,
  },
  {
    name: "price",
    type: "Float",
    sql_type: "DOUBLE",
    nullable: false,
    null_ratio: 0,
    presence: 1,
    example: 185.42,
    examples: [185.42],
    min: "121.40",
    max: "412.91",
    distinct: 812,
    roles: ["price"],
    confidence: 0.98,
  },
  {
    name: "quantity",
    type: "Integer",
    sql_type: "BIGINT",
    nullable: false,
    null_ratio: 0,
    presence: 1,
    example: 5000,
    examples: [5000],
    min: "10",
    max: "9900",
    distinct: 431,
    roles: ["quantity"],
    confidence: 0.98,
  },
  {
    name: "timestamp",
    type: "DateTime",
    sql_type: "TIMESTAMP",
    nullable: false,
    null_ratio: 0,
    presence: 1,
    example: "2026-02-16T10:30:00.000Z",
    examples: ["2026-02-16T10:30:00.000Z"],
    distinct: 998,
    roles: [],
    confidence: 0.97,
  },
];
const ORDER_COLUMNS = [
  {
    name: "order_id",
    type: "String",
    sql_type: "STRING",
    example: "o-1001",
    examples: ["o-1001", "o-1002"],
    null_ratio: 0,
    distinct: 990,
    roles: [],
  },
  {
    name: "symbol",
    type: "String",
    sql_type: "STRING",
    example: "AAPL",
    examples: ["AAPL"],
    null_ratio: 0,
    distinct: 5,
    roles: ["symbol"],
  },
  {
    name: "region",
    type: "String",
    sql_type: "STRING",
    example: "EU",
    examples: ["EU", "US", "APAC"],
    null_ratio: 0.012,
    distinct: 3,
    roles: ["region"],
  },
  {
    name: "total",
    type: "Decimal",
    sql_type: "DECIMAL(18,4)",
    example: "1042.5000",
    examples: ["1042.5000"],
    min: "4.2000",
    max: "9917.1000",
    null_ratio: 0,
    distinct: 980,
    roles: ["amount"],
  },
];

/** All REST answers, kept small: state lives in memory and is lost with the process. */
export class Answers {
  constructor() {
    this.market = new Market();
    this.threads = new Map();
    this.artifacts = new Map();
    this.executions = new Map();
    this.running = new Map();
  }

  schemaOf(name) {
    const columns =
      name === "orders"
        ? ORDER_COLUMNS
        : name === "trades"
          ? COLUMNS
          : [
              { name: "customer_id", type: "String", example: "c-7", examples: ["c-7"], distinct: 120, null_ratio: 0 },
              {
                name: "event",
                type: "String",
                example: "login",
                examples: ["login", "view"],
                distinct: 6,
                null_ratio: 0,
              },
            ];
    return {
      source: "demo",
      source_id: "src_demo",
      topic: name,
      name,
      exact: false,
      format: "json",
      has_keys: true,
      records_sampled: 1000,
      decode_failures: 0,
      fields: columns.map((c) => [c.name, c.type]),
      columns,
      event_time_candidates: name === "trades" ? [{ field: "timestamp" }] : [],
      key_candidates: ["symbol"],
    };
  }

  put(thread, type, title, data, summary = "", known = undefined) {
    const artifact = known ?? {
      id: id("art"),
      type,
      title,
      thread_id: thread,
      version: 0,
      history: [],
      editable: type === "sql-editor",
      state: "ready",
      created_at: now(),
    };
    artifact.version += 1;
    artifact.title = title;
    artifact.summary = summary;
    artifact.data = data;
    artifact.history.push({
      version: artifact.version,
      author: "assistant",
      message: summary,
      created_at: now(),
      data,
    });
    this.artifacts.set(artifact.id, artifact);
    return artifact;
  }

  view(artifact, version) {
    const { history, ...head } = artifact;
    const at = history.find((h) => h.version === version) ?? history.at(-1);
    return { ...head, version: at.version, data: at.data, versions: history.map(({ data: _data, ...v }) => v) };
  }

  validate(sql) {
    const errors = [];
    for (const [wrong, right] of [
      ["prise", "price"],
      ["simbol", "symbol"],
    ]) {
      const offset = sql.indexOf(wrong);
      if (offset < 0) continue;
      const before = sql.slice(0, offset).split("\n");
      errors.push({
        code: "E2102",
        severity: "error",
        category: "name",
        message: `trades has no column '${wrong}'.`,
        line: before.length,
        column: before.at(-1).length + 1,
        offset,
        length: wrong.length,
        hint: `Closest name: ${right}.`,
        notes: [],
        fixes: [{ title: `Use ${right}`, edits: [{ offset, length: wrong.length, text: right }] }],
      });
    }
    if (!/^\s*(--.*\n\s*)*(select|with)\b/i.test(sql))
      errors.push({
        code: "E1001",
        severity: "error",
        message: "A statement is expected here.",
        line: 1,
        column: 1,
        offset: 0,
        length: Math.min(6, sql.length),
        hint: "Start with SELECT.",
        fixes: [],
      });
    return {
      valid: errors.length === 0,
      errors,
      warnings: [],
      summary: "Groups trades by symbol in 1-minute tumbling windows and emits every change.",
      ast: { bounded: false, window: /TUMBLING/i.test(sql) ? { type: "tumbling", size_ms: 60000 } : null },
    };
  }

  execute(body) {
    const check = this.validate(body.sql);
    if (!check.valid)
      return {
        status: 400,
        body: {
          error: {
            code: "VALIDATION_ERROR",
            message: check.errors[0].message,
            cure: check.errors[0].hint,
            details: {},
            diagnostics: check.errors,
            request_id: "r-mock",
          },
        },
      };
    const execution = this.market.start(id("exec"), body.sql);
    this.executions.set(execution.id, execution);
    const snapshot = execution.snapshot();
    const response = {
      success: true,
      execution_id: execution.id,
      columns: execution.columns,
      key_columns: execution.keys,
      rows: snapshot.rows,
      metadata: snapshot.metadata,
      viz: execution.viz,
      stream_url: execution.live ? `/api/stream/${execution.id}` : null,
      state: execution.state,
      warnings: [],
    };
    if (body.artifact_id && body.thread_id) {
      const artifact = this.put(body.thread_id, "query-results", "Results", {
        execution_id: execution.id,
        sql_artifact_id: body.artifact_id,
        sql: body.sql,
        columns: execution.columns,
        key_columns: execution.keys,
        viz: execution.viz,
        is_streaming: execution.live,
        state: execution.state,
        metadata: {},
        preview_rows: snapshot.rows.slice(0, 50),
        diagnosis: null,
      });
      response.artifact = { id: artifact.id, type: artifact.type, version: 1 };
    }
    return { body: response };
  }

  async handle(method, url, body, response, headers) {
    const path = url.pathname.slice(4);
    const parts = path.split("/").filter(Boolean);
    const [head, key, tail] = parts;
    const q = url.searchParams;
    if (head === "system")
      return {
        body: {
          name: "velo",
          version: "0.1.0",
          commit: "mock000000",
          api: "1",
          uptime_seconds: Math.round(process.uptime()),
          engine: { lanes: 2, memory_budget_bytes: 4294967296, memory_used_bytes: 190840832 },
          features: { demo: true, kafka: true },
          first_run: this.threads.size === 0,
          detected: [],
        },
      };
    if (head === "topics" && !key) return { body: { topics: this.market.topics(), total: 3 } };
    if (head === "topics" && tail === "schema") return { body: this.schemaOf(key) };
    if (head === "topics" && tail === "messages")
      return {
        body: {
          topic: key,
          ...this.market.messages(key, Number(q.get("limit") ?? 10)),
          columns: this.schemaOf(key).columns,
        },
      };
    if (head === "prompts")
      return {
        body: {
          prompts: [
            "average price per symbol every minute",
            "orders by region right now",
            "trades joined to orders",
          ].map((text) => ({ label: text, prompt: text })),
        },
      };
    if (head === "connections") return { body: { connections: [], total: 0, next_cursor: null } };
    if (head === "connect")
      return {
        status: 502,
        body: {
          error: {
            code: "CONNECTION_ERROR",
            message: "Nothing answers at this address.",
            cure: "Check that the broker runs and the port is right.",
            details: { phase: "connect" },
            request_id: "r-mock",
          },
        },
      };
    if (head === "validate") return { body: this.validate(body.sql) };
    if (head === "format")
      return {
        body: {
          sql: body.sql
            .trim()
            .replace(/\s*\b(FROM|WHERE|GROUP BY|WINDOW|EMIT|ORDER BY)\b/gi, (_m, w) => `\n${w.toUpperCase()}`)
            .replace(/\bselect\b/gi, "SELECT"),
          changed: true,
        },
      };
    if (head === "completions") {
      const word = /[\w@]*$/.exec(body.prefix)[0];
      const offset = Buffer.byteLength(body.prefix) - word.length;
      const items = [
        ...COLUMNS.map((c) => [c.name, "column", c.sql_type]),
        ["trades", "topic", "3 partitions"],
        ["orders", "topic", ""],
        ["AVG", "function", "AVG(numeric)"],
        ["SUM", "function", "SUM(numeric)"],
        ["WINDOW", "keyword", ""],
        ["TUMBLING(INTERVAL '5' MINUTE)", "snippet", "window"],
      ];
      return {
        body: {
          completions: items
            .filter(([t]) => t.toLowerCase().startsWith(word.toLowerCase()))
            .map(([text, kind, detail]) => ({
              text,
              kind,
              detail,
              confidence: 0.9,
              explanation: null,
              replace: { offset, length: word.length },
            })),
          engine: "builtin",
        },
      };
    }
    if (path === "/sql/hover") {
      const c = COLUMNS.find((col) =>
        new RegExp(`\\b${col.name}\\b`).test(
          body.sql.slice(Math.max(0, body.offset - col.name.length), body.offset + col.name.length),
        ),
      );
      return {
        body: c
          ? {
              kind: "column",
              name: c.name,
              text: `${c.sql_type}, 0 % null, 1,000 sampled`,
              range: { offset: body.offset, length: 1 },
            }
          : null,
      };
    }
    if (path === "/sql/signature")
      return {
        body: {
          signatures: [{ label: "AVG(numeric)", doc: "mean of non-null values", parameters: ["numeric"] }],
          active: 0,
          parameter: 0,
        },
      };
    if (head === "execute") return this.execute(body);
    if (head === "executions" && key) {
      const execution = this.executions.get(key);
      if (!execution) return notFound("NOT_FOUND", "This run has ended and its rows are gone.");
      if (tail === "rows") {
        const snapshot = execution.snapshot();
        return {
          body: { columns: execution.columns, rows: snapshot.rows, next_cursor: null },
          headers: q.get("download") ? { "Content-Disposition": `attachment; filename="rows.${q.get("format")}"` } : {},
        };
      }
      if (method === "DELETE") {
        execution.stop();
        return { body: { execution_id: key, state: "cancelled", confirmed_in_ms: 12 } };
      }
      return {
        body: {
          execution_id: key,
          state: execution.state,
          sql: execution.sql,
          columns: execution.columns,
          key_columns: execution.keys,
          viz: execution.viz,
          metadata: execution.snapshot().metadata,
          diagnosis: null,
        },
      };
    }
    if (head === "artifacts") {
      const artifact = this.artifacts.get(key);
      if (!artifact) return notFound("NOT_FOUND", "There is no such artifact.");
      if (method === "PUT") {
        if (headers["if-match"] !== "*" && headers["if-match"] !== `"v${artifact.version}"`)
          return {
            status: 412,
            body: {
              error: {
                code: "VERSION_CONFLICT",
                message: "It was changed elsewhere.",
                details: { current_version: artifact.version },
              },
            },
          };
        this.put(
          artifact.thread_id,
          artifact.type,
          artifact.title,
          { ...artifact.data, ...body.data },
          "edited",
          artifact,
        );
        artifact.history.at(-1).author = "you";
        return { body: { artifact: this.view(artifact) } };
      }
      return { body: { artifact: this.view(artifact, Number(q.get("version")) || undefined) } };
    }
    if (head === "threads") return this.threadAnswer(method, key, tail, body);
    if (head === "chat") return this.chatAnswer(method, key, tail, body, response);
    return notFound("NOT_FOUND", `${path} is not part of the mock.`);
  }

  threadAnswer(method, key, tail, body) {
    if (!key)
      return {
        body: {
          threads: [...this.threads.values()]
            .map((t) => t.head)
            .sort((a, b) => (a.last_message_at < b.last_message_at ? 1 : -1)),
          next_cursor: null,
          total: this.threads.size,
        },
      };
    const thread = this.threads.get(key);
    if (!thread) return notFound("THREAD_NOT_FOUND", "There is no such thread.");
    if (tail === "messages")
      return { body: { messages: thread.messages, head_id: thread.messages.at(-1)?.id ?? null } };
    if (tail === "artifacts")
      return {
        body: {
          artifacts: [...this.artifacts.values()]
            .filter((a) => a.thread_id === key)
            .map((a) => ({ id: a.id, type: a.type, title: a.title, version: a.version })),
        },
      };
    if (method === "PATCH") thread.head.title = body.title ?? thread.head.title;
    if (method === "DELETE") {
      this.threads.delete(key);
      return { body: { id: key, deleted: true } };
    }
    return { body: { thread: { ...thread.head, running_stream: this.running.has(key) ? "s1" : null } } };
  }

  chatAnswer(method, key, tail, body, response) {
    if (tail === "stop") {
      this.running.get(key)?.stop();
      return { body: { stopped: true } };
    }
    if (tail === "stream") {
      const turn = this.running.get(key);
      if (!turn) return { status: 204 };
      response.writeHead(200, { "Content-Type": "text/event-stream", "x-vercel-ai-ui-message-stream": "v1" });
      turn.join(response);
      return null;
    }
    if (method !== "POST") return notFound("NOT_FOUND", "No such address.");
    let thread = this.threads.get(body.id);
    if (!thread) {
      thread = {
        head: {
          id: body.id,
          title: null,
          status: "regular",
          message_count: 0,
          artifact_count: 0,
          last_message_at: now(),
        },
        messages: [],
      };
      this.threads.set(body.id, thread);
    }
    thread.head.last_message_at = now();
    if (body.trigger === "regenerate-message")
      while (thread.messages.at(-1)?.content.role === "assistant") thread.messages.pop();
    else
      thread.messages.push({
        id: body.message.id,
        parent_id: null,
        format: "ai-sdk/v6",
        content: { role: "user", parts: body.message.parts, metadata: {} },
        created_at: now(),
      });
    const asked = body.message ?? thread.messages.at(-1).content;
    response.writeHead(200, {
      "Content-Type": "text/event-stream",
      "x-vercel-ai-ui-message-stream": "v1",
      "x-resumable-stream-id": "s1",
      "Cache-Control": "no-cache",
    });
    const turn = chatTurn(this, thread, asked, () => this.running.delete(body.id));
    this.running.set(body.id, turn);
    turn.join(response);
    return null;
  }

  stream(executionId, client, params) {
    const execution = this.executions.get(executionId);
    if (!execution) return client.close(4404);
    execution.attach(client, params);
  }
}

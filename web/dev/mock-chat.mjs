import { randomBytes } from "node:crypto";

const id = (prefix) => `${prefix}_${randomBytes(6).toString("hex")}a`;
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/** One answer as a stream of AI SDK chunks that readers can join at any time. */
export function chatTurn(answers, thread, message, onEnd) {
  const sent = [];
  const readers = new Set();
  const messageId = id("msg");
  const parts = [];
  let stopped = false;
  const emit = (chunk) => {
    if (stopped && chunk.type !== "abort") return;
    sent.push(chunk);
    for (const reader of readers) reader.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  const finish = () => {
    for (const reader of readers) reader.end("data: [DONE]\n\n");
    thread.messages.push({
      id: messageId,
      parent_id: null,
      format: "ai-sdk/v6",
      content: { role: "assistant", parts, metadata: {} },
      created_at: new Date().toISOString(),
    });
    onEnd();
  };
  const turn = {
    join: (reader) => {
      for (const chunk of sent) reader.write(`data: ${JSON.stringify(chunk)}\n\n`);
      readers.add(reader);
      reader.on("close", () => readers.delete(reader));
    },
    stop: () => {
      emit({ type: "abort" });
      stopped = true;
    },
  };
  const tool = async (toolName, input, summary, result) => {
    const toolCallId = id("call");
    emit({ type: "start-step" });
    emit({ type: "tool-input-start", toolCallId, toolName });
    emit({ type: "tool-input-available", toolCallId, toolName, input });
    await wait(60);
    const output = { ok: true, summary, result };
    emit({ type: "tool-output-available", toolCallId, output });
    parts.push({ type: `tool-${toolName}`, toolCallId, state: "output-available", input, output });
  };
  const data = (name, dataId, value) => {
    emit({ type: `data-${name}`, id: dataId, data: value });
    parts.push({ type: `data-${name}`, id: dataId, data: value });
  };
  const artifact = (made) =>
    data("artifact", made.id, {
      id: made.id,
      type: made.type,
      version: made.version,
      title: made.title,
      summary: made.summary,
      state: "ready",
      data: made.data,
    });
  const say = async (text) => {
    emit({ type: "finish-step" });
    const textId = id("t");
    emit({ type: "text-start", id: textId });
    for (const word of text.split(/(?<= )/)) {
      if (stopped) break;
      emit({ type: "text-delta", id: textId, delta: word });
      await wait(12);
    }
    emit({ type: "text-end", id: textId });
    parts.push({ type: "text", text, state: "done" });
  };
  const title = (text) => {
    if (thread.head.title) return;
    thread.head.title = text;
    emit({ type: "data-thread", data: { title: text }, transient: true });
  };
  void answer({ answers, thread, message, tool, data, artifact, say, title, emit }).finally(() => {
    if (!stopped) emit({ type: "finish", finishReason: "stop" });
    finish();
  });
  emit({
    type: "start",
    messageId,
    messageMetadata: { threadId: thread.head.id, engine: "builtin", createdAt: new Date().toISOString() },
  });
  return turn;
}

async function answer({ answers, thread, message, tool, data, artifact, say, title }) {
  await wait(30);
  const action = message.parts.find((p) => p.type === "data-action")?.data;
  const text = message.parts
    .filter((p) => p.type === "text")
    .map((p) => p.text)
    .join(" ");
  const words = action ? action.tool : text.toLowerCase();
  const topic = action?.args?.topic ?? /\b(trades|orders|customer-events)\b/.exec(words)?.[1] ?? "trades";
  if (/\/[\w/]+\.\w+/.test(words)) {
    return data("diagnostic", "d1", {
      code: "SOURCE_NOT_FOUND",
      severity: "error",
      message: `No file matches ${/\/[\w/]+\.\w+/.exec(words)[0]}.`,
      cure: "Check the path; it is read on this machine.",
      details: {},
    });
  }
  if (/what topics|list_topics/.test(words)) {
    title("Topics on this machine");
    await tool("list_topics", {}, "3 topics", { total: 3 });
    const items = answers.market.topics().map((t) => ({
      name: t.name,
      kind: "topic",
      partitions: t.partitions.length,
      message_count: t.total_messages,
      format: "json",
      modified_at: t.last_message_at,
      rate_per_second: t.rate_per_second,
      flags: [],
    }));
    artifact(
      answers.put(
        thread.head.id,
        "topic-list",
        "Topics on this machine",
        { source_id: null, items, total: 3, groups: [] },
        "3 topics",
      ),
    );
    data("evidence", "e1", { figure: "3 topics", source: "list_topics" });
    await say("There are 3 topics here. **trades** is the busiest.");
    return data("followups", "f1", {
      items: [
        { label: "What does trades look like?", prompt: "What does the trades topic look like?" },
        { label: "Last 10 trades", prompt: "Show me the last 10 messages from trades" },
      ],
    });
  }
  if (/look like|schema|inspect_/.test(words)) {
    title(`Schema of ${topic}`);
    await tool("inspect_topic", { topic }, "4 fields", {});
    const schema = answers.schemaOf(topic);
    artifact(
      answers.put(
        thread.head.id,
        "schema-viewer",
        topic,
        { mode: "schema", schema, name: topic, source_id: null },
        `${schema.columns.length} fields · 1,000 sampled`,
      ),
    );
    await say(
      `\`${topic}\` has ${schema.columns.length} fields, read from 1,000 records. Event time is \`timestamp\`.`,
    );
    return data("followups", "f1", {
      items: [
        { label: "Show the last 10", prompt: `Show me the last 10 messages from ${topic}` },
        { label: "Average price per symbol", prompt: "average price per symbol every minute" },
      ],
    });
  }
  if (/last \d+|messages|rows|peek_/.test(words)) {
    title(`Newest ${topic}`);
    const limit = Number(/last (\d+)/.exec(words)?.[1] ?? 10);
    await tool("peek_messages", { topic, limit, from_end: true }, `${limit} messages`, {});
    artifact(
      answers.put(
        thread.head.id,
        "data-preview",
        `Newest ${topic}`,
        {
          kind: "messages",
          layout: "single",
          source_id: null,
          columns: answers.schemaOf(topic).columns,
          ...answers.market.messages(topic, limit),
          name: topic,
        },
        `newest ${limit}`,
      ),
    );
    return say(`Here are the newest ${limit} messages of \`${topic}\`.`);
  }
  if (/average|avg|per |by |window|select|trades joined|generate_sql/.test(words)) {
    title("Average price per symbol");
    const minutes = Number(/(\d+)[ -]?min/.exec(words)?.[1] ?? 1);
    const windowed = !/right now/.test(words);
    const sql = /^\s*select/i.test(text)
      ? text
      : `-- Average trade price, per symbol\nSELECT symbol,\n       ${windowed ? "window_start,\n       " : ""}AVG(price) AS avg_price,\n       COUNT(*) AS trades\nFROM trades\nGROUP BY symbol\n${windowed ? `WINDOW TUMBLING(INTERVAL '${minutes}' MINUTE)\n` : ""}EMIT CHANGES`;
    await tool("inspect_topic", { topic: "trades" }, "4 fields", {});
    await tool("generate_sql", { prompt: text }, "checked", {});
    const earlier = [...answers.artifacts.values()].find(
      (a) => a.thread_id === thread.head.id && a.type === "sql-editor",
    );
    const made = answers.put(
      thread.head.id,
      "sql-editor",
      "Average price per symbol",
      {
        sql,
        explanation: `Average price per symbol in ${minutes}-minute windows, updated with every trade.`,
        annotations: { metrics: [], alerts: [], viz_hints: [] },
        validation: {
          valid: true,
          checked_on: "1,000 real rows",
          diagnostics: [],
          output_columns: [
            { name: "symbol", type: "String" },
            { name: "avg_price", type: "Decimal" },
          ],
        },
        assumptions: [
          {
            id: "window",
            text: `${minutes} min`,
            alternatives: [
              { label: "1 minute", edit: "" },
              { label: "5 minutes", edit: "" },
              { label: "1 hour", edit: "" },
            ],
          },
          { id: "emit", text: "every change", alternatives: [{ label: "once per window", edit: "EMIT FINAL" }] },
        ],
        understood: [
          { text: "average price", as: "AVG(price)" },
          { text: "per symbol", as: "GROUP BY symbol" },
        ],
        changes: [],
        suggested_viz_type: "line",
        sources: ["trades"],
      },
      "checked on 1,000 real rows",
      earlier,
    );
    artifact(made);
    await say("Grouped by symbol, one row per window, updated with every trade. It was checked on 1,000 real rows.");
    return data("followups", "f1", {
      items: [
        { label: "Make it 5-minute windows", prompt: "make it 5 minute windows" },
        { label: "Only AAPL and MSFT", prompt: "only AAPL and MSFT, average by symbol" },
        { label: "Show the last 10 trades", prompt: "show me the last 10 trades" },
      ],
    });
  }
  title(text.slice(0, 40));
  data("diagnostic", "d1", {
    code: "NOT_UNDERSTOOD",
    severity: "warning",
    message: "I did not find a question about your data in this.",
    cure: "Name a topic, a field or a figure.",
    details: { closest: ["What topics do I have?", "average price per symbol every minute"] },
  });
}

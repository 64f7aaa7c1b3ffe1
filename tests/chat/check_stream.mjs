// Feeds what the real server streams for a set of prompts through the real client parser of the AI SDK: every chunk must
// fit its strict schema and the folded message must have the parts that the browser relies on.
// Usage: node check_stream.mjs <velo binary>. Ends with "N passed, N failed".
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const web = createRequire(resolve(here, "../../web/package.json"));
const { parseJsonEventStream, readUIMessageStream, uiMessageChunkSchema } = await import(
  pathToFileURL(web.resolve("ai")).href
);

const folder = mkdtempSync(join(tmpdir(), "velo-chat-"));
const trades = join(folder, "trades.csv");
writeFileSync(
  trades,
  "symbol,price,qty,ts\n" +
    Array.from({ length: 40 }, (_, i) => `${["AAPL", "MSFT", "TSLA"][i % 3]},${100 + i / 4},${10 + i},2026-02-16T10:${String(i).padStart(2, "0")}:00Z`).join("\n") +
    "\n",
);

const prompts = [
  { say: "What topics do I have?", tool: "list_topics", artifact: "topic-list" },
  { say: "What does the trades topic look like?", artifact: "schema-viewer" },
  { say: "Show me the last 10 messages", artifact: "data-preview" },
  { say: "Write a query to get average price per symbol in 5-minute windows", tool: "generate_sql", artifact: "sql-editor" },
  { say: "run it", tool: "execute_query", artifact: "query-results" },
  { say: `I have CSV trade data at ${trades}, show me the schema`, tool: "connect_source", artifact: "schema-viewer" },
  { say: "preview the first 10 rows", artifact: "data-preview" },
  { say: "calculate VWAP per symbol", artifact: "sql-editor" },
  { say: "only AAPL and MSFT", artifact: "sql-editor" },
  { say: "SELECT prise FROM trades", tool: "validate_sql" },
  { say: "open /nowhere/at/all.csv" },
  { say: "colourless green ideas sleep furiously" },
];

const server = spawn(process.argv[2], ["studio", "--port", "0", "--data-dir", join(folder, "data"), "--no-open", "--demo", "frozen"], {
  stdio: ["ignore", "pipe", "inherit"],
});
let passed = 0;
let failed = 0;
function check(condition, what) {
  if (condition) passed += 1;
  else {
    failed += 1;
    console.log(`FAILED: ${what}`);
  }
}

try {
  const address = await new Promise((done, lost) => {
    let text = "";
    server.stdout.on("data", (data) => {
      text += data;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text);
      if (found) done(found[0]);
    });
    server.on("exit", (code) => lost(new Error(`the server ended with ${code}`)));
  });
  for (const [index, prompt] of prompts.entries()) {
    const response = await fetch(`${address}/api/chat`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        id: "thr_0000000000001",
        trigger: "submit-message",
        message: { id: `msg_000000000000${index.toString(32)}`, role: "user", parts: [{ type: "text", text: prompt.say }] },
      }),
    });
    check(response.status === 200, `${prompt.say}: status ${response.status}`);
    if (response.status !== 200) {
      console.log(await response.text());
      continue;
    }
    check(response.headers.get("x-vercel-ai-ui-message-stream") === "v1", `${prompt.say}: protocol header`);
    let wrong = null;
    const chunks = parseJsonEventStream({ stream: response.body, schema: uiMessageChunkSchema }).pipeThrough(
      new TransformStream({
        transform(part, controller) {
          if (part.success) controller.enqueue(part.value);
          else wrong ??= `${part.error?.message ?? part.error} ${JSON.stringify(part.rawValue)?.slice(0, 300)}`;
        },
      }),
    );
    let message = null;
    try {
      for await (const state of readUIMessageStream({ stream: chunks })) message = state;
    } catch (error) {
      wrong ??= String(error);
    }
    check(wrong === null, `${prompt.say}: the client parser refuses a chunk: ${wrong}`);
    const parts = message?.parts ?? [];
    const texts = parts.filter((part) => part.type === "text").map((part) => part.text);
    check(parts.length > 0 && (texts.join("").length > 0 || parts.some((part) => part.type === "data-question")), `${prompt.say}: says something`);
    const shown = JSON.stringify(parts).slice(0, 600);
    if (prompt.tool) check(parts.some((part) => part.type === `tool-${prompt.tool}` || part.toolName === prompt.tool), `${prompt.say}: calls ${prompt.tool}: ${shown}`);
    if (prompt.artifact) check(parts.some((part) => part.type === "data-artifact" && part.data.type === prompt.artifact), `${prompt.say}: yields ${prompt.artifact}: ${shown}`);
  }
} catch (error) {
  failed += 1;
  console.log(`FAILED: ${error.stack}`);
} finally {
  server.removeAllListeners("exit");
  server.kill("SIGTERM");
  await new Promise((done) => server.on("exit", done));
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

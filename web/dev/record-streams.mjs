// Records what a running studio really streams, for the vitest that replays it: node dev/record-streams.mjs URL
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const origin = new URL(process.argv[2]).origin;
const out = fileURLToPath(new URL("../../tests/chat/recorded/", import.meta.url));
const stocks = fileURLToPath(new URL("../node_modules/vega-datasets/data/stocks.csv", import.meta.url));
const post = (path, body) =>
  fetch(origin + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Velo-Client": "record" },
    body: JSON.stringify(body),
  });

const CONVERSATIONS = [
  [
    ["list-topics", "What topics do I have?"],
    ["inspect-topic", "What does the trades topic look like?"],
    ["peek-messages", "Show me the last 10 messages from trades"],
  ],
  [
    ["generate-sql", "average price per symbol in trades in 1-minute windows"],
    ["edit-sql", "make it 5-minute windows"],
    ["run-query", "run it"],
  ],
  [["file-schema", `show me the schema of ${stocks}`]],
  [["wrong-sql", "SELECT prise FROM trades EMIT CHANGES"]],
  [["no-such-file", "show me the schema of /no/such/folder/prices.csv"]],
  [["not-understood", "colourless green ideas sleep furiously"]],
  [["question", "total quantity per symbol every minute"]],
];

mkdirSync(out, { recursive: true });
for (const turns of CONVERSATIONS) {
  const created = await (await post("/api/threads", {})).json();
  const id = (created.thread ?? created).id;
  for (const [name, text] of turns) {
    const message = { id: crypto.randomUUID(), role: "user", parts: [{ type: "text", text }] };
    const response = await post("/api/chat", { id, trigger: "submit-message", message, refs: [] });
    const stream = (await response.text()).replaceAll(stocks, "/data/stocks.csv");
    writeFileSync(`${out}${name}.sse`, stream);
    process.stdout.write(`${name} ${response.status} ${stream.length}\n`);
  }
}

#!/usr/bin/env node
// A stand-in for `velo studio`, for front-end work only: it speaks the real protocol over invented trades, so that
// every screen can be seen without the engine. Nothing in the product uses it.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { Answers } from "./mock-answers.mjs";

const args = process.argv.slice(2);
const option = (name, fallback) => {
  const at = args.indexOf(name);
  return at >= 0 ? args[at + 1] : fallback;
};
const port = Number(option("--port", "8080"));
const dist = fileURLToPath(new URL("../dist", import.meta.url));
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".ttf": "font/ttf",
};
const CSP = "default-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; img-src 'self' data: blob:";
const answers = new Answers();

async function asset(path, response) {
  const file = path === "/" || !extname(path) ? "/index.html" : path;
  try {
    const body = await readFile(join(dist, file));
    response.writeHead(200, {
      "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
      "Content-Security-Policy": CSP,
    });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}

async function bodyOf(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : {};
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, `http://${request.headers.host}`);
  if (url.searchParams.has("token")) {
    response.writeHead(302, {
      Location: url.pathname,
      "Set-Cookie": "velo_session=mock; HttpOnly; SameSite=Strict; Path=/",
    });
    return response.end();
  }
  if (!url.pathname.startsWith("/api/")) return asset(url.pathname, response);
  const json = (status, value, headers = {}) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(value === undefined ? "" : JSON.stringify(value));
  };
  if (
    request.method !== "GET" &&
    !request.headers["content-type"]?.startsWith("application/json") &&
    !request.headers["x-velo-client"]
  ) {
    return json(415, {
      error: { code: "UNSUPPORTED_MEDIA_TYPE", message: "A JSON body or X-Velo-Client is needed.", details: {} },
    });
  }
  try {
    const body = request.method === "GET" ? {} : await bodyOf(request);
    const answer = await answers.handle(request.method, url, body, response, request.headers);
    if (answer) json(answer.status ?? 200, answer.body, answer.headers);
  } catch (error) {
    if (!response.headersSent) json(500, { error: { code: "INTERNAL", message: String(error), details: {} } });
    else response.end();
  }
});

const sockets = new WebSocketServer({ noServer: true });
server.on("upgrade", (request, socket, head) => {
  const url = new URL(request.url, "http://localhost");
  const match = /^\/api\/stream\/([\w-]+)$/.exec(url.pathname);
  sockets.handleUpgrade(request, socket, head, (client) => {
    if (match) answers.stream(match[1], client, url.searchParams);
    else client.close(4404);
  });
});
server.listen(port, "127.0.0.1", () => {
  console.log(`Velo Studio (mock)  http://127.0.0.1:${server.address().port}/?token=mock`);
});

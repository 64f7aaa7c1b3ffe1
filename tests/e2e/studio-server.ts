import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const BINARY = resolve(
  process.env["VELO_BIN"] ?? join(__dirname, "../../bin/velo"),
);
/** A built web app to serve instead of the installed one. */
const WEB_DIR = process.env["VELO_WEB_DIR"];
const START_MS = 20_000;

export interface StudioOptions {
  demo?: "on" | "off" | "frozen";
  port?: number;
  dataDir?: string;
}

/** A port nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string")
    throw new Error("no port");
  return address.port;
}

/** One `velo studio` process with its own data folder, as a user would start it. */
export class StudioServer {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  private readonly process: ChildProcess;

  private constructor(
    url: string,
    port: number,
    dataDir: string,
    child: ChildProcess,
  ) {
    this.url = url;
    this.port = port;
    this.dataDir = dataDir;
    this.process = child;
  }

  static async start(options: StudioOptions = {}): Promise<StudioServer> {
    const port = options.port ?? (await freePort());
    const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "velo-e2e-"));
    const args = [
      "studio",
      "--port",
      String(port),
      "--data-dir",
      dataDir,
      "--demo",
      options.demo ?? "on",
      "--no-open",
      ...(WEB_DIR ? ["--web-dir", resolve(WEB_DIR)] : []),
    ];
    const child = spawn(BINARY, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const url = await new Promise<string>((done, fail) => {
      const timer = setTimeout(
        () =>
          fail(
            new Error(`velo printed no address in ${START_MS} ms:\n${output}`),
          ),
        START_MS,
      );
      const read = (chunk: Buffer) => {
        output += chunk.toString();
        const match =
          /(http:\/\/(?:127\.0\.0\.1|localhost):\d+\/\?token=\S+)/.exec(output);
        if (!match?.[1]) return;
        clearTimeout(timer);
        done(match[1]);
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.on("error", fail);
      child.on("exit", (code) =>
        fail(
          new Error(`velo ended with ${code} before it was ready:\n${output}`),
        ),
      );
    });
    return new StudioServer(url, port, dataDir, child);
  }

  async stop(keepData = false): Promise<void> {
    if (this.process.exitCode === null) {
      const ended = new Promise((done) => this.process.once("exit", done));
      this.process.kill("SIGTERM");
      const timer = setTimeout(() => this.process.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(timer);
    }
    if (!keepData) rmSync(this.dataDir, { recursive: true, force: true });
  }
}

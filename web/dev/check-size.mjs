// What a first visit downloads, compressed, against the caps of the design contract. Fails when a cap is exceeded.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const KB = 1000;
const manifest = JSON.parse(readFileSync("dist/.vite/manifest.json", "utf8"));
const size = (file) => gzipSync(readFileSync(`dist/${file}`)).length;

/** The files of an entry and of everything it imports at once. */
function closure(key, seen = new Set(), files = new Set()) {
  if (seen.has(key)) return files;
  seen.add(key);
  const chunk = manifest[key];
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const next of chunk.imports ?? []) closure(next, seen, files);
  return files;
}
const keyOf = (part) => Object.keys(manifest).find((key) => key.includes(part));
const shell = closure("index.html");
const first = new Set([...shell, ...closure(keyOf("app/home-page")), ...closure(keyOf("app/thread-page"))]);
const without = (files) => [...files].filter((file) => !first.has(file));
const panel = closure(keyOf("query-results/panel"));

const rows = [
  ["first visit, scripts", [...first].filter((f) => f.endsWith(".js")), 350 * KB],
  ["first visit, styles", [...first].filter((f) => f.endsWith(".css")), 40 * KB],
  ["SQL editor", without(closure(keyOf("monaco-editor.tsx"))), 1100 * KB],
  ["charts", without(closure(keyOf("chart/chart.tsx"))).filter((file) => !panel.has(file)), 200 * KB],
];
let failed = false;
for (const [what, files, cap] of rows) {
  const bytes = files.reduce((sum, file) => sum + size(file), 0);
  failed ||= bytes > cap;
  console.log(
    `${bytes > cap ? "OVER" : "ok  "}  ${what.padEnd(22)} ${(bytes / KB).toFixed(1).padStart(7)} kB of ${cap / KB}`,
  );
}
process.exit(failed ? 1 : 0);

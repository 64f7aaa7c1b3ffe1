import react from "@vitejs/plugin-react";
import tailwindcss from "@tailwindcss/vite";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { tokensCss } from "./src/ui/tokens";

/** Writes the CSS variables from `ui/tokens.ts`, so that a colour is stated once for CSS, charts and Monaco. */
function tokensPlugin(): Plugin {
  const id = "virtual:tokens.css";
  return {
    name: "velo-tokens",
    enforce: "pre",
    resolveId: (source) => (source === id ? `\0${id}` : undefined),
    load: (resolved) => (resolved === `\0${id}` ? tokensCss() : undefined),
  };
}

const backend = process.env["VELO_URL"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [tokensPlugin(), react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { proxy: { "/api": { target: backend, ws: true, changeOrigin: true } } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 4000,
    sourcemap: false,
    manifest: true,
  },
  worker: { format: "es" },
});

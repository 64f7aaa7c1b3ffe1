import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// The extension picks the world: `.test.ts` runs in plain Node, `.test.tsx` in a DOM.
export default defineConfig({
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  test: {
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: "node", environment: "node", include: ["src/**/*.test.ts"] } },
      { extends: true, test: { name: "dom", environment: "jsdom", include: ["src/**/*.test.tsx"] } },
    ],
  },
});

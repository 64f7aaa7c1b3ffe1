import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

/** Layers: lib <- api <- stream <- features <- app, and lib <- ui <- widgets <- features. Each lists what it must not import. */
const LAYERS = {
  lib: ["api", "stream", "ui", "widgets", "features", "app"],
  api: ["stream", "ui", "widgets", "features", "app"],
  stream: ["ui", "widgets", "features", "app"],
  ui: ["api", "stream", "widgets", "features", "app"],
  widgets: ["api", "stream", "features", "app"],
};
const FEATURES = ["artifacts", "canvas", "chat", "first-run", "palette", "settings", "sources", "threads"];

const restrict = (patterns) => ({
  "no-restricted-imports": [
    "error",
    { patterns: [{ group: patterns, message: "This import goes against the layers." }] },
  ],
});

export default tseslint.config(
  { ignores: ["dist", "node_modules", "test-results", "playwright-report", "public", "src/api/gen"] },
  ...tseslint.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    plugins: { "react-hooks": reactHooks },
    rules: {
      ...reactHooks.configs.recommended.rules,
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { ignoreRestSiblings: true, argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "max-lines": ["error", 600],
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  ...Object.entries(LAYERS).map(([layer, banned]) => ({
    files: [`src/${layer}/**/*.{ts,tsx}`],
    rules: restrict(banned.map((name) => `@/${name}/*`)),
  })),
  ...FEATURES.map((feature) => ({
    files: [`src/features/${feature}/**/*.{ts,tsx}`],
    rules: restrict([
      "@/app/*",
      ...FEATURES.filter((other) => other !== feature).map((other) => `@/features/${other}/*`),
    ]),
  })),
  {
    files: ["dev/**/*.mjs", "../tests/**/*.ts"],
    rules: { "no-console": "off", "@typescript-eslint/no-unused-vars": "off" },
  },
);

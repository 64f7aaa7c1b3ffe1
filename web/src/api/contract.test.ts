import { readFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";
import { expect, it } from "vitest";

it("the generated types are those of api/openapi.json; if not: npm run generate", async () => {
  const description = new URL("../../../api/openapi.json", import.meta.url);
  const fresh = astToString(await openapiTS(description));
  const kept = readFileSync(new URL("./gen/schema.ts", import.meta.url), "utf8");
  expect(kept.endsWith(fresh)).toBe(true);
});

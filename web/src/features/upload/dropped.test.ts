import { expect, it } from "vitest";
import { readDropped } from "@/features/upload/dropped";

it("data is uploaded, SQL is read, the rest is told", () => {
  const files = ["trades.CSV", "app.sql", "events.jsonl", "photo.png"].map((name) => new File(["x"], name));
  expect(readDropped(files).map((dropped) => dropped.kind)).toEqual(["data", "sql", "data", "unknown"]);
});

import { describe, expect, it } from "vitest";
import previewSample from "@/features/artifacts/data-preview/sample.json";
import { readDataPreview } from "@/features/artifacts/data-preview/guard";
import { previewGrid } from "@/features/artifacts/data-preview/preview-grid";
import resultsSample from "@/features/artifacts/query-results/sample.json";
import { readQueryResults } from "@/features/artifacts/query-results/guard";
import schemaSample from "@/features/artifacts/schema-viewer/sample.json";
import { readSchemaViewer } from "@/features/artifacts/schema-viewer/guard";
import sqlSample from "@/features/artifacts/sql-editor/sample.json";
import { readSqlEditor } from "@/features/artifacts/sql-editor/guard";
import { toProblems } from "@/features/artifacts/sql-editor/problems";
import topicsSample from "@/features/artifacts/topic-list/sample.json";
import { readTopicList } from "@/features/artifacts/topic-list/guard";

const READERS = { readDataPreview, readQueryResults, readSchemaViewer, readSqlEditor, readTopicList };
const JUNK: unknown[] = [
  null,
  undefined,
  7,
  "x",
  [],
  {},
  { items: 3 },
  { sql: 1 },
  { columns: [null, 3], fields: [[1]], schema: { columns: [{}] } },
  { messages: [null, {}], tables: [7] },
];

describe.each(Object.entries(READERS))("%s", (_name, read) => {
  it("never throws", () => {
    for (const value of JUNK) expect(() => read(value)).not.toThrow();
  });
});

describe("samples", () => {
  it("schema", () => {
    const fields = readSchemaViewer(schemaSample)?.tables[0]?.fields ?? [];
    expect(fields.map((f) => `${f.name} ${f.type}`)).toEqual([
      "symbol String",
      "price Float",
      "quantity Integer",
      "timestamp DateTime",
    ]);
  });
  it("schema in the short form of pairs", () => {
    expect(
      readSchemaViewer({ mode: "schema", schema: { name: "t", fields: [["a", "String"]] } })?.tables[0]?.fields[0]
        ?.name,
    ).toBe("a");
  });
  it("topics, also with partitions as a list", () => {
    expect(readTopicList(topicsSample)?.items[0]).toMatchObject({ name: "trades", partitions: 6, messages: 1200000 });
    expect(readTopicList({ topics: [{ name: "a", partitions: [{}, {}], total_messages: 3 }] })?.items[0]).toMatchObject(
      { partitions: 2, messages: 3 },
    );
  });
  it("preview keeps an unreadable message and every digit of a long integer", () => {
    const data = readDataPreview(previewSample);
    const grid = data && previewGrid(data, "UTC");
    expect(grid?.rows[0]?.["quantity"]).toBe("9007199254740993");
    expect(grid?.columns.at(-1)?.label).toBe("not readable");
    expect(grid?.rows[1]?.["symbol"]).toBeNull();
  });
  it("results", () =>
    expect(readQueryResults(resultsSample)).toMatchObject({
      execution_id: "exec_4t9k",
      key_columns: ["symbol", "window_start"],
      viz: { type: "line" },
    }));
  it("sql", () =>
    expect(readSqlEditor(sqlSample)).toMatchObject({
      valid: true,
      checkedOn: "1,000 real rows",
      assumptions: [{ id: "emit" }],
    }));
});

describe("toProblems", () => {
  it("places a finding by bytes and offers its fix", () => {
    const sql = "SELECT 'ü', prise FROM t";
    const [problem] = toProblems(sql, [
      {
        code: "E2102",
        severity: "error",
        message: "no prise",
        line: 1,
        column: 13,
        offset: 13,
        length: 5,
        fixes: [{ title: "Use price", edits: [{ offset: 13, length: 5, text: "price" }] }],
      },
    ]);
    expect(sql.slice(problem?.start, problem?.end)).toBe("prise");
    expect(problem?.fixes[0]?.apply(sql)).toBe("SELECT 'ü', price FROM t");
  });
  it("marks the line when there is no offset", () => {
    expect(toProblems("a\nbc d", [{ code: "E1", severity: "error", message: "x", line: 2, column: 2 }])[0]?.start).toBe(
      3,
    );
  });
});

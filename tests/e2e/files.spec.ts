import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "./fixtures";

const DATA = join(__dirname, "../../web/node_modules/vega-datasets/data");
const FILES = [
  "stocks.csv",
  "seattle-weather.csv",
  "airports.csv",
  "movies.json",
  "github.csv",
  "flights-2k.json",
];
let folder = "";

test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "velo-files-"));
  for (const name of FILES) copyFileSync(join(DATA, name), join(folder, name));
  const trades = [
    "AAPL,150.00,10",
    "AAPL,152.00,30",
    "MSFT,300.50,4",
    "MSFT,301.50,4",
  ].map((row, i) => `${row},2026-02-16T10:0${i}:00Z`);
  writeFileSync(
    join(folder, "trades.csv"),
    ["symbol,price,qty,ts", ...trades, ""].join("\n"),
  );
});
test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("journey 10: schema, rows, VWAP, run", async ({ studio }) => {
  await studio.say(
    `I have CSV trade data at ${join(folder, "trades.csv")}, show me the schema`,
  );
  const fields = studio.artifact("schema-viewer").getByTestId("schema-field");
  await expect(fields).toHaveCount(4);
  await expect(fields.nth(0)).toContainText(/symbol.*String/);
  await expect(fields.nth(1)).toContainText(/price.*(Float|Decimal)/);
  await expect(fields.nth(2)).toContainText(/qty.*Integer/);

  await studio.say("Preview the first 10 rows");
  await expect(
    studio.artifact("data-preview").getByTestId("preview-record"),
  ).toHaveCount(4);
  await expect(
    studio
      .artifact("data-preview")
      .getByRole("columnheader", { name: "partition" }),
  ).toHaveCount(0);

  await studio.say("Calculate VWAP per symbol");
  await expect
    .poll(() => studio.sql())
    .toMatch(/SUM\(price \* qty\) \/ SUM\(qty\)/);
  if ((await studio.results.count()) === 0) await studio.run();
  await expect.poll(() => studio.rowCount()).toBe(2);
  await expect(studio.chart).toHaveAttribute("data-kind", "bar");
  const table = await studio.showTable();
  await expect(table).toContainText("151.5");
  await expect(table).toContainText("301");
});

for (const [name, field] of [
  ["stocks.csv", "symbol"],
  ["seattle-weather.csv", "weather"],
  ["airports.csv", "iata"],
  ["movies.json", "Title"],
  ["github.csv", "count"],
  ["flights-2k.json", "delay"],
] as const) {
  test(`reads ${name} as it is`, async ({ studio }) => {
    await studio.say(`show me the schema of ${join(folder, name)}`);
    await expect(
      studio
        .artifact("schema-viewer")
        .getByTestId("schema-field")
        .filter({ hasText: field })
        .first(),
    ).toBeVisible();
    await studio.say("Preview the first 10 rows");
    await expect(
      studio.artifact("data-preview").getByTestId("preview-record"),
    ).toHaveCount(10);
  });
}

test("a query over a real file is edited by words", async ({ studio }) => {
  await studio.say(`show me the schema of ${join(folder, "stocks.csv")}`);
  await studio.say("average price by symbol");
  await expect.poll(() => studio.sql()).toMatch(/AVG\(price\)/);
  await studio.say("only AAPL and MSFT");
  await expect.poll(() => studio.sql()).toMatch(/AAPL/);
  await expect.poll(() => studio.sql()).toMatch(/MSFT/);
  if ((await studio.page.getByTestId("run-button").count()) > 0)
    await studio.run();
  await expect.poll(() => studio.rowCount()).toBe(2);
});

test("five-minute windows, top three and another measure are edits of one query", async ({
  studio,
}) => {
  await studio.open();
  await studio.say("total quantity per symbol every minute from trades");
  await expect.poll(() => studio.sql()).toMatch(/SUM\(quantity\)/);
  await studio.say("make it 5-minute windows");
  await expect.poll(() => studio.sql()).toMatch(/'5'\s*MINUTE|5m/i);
  await studio.say("add average price");
  await expect.poll(() => studio.sql()).toMatch(/AVG\(price\)/);
  await expect(studio.page.getByTestId("artifact-version")).toContainText(
    /v[3-9]/,
  );
});

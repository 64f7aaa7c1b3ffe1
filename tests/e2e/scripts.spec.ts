import { expect, test } from "./fixtures";

test.use({ demo: "frozen" });

const SCRIPT = `CREATE TABLE totals AS SELECT symbol, COUNT(*) AS n FROM trades GROUP BY symbol;
SHOW TABLES;
EXPLAIN SELECT n FROM totals;
SELECT symbol, n FROM totals`;

test("a script shows what became of each statement", async ({ studio }) => {
  await studio.say("show me trades where price > 100");
  await studio.typeSql(SCRIPT);
  const run = studio.page.getByTestId("run-button");
  await expect(run).toHaveText(/Run all/);
  await run.click();
  const sentences = studio.page.getByTestId("script-sentence");
  await expect(sentences).toHaveCount(4);
  await expect(sentences.first()).toContainText(
    "Table totals created · 2 columns",
  );
  await expect(sentences.nth(1)).toHaveText("1 row");
  await expect(studio.results).toHaveAttribute("data-rows", /[1-9]/);
  await sentences.nth(2).click();
  await expect(studio.page.getByTestId("plan-text")).toContainText("totals");
  await studio.page.getByTestId("row-paths-button").click();
  await expect(studio.page.getByTestId("row-paths")).toContainText("SELECT");
});

test("a second text of the thread reads what the first made", async ({
  studio,
}) => {
  await studio.say("show me trades where price > 100");
  await studio.typeSql("CREATE TABLE pairs (k STRING, v INTEGER)");
  await studio.page.getByTestId("run-button").click();
  await expect(studio.page.getByTestId("script-sentence")).toContainText(
    "Table pairs created",
  );
  await studio.typeSql(
    "INSERT INTO pairs VALUES ('a', 1), ('b', 2); SELECT k FROM pairs",
  );
  await expect(studio.problems).toHaveCount(0);
  await studio.page.getByTestId("run-button").click();
  await expect(
    studio.page.getByTestId("script-sentence").first(),
  ).toContainText("2 rows added to pairs");
  await expect(studio.results).toHaveAttribute("data-rows", "2");
});

test("a statement that fails is marked in the text, and what follows is not run", async ({
  studio,
}) => {
  await studio.say("show me trades where price > 100");
  await studio.typeSql("SHOW TOPICS;\nDROP TABLE nosuch;\nSHOW TABLES");
  await studio.page.getByTestId("run-button").click();
  await expect(studio.problems).toHaveCount(1);
  await expect(studio.problems).toContainText("2:12 · E2104");
  await expect(
    studio.page.getByTestId("script-statement").nth(2),
  ).toHaveAttribute("data-state", "skipped");
});

test("a file dropped on the window is opened", async ({ studio }) => {
  const transfer = await studio.page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(
      new File(["city,visits\nRome,3\nParis,5\n"], "visits.csv", {
        type: "text/csv",
      }),
    );
    return data;
  });
  await studio.page.dispatchEvent("body", "dragenter", {
    dataTransfer: transfer,
  });
  await expect(studio.page.getByTestId("drop-zone")).toBeVisible();
  await studio.page.dispatchEvent("body", "drop", { dataTransfer: transfer });
  await expect(studio.artifact("schema-viewer")).toContainText("visits");
});

import { expect, test } from "./fixtures";

test.beforeEach(async ({ studio }) => {
  await studio.say("average price per symbol every minute");
  await expect(studio.artifact("sql-editor")).toBeVisible();
  await expect(studio.page.locator(".monaco-editor").first()).toBeVisible();
});

test("a typing error is marked, listed and fixed by one click", async ({
  studio,
}) => {
  await studio.typeSql("SELECT symbol, prise FROM trades EMIT CHANGES");
  await expect(studio.problems.first()).toContainText("prise");
  await expect(studio.page.locator(".squiggly-error").first()).toBeVisible();
  await expect(studio.page.getByTestId("run-button")).toHaveAttribute(
    "aria-disabled",
    "true",
  );
  await studio.problems.first().getByTestId("error-action").first().click();
  await expect(studio.problems).toHaveCount(0);
  expect(await studio.sql()).toContain("price");
});

test("completion offers columns of the table in scope", async ({ studio }) => {
  await studio.typeSql("SELECT  FROM trades EMIT CHANGES");
  await studio.page.keyboard.press("Home");
  for (let i = 0; i < 7; i++) await studio.page.keyboard.press("ArrowRight");
  await studio.page.keyboard.type("qua");
  const widget = studio.page.locator(".suggest-widget");
  await expect(widget).toContainText("quantity");
  await studio.page.keyboard.press("Enter");
  await expect.poll(() => studio.sql()).toContain("SELECT quantity");
});

test("format keeps the meaning and the comment", async ({ studio }) => {
  await studio.typeSql(
    "-- keep me\nselect symbol, price from trades emit changes",
  );
  await studio.page.keyboard.press("Shift+Alt+F");
  await expect.poll(() => studio.sql()).toMatch(/SELECT/);
  expect(await studio.sql()).toContain("keep me");
});

test("run shows live rows below, stop is confirmed, edits become a version", async ({
  studio,
}) => {
  await studio.typeSql("SELECT symbol, price FROM trades EMIT CHANGES");
  await expect(studio.page.getByTestId("artifact-check")).toHaveAttribute(
    "data-state",
    "valid",
  );
  await studio.page.keyboard.press("ControlOrMeta+Enter");
  await expect(studio.results).toBeVisible();
  await expect.poll(() => studio.rowCount()).toBeGreaterThan(0);
  await expect(studio.page.getByTestId("artifact-version")).toContainText("v2");
  await studio.page.getByTestId("stop-button").click();
  await expect(studio.page.getByTestId("live-chip")).toHaveAttribute(
    "data-state",
    /cancelled|finished/,
  );
});

test("a draft survives a reload", async ({ studio }) => {
  await studio.typeSql("SELECT symbol FROM trades EMIT CHANGES");
  await expect(studio.page.getByTestId("sql-editor")).toHaveAttribute(
    "data-kind",
    "edited",
  );
  await studio.page.reload();
  await expect(studio.sqlText).toContainText("SELECT symbol FROM trades");
});

import { expect, test } from "./fixtures";

test.beforeEach(async ({ studio }) => {
  await studio.chips.first().click();
  await expect(studio.results).toBeVisible();
  await expect.poll(() => studio.seen()).toBeGreaterThan(0);
});

test("pause holds the picture, resume goes on without a gap", async ({
  studio,
}) => {
  await studio.page.getByRole("button", { name: "Pause" }).click();
  await expect(studio.results).toHaveAttribute("data-status", "paused");
  await expect(studio.page.getByTestId("live-chip")).toHaveAttribute(
    "data-state",
    "paused",
  );
  const held = await studio.seen();
  await studio.page.getByRole("button", { name: "Resume" }).click();
  await expect.poll(() => studio.seen()).toBeGreaterThan(held);
});

test("table and changelog show the same run", async ({ studio }) => {
  const table = await studio.showTable();
  await expect(table.getByRole("row").nth(1)).toBeVisible();
  await studio.results.getByRole("radio", { name: "Changelog" }).click();
  await expect(studio.page.getByTestId("results-changelog")).toBeVisible();
});

test("a windowed table says the window of each row", async ({ studio }) => {
  await studio.open();
  await studio.say("average price per symbol in trades every minute");
  await studio.run();
  const table = await studio.showTable();
  const heads = table.getByRole("columnheader");
  await expect(heads.first()).toHaveText(/window/);
  await expect(heads.filter({ hasText: /_window/ })).toHaveCount(0);
  await expect(table.getByRole("row").nth(1)).toContainText(
    /\d{4}-\d{2}-\d{2} \d{2}:\d{2} – \d{2}:\d{2}/,
  );
});

test("stop is confirmed by the engine", async ({ studio }) => {
  await studio.page.getByTestId("stop-button").click();
  await expect(studio.page.getByTestId("live-chip")).toHaveAttribute(
    "data-state",
    "cancelled",
  );
  await expect(studio.page.getByTestId("run-button")).toBeVisible();
});

test("a reload in mid-stream joins the same run", async ({ studio }) => {
  await studio.page.reload();
  await expect(studio.results).toBeVisible();
  await expect(studio.page.getByTestId("live-chip")).toHaveAttribute(
    "data-state",
    "live",
  );
  await expect.poll(() => studio.rowCount()).toBeGreaterThan(0);
});

test("a reload in mid-answer does not double the text", async ({ studio }) => {
  await studio.composer.fill("What topics do I have?");
  await studio.composer.press("Enter");
  await expect(studio.page.getByTestId("message-user")).toHaveCount(2);
  await studio.page.reload();
  await expect(studio.page.getByTestId("message-assistant")).toHaveCount(2);
  await expect(studio.lastAnswer).toHaveAttribute("data-state", "ready");
  const cards = studio.lastAnswer.getByTestId("artifact-card");
  await expect(cards).toHaveCount(1);
});

test("export gives every row as CSV", async ({ studio }) => {
  await studio.page.getByRole("button", { name: "Export" }).click();
  const [download] = await Promise.all([
    studio.page.waitForEvent("download"),
    studio.page.getByRole("menuitem", { name: /CSV/ }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/csv/);
});

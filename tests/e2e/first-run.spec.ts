import { expect, test } from "./fixtures";

test.describe("first run", () => {
  test("shows a box, prompts from the demo schemas, and a stream that moves", async ({
    studio,
  }) => {
    await expect(studio.page.getByTestId("first-run")).toBeVisible();
    await expect(studio.composer).toBeFocused();
    await expect(studio.page.getByTestId("start-data")).toBeVisible();
    await expect(studio.page.getByTestId("start-intent")).toBeVisible();
    await expect(studio.chips).toHaveCount(3);
    const values = studio.page.getByTestId("demo-values");
    await expect(values).toBeVisible();
    const seen = Number(await values.getAttribute("data-rows"));
    await expect
      .poll(async () => Number(await values.getAttribute("data-rows")))
      .toBeGreaterThan(seen);
  });

  test("one click on a prompt gives SQL and a live chart", async ({
    studio,
  }) => {
    await studio.chips.first().click();
    await expect(studio.artifact("sql-editor")).toBeVisible();
    await expect(studio.sqlText).toContainText(/SELECT/i);
    await expect(studio.chart).toBeVisible();
    await expect(studio.chart.locator("canvas")).toBeVisible();
    await expect(studio.page.getByTestId("live-chip")).toHaveAttribute(
      "data-state",
      "live",
    );
    await expect.poll(() => studio.rowCount()).toBeGreaterThan(0);
    await expect(studio.page.getByTestId("time-ruler")).toBeVisible();
    await expect(
      studio.page.getByTestId("evidence-footer").first(),
    ).toContainText(/in/);
  });

  test("a card puts words into the box and sends nothing", async ({
    studio,
  }) => {
    await studio.page.getByTestId("start-data").click();
    await expect(studio.composer).not.toHaveValue("");
    await expect(studio.page.getByTestId("message-user")).toHaveCount(0);
  });

  test("a link may bring words, never send them", async ({ studio }) => {
    await studio.open("/?prompt=average%20price%20per%20symbol");
    await expect(studio.composer).toHaveValue("average price per symbol");
    await expect(studio.page.getByTestId("message-user")).toHaveCount(0);
  });
});

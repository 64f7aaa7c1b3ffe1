import { expect, test } from "./fixtures";

test.use({
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
});

test("ask, see the chart, read rows as cards", async ({ studio }) => {
  await studio.chips.first().tap();
  await expect(studio.page.getByTestId("artifact-card").first()).toBeVisible();
  await studio.page.getByTestId("artifact-card").first().tap();
  await expect(studio.chart).toBeVisible();
  await studio.results.getByRole("radio", { name: "Table" }).tap();
  await expect(studio.page.getByTestId("results-table")).toBeVisible();
  await expect(studio.page.locator(".monaco-editor")).toHaveCount(0);
});

test("a long title leaves room for the send button", async ({ studio }) => {
  await studio.say(
    "average, lowest and highest price and number of trades per symbol and exchange in trades every minute",
  );
  const about = studio.page.getByTestId("composer-about");
  await expect(about).toContainText("price");
  for (const part of [about, studio.page.getByTestId("composer-send")]) {
    const box = await part.boundingBox();
    expect(box).not.toBeNull();
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(390);
  }
});

test("SQL is edited in a plain box with the same checks", async ({
  studio,
}) => {
  await studio.say("average price per symbol every minute");
  await studio.page.getByRole("button", { name: /^Canvas/ }).tap();
  const box = studio.page.getByRole("textbox", { name: "SQL editor" });
  await box.fill("SELECT prise FROM trades EMIT CHANGES");
  await expect(studio.problems.first()).toContainText("prise");
});

test("nothing is wider than the screen and targets are large", async ({
  studio,
}) => {
  const wide = await studio.page.evaluate(
    () => document.documentElement.scrollWidth - window.innerWidth,
  );
  expect(wide).toBeLessThanOrEqual(0);
  for (const name of ["Chat", "Data", "More"]) {
    const box = await studio.page
      .getByRole("button", { name, exact: true })
      .boundingBox();
    expect(box?.height ?? 0).toBeGreaterThanOrEqual(44);
  }
});

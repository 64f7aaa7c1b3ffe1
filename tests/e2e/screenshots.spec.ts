import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "./fixtures";

const OUT = join(__dirname, "../../docs/images");

test.skip(
  process.env["UPDATE_SCREENSHOTS"] !== "1",
  "writes docs/images when UPDATE_SCREENSHOTS=1",
);
test.use({ viewport: { width: 1440, height: 900 }, deviceScaleFactor: 2 });

test("the picture of the README", async ({ studio }) => {
  mkdirSync(OUT, { recursive: true });
  await expect(studio.chips).toHaveCount(3);
  await expect
    .poll(async () =>
      Number(
        await studio.page.getByTestId("demo-values").getAttribute("data-rows"),
      ),
    )
    .toBeGreaterThan(20);
  await studio.page.screenshot({ path: join(OUT, "first-run.png") });
  await studio.chips.first().click();
  await expect(studio.chart.locator("canvas")).toBeVisible();
  await expect(studio.lastAnswer).toHaveAttribute("data-state", "ready");
  await expect
    .poll(() => studio.seen(), { timeout: 20_000 })
    .toBeGreaterThan(50);
  await studio.page.mouse.move(0, 0);
  await studio.page.screenshot({ path: join(OUT, "studio.png") });
});

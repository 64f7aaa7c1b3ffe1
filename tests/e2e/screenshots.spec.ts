import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "./fixtures";

const OUT = join(__dirname, "../../docs/images");

test.skip(
  process.env["UPDATE_SCREENSHOTS"] !== "1",
  "writes docs/images when UPDATE_SCREENSHOTS=1",
);
test.use({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 2 });

test("the picture of the README", async ({ studio }) => {
  mkdirSync(OUT, { recursive: true });
  await expect(studio.chips).toHaveCount(3);
  await expect
    .poll(
      async () =>
        Number(
          await studio.page
            .getByTestId("demo-values")
            .getAttribute("data-rows"),
        ),
      { timeout: 30_000 },
    )
    .toBeGreaterThan(1200);
  await studio.page.screenshot({ path: join(OUT, "first-run.png") });
  await studio.say(
    "average price per symbol for AAPL, AMZN, GOOG, JPM every 10 seconds",
  );
  await studio.run();
  await expect(studio.chart.locator("canvas")).toBeVisible();
  const before = await studio.seen();
  await expect
    .poll(() => studio.seen(), { timeout: 20_000 })
    .toBeGreaterThan(before + 50);
  await studio.composer.blur();
  await studio.page.mouse.move(640, 4);
  await studio.page.screenshot({ path: join(OUT, "studio.png") });
});

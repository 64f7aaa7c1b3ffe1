import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";

async function expectClean(page: Page, what: string): Promise<void> {
  const report = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
    .analyze();
  const serious = report.violations.filter(
    (v) => v.impact === "serious" || v.impact === "critical",
  );
  const lines = serious.map(
    (v) =>
      `${what}: ${v.id} ${v.nodes.map((n) => `${n.target.join(" ")} — ${n.failureSummary ?? ""}`).join("\n")}`,
  );
  expect(lines).toEqual([]);
}

for (const colorScheme of ["dark", "light"] as const) {
  test.describe(`${colorScheme} theme`, () => {
    test.use({ colorScheme, reducedMotion: "reduce" });

    test("has no serious finding on the main screens", async ({ studio }) => {
      const { page } = studio;
      await expect(studio.chips).toHaveCount(3);
      await expectClean(page, "first run");
      await studio.chips.first().click();
      await expect(studio.chart).toBeVisible();
      await expect(studio.lastAnswer).toHaveAttribute("data-state", "ready");
      await expectClean(page, "SQL and chart");
      await studio.showTable();
      await expectClean(page, "table");
      await studio.say("What topics do I have?");
      await expect(studio.artifact("topic-list")).toBeVisible();
      await expectClean(page, "topics");
      await studio.say("What does the trades topic look like?");
      await expect(studio.artifact("schema-viewer")).toBeVisible();
      await expectClean(page, "schema");
      await studio.say("Show me the last 10 messages from trades");
      await expect(page.getByTestId("preview-record").first()).toBeVisible();
      await expectClean(page, "preview");
      await page.keyboard.press("ControlOrMeta+k");
      await expect(page.getByTestId("command-palette")).toBeVisible();
      await expectClean(page, "palette");
      await page.keyboard.press("Escape");
      await page.getByTestId("nav-sources").click();
      await page
        .getByRole("navigation", { name: "Sources" })
        .getByRole("button", { name: /trades/ })
        .first()
        .click();
      await expect(page.getByTestId("schema-field").first()).toBeVisible();
      await expectClean(page, "sources");
      await page.getByTestId("nav-settings").click();
      await expect(
        page.getByRole("heading", { name: "Settings" }),
      ).toBeVisible();
      await expectClean(page, "settings");
    });
  });
}

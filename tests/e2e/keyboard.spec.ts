import { expect, test } from "./fixtures";

test("the palette finds, goes and asks", async ({ studio }) => {
  await studio.page.keyboard.press("ControlOrMeta+k");
  const palette = studio.page.getByTestId("command-palette");
  await expect(palette).toBeVisible();
  await studio.page.keyboard.type("settings");
  await studio.page.keyboard.press("Enter");
  await expect(studio.page).toHaveURL(/\/settings/);
  await studio.page.keyboard.press("ControlOrMeta+k");
  await studio.page.keyboard.type("What topics do I have?");
  await studio.page.keyboard.press("Enter");
  await expect(studio.artifact("topic-list")).toBeVisible();
});

test("single keys work outside text fields only", async ({ studio }) => {
  await studio.composer.fill("");
  await studio.composer.press("c");
  await expect(studio.composer).toHaveValue("c");
  await studio.composer.fill("");
  await studio.composer.blur();
  await studio.page.keyboard.press("?");
  await expect(studio.page.getByRole("dialog", { name: "Keys" })).toBeVisible();
  await studio.page.keyboard.press("Escape");
  await expect(studio.page.getByRole("dialog", { name: "Keys" })).toBeHidden();
  await studio.page.keyboard.press("g");
  await studio.page.keyboard.press("s");
  await expect(studio.page).toHaveURL(/\/sources/);
  await studio.page.keyboard.press("c");
  await expect(studio.composer).toBeFocused();
});

test("journey 1 without a mouse", async ({ studio }) => {
  const { page } = studio;
  await expect(studio.composer).toBeFocused();
  await page.keyboard.type("What topics do I have?");
  await page.keyboard.press("Enter");
  await expect(studio.artifact("topic-list")).toBeVisible();
  await expect(studio.lastAnswer).toHaveAttribute("data-state", "ready");
  await expect(studio.composer).toBeFocused();
  await page.keyboard.press("F6");
  await page.keyboard.press("F6");
  expect(await page.evaluate(() => document.activeElement?.tagName)).not.toBe(
    "BODY",
  );
  await page.getByRole("button", { name: "Schema trades" }).focus();
  await page.keyboard.press("Enter");
  await expect(studio.artifact("schema-viewer")).toBeVisible();
  await page.getByRole("tab").first().focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("tab", { selected: true })).toBeFocused();
});

test("Tab is never trapped in the editor", async ({ studio }) => {
  await studio.say("average price per symbol every minute");
  await studio.page.locator(".monaco-editor").first().click();
  await studio.page.keyboard.press("Escape");
  await studio.page.keyboard.press("Escape");
  await studio.page.keyboard.press("Tab");
  expect(
    await studio.page.evaluate(
      () => document.activeElement?.closest(".monaco-editor") === null,
    ),
  ).toBe(true);
});

// Pictures of the main screens over a running studio (mock or real), for looking at: node dev/shots.mjs URL OUT
import { chromium } from "@playwright/test";
const [url, out, only] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
async function session(name, options, steps) {
  if (only && !name.includes(only)) return;
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on(
    "console",
    (m) =>
      ["error", "warning"].includes(m.type()) && console.log(name, m.type(), m.text().slice(0, 600), m.location().url),
  );
  page.on("pageerror", (e) => console.log(name, "PAGEERROR", e.message, (e.stack ?? "").slice(0, 400)));
  try {
    await page.goto(url);
    await steps(page, (label) => page.screenshot({ path: `${out}/${name}-${label}.png` }));
  } catch (error) {
    console.log(name, "FAILED", String(error).slice(0, 500));
    await page.screenshot({ path: `${out}/${name}-failed.png` });
  }
  await context.close();
}
const say = async (page, text) => {
  await page.getByTestId("composer-input").fill(text);
  await page.keyboard.press("Enter");
};
for (const colorScheme of ["dark", "light"]) {
  await session(`desk-${colorScheme}`, { viewport: { width: 1280, height: 800 }, colorScheme }, async (page, shot) => {
    await page.goto(new URL("/?new=true", page.url()).href);
    await page.getByTestId("prompt-chip").first().waitFor();
    await page.waitForTimeout(2500);
    await shot("1-first");
    await page.getByTestId("prompt-chip").first().click();
    await page.getByTestId("results-chart").waitFor({ timeout: 8000 });
    await page.waitForTimeout(3000);
    await shot("2-main");
    await page.getByRole("radio", { name: "Table" }).click();
    await page.waitForTimeout(600);
    await shot("3-table");
    await page.getByRole("radio", { name: "Changelog" }).click();
    await page.waitForTimeout(600);
    await shot("3b-changelog");
    await say(page, "What topics do I have?");
    await page.getByTestId("topic-row").first().waitFor();
    await page.waitForTimeout(500);
    await shot("4-topics");
    await say(page, "What does the trades topic look like?");
    await page.getByTestId("schema-field").first().waitFor();
    await page.waitForTimeout(500);
    await shot("5-schema");
    await say(page, "Show me the last 10 messages from trades");
    await page.getByTestId("preview-record").first().waitFor();
    await page.waitForTimeout(500);
    await shot("6-preview");
    await page.keyboard.press("Control+k");
    await page.waitForTimeout(500);
    await shot("7-palette");
    await page.keyboard.press("Escape");
    await page.getByTestId("nav-sources").click();
    await page
      .getByRole("button", { name: /trades/ })
      .first()
      .click();
    await page.waitForTimeout(600);
    await shot("8-sources");
    await page.getByTestId("nav-settings").click();
    await page.waitForTimeout(400);
    await shot("9-settings");
    await page.keyboard.press("?");
    await page.waitForTimeout(300);
    await shot("9b-keys");
    await page.goto(new URL("/no/such/page", page.url()).href);
    await page.getByTestId("not-found").waitFor();
    await shot("9c-not-found");
    await page.goto(new URL("/?new=true", page.url()).href);
    await say(page, "average price per symbol every minute");
    await page.locator(".monaco-editor").first().waitFor();
    await page.waitForTimeout(1500);
    await page.locator(".monaco-editor").first().click();
    await page.keyboard.press("Control+a");
    await page.keyboard.insertText("SELECT symbol, AVG(prise) AS p\nFROM trades\nGROUP BY symbol\nEMIT CHANGES");
    await page.getByTestId("error-action").first().waitFor();
    await page.waitForTimeout(400);
    await shot("a-error");
    const stocks = new URL("../node_modules/vega-datasets/data/stocks.csv", import.meta.url).pathname;
    await page.goto(new URL("/?new=true", page.url()).href);
    await say(page, `I have CSV data at ${stocks}, show me the schema`);
    await page.getByTestId("schema-field").first().waitFor();
    await say(page, "Preview the first 10 rows");
    await page.getByTestId("preview-record").first().waitFor();
    await page.waitForTimeout(300);
    await shot("b-file-rows");
    await say(page, "average price per symbol");
    await page.getByTestId("run-button").waitFor();
    await page.waitForTimeout(600);
    if ((await page.getByTestId("query-results").count()) === 0) await page.getByTestId("run-button").click();
    await page.getByTestId("results-chart").waitFor();
    await page.waitForTimeout(1200);
    await shot("c-file-bars");
    await page.goto(new URL("/?new=true", page.url()).href);
    await say(page, "colourless green ideas sleep furiously");
    await page.waitForTimeout(2000);
    await shot("d-refusal");
  });
}
await session(
  "phone-dark",
  { viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true, isMobile: true },
  async (page, shot) => {
    await page.goto(new URL("/?new=true", page.url()).href);
    await page.getByTestId("prompt-chip").first().waitFor();
    await page.waitForTimeout(1500);
    await shot("1-first");
    await page.getByTestId("prompt-chip").first().click();
    await page.waitForTimeout(2500);
    await shot("2-chat");
    await page.getByRole("button", { name: "Canvas" }).click();
    await page.waitForTimeout(2000);
    await shot("3-canvas");
  },
);
await browser.close();

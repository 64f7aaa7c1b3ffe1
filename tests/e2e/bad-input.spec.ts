import { expect, test } from "./fixtures";
import { StudioServer } from "./studio-server";
import { StudioPage } from "./pages/studio-page";

test("a file that is not there is named, with a cure", async ({ studio }) => {
  await studio.say("show me the schema of /no/such/folder/prices.csv");
  await expect(studio.lastAnswer).toContainText(
    /prices\.csv|no file|not found/i,
  );
  await expect(studio.page.getByTestId("artifact")).toHaveCount(0);
});

test("nonsense gets an honest answer and something that can be said instead", async ({
  studio,
}) => {
  await studio.say("colourless green ideas sleep furiously");
  await expect(studio.page.getByTestId("artifact")).toHaveCount(0);
  await expect(studio.lastAnswer).not.toBeEmpty();
});

test("wrong SQL in the composer is explained, not run", async ({ studio }) => {
  await studio.say("SELECT prise FROM trades EMIT CHANGES");
  await expect(studio.page.locator("body")).toContainText("prise");
  await expect(studio.results).toHaveCount(0);
});

test("an unknown address and an unknown thread are friendly", async ({
  studio,
}) => {
  await studio.open("/no/such/page");
  await expect(studio.page.getByTestId("not-found")).toBeVisible();
  await studio.open("/t/thr_aaaaaaaaaaaaa");
  await expect(studio.page.getByTestId("not-found")).toBeVisible();
  await studio.page.getByRole("link", { name: /back/i }).click();
  await expect(studio.page.getByTestId("first-run")).toBeVisible();
});

test("a killed tab leaves the run to others", async ({ studio, context }) => {
  await studio.chips.first().click();
  await expect(studio.results).toBeVisible();
  await expect(studio.lastAnswer).toHaveAttribute("data-state", "ready");
  const address = studio.page.url();
  const second = await context.newPage();
  await studio.page.close();
  await second.goto(address);
  await expect(second.getByTestId("artifact")).toBeVisible();
  await expect(second.getByTestId("message-user")).toHaveCount(1);
});

test("when the studio goes away and comes back, no text is lost", async ({
  page,
}) => {
  const first = await StudioServer.start();
  const studio = new StudioPage(page, first);
  await studio.open();
  await studio.say("What topics do I have?");
  await studio.composer.fill("half a thought");
  await first.stop(true);
  await expect(page.getByTestId("connection-chip")).toHaveAttribute(
    "data-state",
    "lost",
    { timeout: 20_000 },
  );
  await expect(studio.composer).toHaveValue("half a thought");
  const second = await StudioServer.start({
    port: first.port,
    dataDir: first.dataDir,
  });
  try {
    await expect(page.getByTestId("status-bar")).toHaveAttribute(
      "data-state",
      "ready",
      { timeout: 20_000 },
    );
    await expect(studio.composer).toHaveValue("half a thought");
    await expect(page.getByTestId("message-user")).toHaveCount(1);
  } finally {
    await second.stop();
  }
});

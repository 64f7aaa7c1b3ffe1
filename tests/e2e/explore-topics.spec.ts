import { expect, test } from "./fixtures";

test("topics, their schema and their newest messages", async ({ studio }) => {
  await studio.say("What topics do I have?");
  const topics = studio.artifact("topic-list");
  await expect(topics).toBeVisible();
  await expect(topics.getByRole("grid")).toHaveAttribute(
    "aria-label",
    /topics/i,
  );
  const trades = topics.getByTestId("topic-row").filter({ hasText: /^trades/ });
  await expect(trades).toContainText(/\d+ partition/);
  await expect(trades).toContainText(/message/);
  await expect(
    studio.lastAnswer.getByTestId("tool-row").first(),
  ).toHaveAttribute("data-status", "done");

  await studio.say("What does the trades topic look like?");
  const fields = studio.artifact("schema-viewer").getByTestId("schema-field");
  await expect(fields.filter({ hasText: "symbol" }).first()).toContainText(
    "String",
  );
  await expect(fields.filter({ hasText: "price" }).first()).toContainText(
    /Float|Decimal/,
  );
  await expect(fields.filter({ hasText: "quantity" }).first()).toContainText(
    "Integer",
  );

  await studio.say("Show me the last 10 messages from trades");
  const preview = studio.artifact("data-preview");
  await expect(preview.getByTestId("preview-record")).toHaveCount(10);
  await expect(
    preview.getByRole("columnheader", { name: "partition" }),
  ).toBeVisible();
  await expect(
    preview.getByRole("columnheader", { name: "offset" }),
  ).toBeVisible();
});

test("a click on a button leaves the same trace as words", async ({
  studio,
}) => {
  await studio.say("What topics do I have?");
  await studio.page.getByRole("button", { name: "Schema trades" }).click();
  await expect(studio.page.getByTestId("action-row")).toContainText(/You ran/);
  await expect(studio.artifact("schema-viewer")).toBeVisible();
});

test("the sources page shows the same topics with schema and rows", async ({
  studio,
}) => {
  await studio.page.getByTestId("nav-sources").click();
  await studio.page
    .getByRole("navigation", { name: "Sources" })
    .getByRole("button", { name: /trades/ })
    .first()
    .click();
  await expect(studio.page.getByTestId("schema-field").first()).toBeVisible();
  await studio.page.getByRole("radio", { name: "Rows" }).click();
  await expect(studio.page.getByTestId("preview-record").first()).toBeVisible();
  await expect(studio.page).toHaveURL(/view=rows/);
});

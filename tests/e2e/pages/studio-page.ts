import { expect, type Locator, type Page } from "@playwright/test";
import type { StudioServer } from "../studio-server";

type ArtifactType =
  | "sql-editor"
  | "query-results"
  | "schema-viewer"
  | "topic-list"
  | "data-preview";

/** The studio as a person sees it: roles and names first, then the stable ids of the design contract. */
export class StudioPage {
  readonly page: Page;
  readonly server: StudioServer;
  private readonly failures: string[] = [];

  constructor(page: Page, server: StudioServer) {
    this.page = page;
    this.server = server;
    page.on("pageerror", (error) =>
      this.failures.push(error.stack ?? error.message),
    );
    page.on("console", (message) => {
      if (
        message.type() === "error" &&
        /Content Security Policy|Uncaught/.test(message.text())
      )
        this.failures.push(message.text());
    });
  }

  async open(path = "/?new=true"): Promise<void> {
    await this.page.goto(this.server.url);
    await this.page.goto(new URL(path, this.server.url).href);
    await expect(this.page.getByTestId("app-shell")).toBeVisible();
  }

  assertNoPageErrors(): void {
    expect(this.failures).toEqual([]);
  }

  get composer(): Locator {
    return this.page.getByRole("textbox", { name: "Ask Velo" });
  }
  get chips(): Locator {
    return this.page.getByTestId("prompt-chip");
  }
  get lastAnswer(): Locator {
    return this.page.getByTestId("message-assistant").last();
  }
  artifact(type: ArtifactType): Locator {
    return this.page.locator(
      `[data-testid=artifact][data-artifact-type=${type}]`,
    );
  }
  get results(): Locator {
    return this.page.getByTestId("query-results");
  }
  get chart(): Locator {
    return this.page.getByTestId("results-chart");
  }
  get problems(): Locator {
    return this.page.getByTestId("sql-problems").getByRole("listitem");
  }
  get sqlText(): Locator {
    return this.page.getByTestId("sql-editor").locator(".view-lines");
  }

  /** Says something and waits until the answer is complete. */
  async say(text: string): Promise<void> {
    const before = await this.page.getByTestId("message-assistant").count();
    await this.composer.fill(text);
    await this.composer.press("Enter");
    await expect(this.page.getByTestId("message-assistant")).toHaveCount(
      before + 1,
      { timeout: 15_000 },
    );
    await expect(this.lastAnswer).toHaveAttribute("data-state", "ready", {
      timeout: 20_000,
    });
  }

  async run(): Promise<void> {
    await this.page.getByTestId("run-button").click();
    await expect(this.results).toBeVisible();
  }

  async rowCount(): Promise<number> {
    return Number((await this.results.getAttribute("data-rows")) ?? "0");
  }
  async seen(): Promise<number> {
    return Number((await this.results.getAttribute("data-seen")) ?? "0");
  }

  async showTable(): Promise<Locator> {
    await this.results.getByRole("radio", { name: "Table" }).click();
    const table = this.page.getByTestId("results-table");
    await expect(table).toBeVisible();
    return table;
  }

  /** Replaces the text in the editor by typing it. */
  async typeSql(sql: string): Promise<void> {
    await this.page.locator(".monaco-editor").first().click();
    await this.page.keyboard.press("ControlOrMeta+a");
    await this.page.keyboard.press("Delete");
    await this.page.keyboard.insertText(sql);
  }

  /** The SQL as the editor holds it, without the blanks Monaco draws. */
  async sql(): Promise<string> {
    return ((await this.sqlText.textContent()) ?? "").replace(/\u00a0/g, " ");
  }
}

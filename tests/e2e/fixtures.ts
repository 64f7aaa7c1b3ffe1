import { test as base } from "@playwright/test";
import { StudioPage } from "./pages/studio-page";
import { StudioServer } from "./studio-server";

interface Fixtures {
  studio: StudioPage;
}
interface WorkerFixtures {
  demo: "on" | "off" | "frozen";
  server: StudioServer;
}

/** `studio` is a signed-in page of a server of this file's own. */
export const test = base.extend<Fixtures, WorkerFixtures>({
  demo: ["on", { option: true, scope: "worker" }],
  server: [
    async ({ demo }, use) => {
      const server = await StudioServer.start({ demo });
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],
  studio: async ({ page, server }, use) => {
    const studio = new StudioPage(page, server);
    await studio.open();
    await use(studio);
    studio.assertNoPageErrors();
  },
});

export { expect } from "@playwright/test";

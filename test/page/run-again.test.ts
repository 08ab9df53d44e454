import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type PageHost, startPage } from "./page-host.ts";
import { until } from "./until.ts";

describe("what the panel's page offers to run", { timeout: 180_000 }, () => {
  let host: PageHost;
  before(async () => {
    host = await startPage(1100, 1200);
  });
  after(() => host?.stop());

  test("is a sample where there is no run, unless one is on its way", async () => {
    await host.tell({ type: "empty", reason: "Being run.", offersSample: false });
    await host.page.getByText("Being run.").waitFor();
    const sample = host.page.getByRole("button", { name: "Open a sample" });
    assert.equal(await sample.isVisible(), false);
    await host.tell({ type: "empty", reason: "Run a program.", offersSample: true });
    await sample.click();
    await until(() => host.said.some(({ type }) => type === "openSample"));
  });

  test("is the shown run's program", async () => {
    const run = await host.run(["src/sdk/samples/lru.c"]);
    const said = () => host.said.filter((message) => message.type === "runAgain" && message.run === run.run).length;
    await host.page.getByRole("button", { name: "Run again" }).click();
    await until(() => said() === 1);
    const notice = host.page.locator(".notice");
    assert.equal(await notice.isVisible(), false);
    await host.tell({ type: "changedSources", run: run.run, files: ["src/sdk/samples/lru.c"] });
    await notice.getByText("lru.c has changed since this run").waitFor();
    await notice.getByText("Run again").click();
    await until(() => said() === 2);
    await host.tell({ type: "changedSources", run: run.run, files: [] });
    await notice.waitFor({ state: "hidden" });
  });
});

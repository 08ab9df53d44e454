import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { RunSummary } from "../../src/session/figures.ts";
import { type PageHost, startPage } from "./page-host.ts";
import { until } from "./until.ts";

const SAMPLE = "src/sdk/samples/lru.c";

describe("the panel's page with a real session", { timeout: 180_000 }, () => {
  let host: PageHost;
  let run: RunSummary;
  before(async () => {
    host = await startPage(1100, 1200);
    run = await host.run([SAMPLE]);
    await host.page.getByText("Cheapest here").waitFor();
    await host.page.locator(".row-name").first().waitFor();
  });
  after(() => host.stop());

  test("shows the figures of the run", async () => {
    const { machine, prices } = await perspective();
    const report = await host.session.client.ask("report", { run: run.run, perspective: { machine, prices } });
    const figures = await host.page.locator(".figure-value").allTextContents();
    assert.ok(figures.includes(report.totals.dirtyPages.toLocaleString("en-US")), figures.join(" "));
    assert.ok(figures.includes(report.totals.traps.toLocaleString("en-US")), figures.join(" "));
  });

  test("a click on a page selects it and names the lines that wrote it, which lead to the source", async () => {
    const map = host.page.locator(".map-frame");
    await map.click({ position: { x: 30, y: 70 } });
    await host.page.locator(".card-title").waitFor();
    const link = host.page.locator(".card-line .link").first();
    const text = (await link.textContent()) ?? "";
    assert.match(text, /^lru\.c:\d+$/);
    await link.click();
    await until(() => host.said.some((message) => message.type === "reveal"));
    const said = host.said.findLast((message) => message.type === "reveal");
    assert.ok(said?.type === "reveal" && text.endsWith(`:${said.place.line}`) && said.run === run.run);
    await host.page.keyboard.press("Escape");
    await host.page.getByText("Whole run.").waitFor();
  });

  test("the cursor in the source lights its pages", async () => {
    const [{ lines }] = [await host.session.client.ask("lines", { run: run.run, perspective: await perspective() })];
    const line = lines.find((one) => one.dirtyPages > 20);
    assert.ok(line !== undefined);
    const before = await pixels();
    await host.tell({ type: "cursor", place: { file: line.file, line: line.line } });
    await until(async () => (await pixels()) !== before);
    await host.tell({ type: "cursor", place: undefined });
    await until(async () => (await pixels()) === before);
  });

  test("the keyboard chooses epochs, and the breakdown follows", async () => {
    const total = () => host.page.locator(".tab-view .hint").first().textContent();
    const whole = await total();
    await host.page.locator(".timeline-frame").focus();
    await host.page.keyboard.press("ArrowRight");
    await host.page.locator(".chip").waitFor();
    await until(async () => (await total()) !== whole);
    await host.page.keyboard.press("Escape");
    await until(async () => (await total()) === whole);
  });

  test("another technique is one click, tells the editor, and changes the figures", async () => {
    await host.page.locator("vscode-panel-tab").nth(1).click();
    const row = host.page.locator('.group:has(h3:text-is("xen-pv"))').locator(".row", { hasText: "mprotect" });
    const overhead = await host.page.locator(".figure-value").first().textContent();
    await row.click();
    await until(async () => (await host.page.locator(".figure-value").first().textContent()) !== overhead);
    await until(() => host.said.some((message) => message.type === "perspective"));
    const said = host.said.findLast((message) => message.type === "perspective");
    assert.ok(said?.type === "perspective" && said.perspective.machine.technique === "mprotect");
  });

  test("a slider changes every figure at once, and a reset brings them back", async () => {
    await host.page.locator("vscode-panel-tab").nth(2).click();
    const overhead = () => host.page.locator(".figure-value").first().textContent();
    const before = await overhead();
    const slider = host.page.locator(".price-row input[type=range]").first();
    await slider.focus();
    for (let i = 0; i < 10; i++) await host.page.keyboard.press("ArrowRight");
    await until(async () => (await overhead()) !== before);
    await until(() => {
      const said = host.said.findLast((message) => message.type === "perspective");
      if (said?.type !== "perspective") return false;
      const { primitives = {}, cyclesPerInstruction = {} } = said.perspective.prices;
      return Object.keys(primitives).length + Object.keys(cyclesPerInstruction).length === 1;
    });
    await host.page.getByText("Reset prices").click();
    await until(async () => (await overhead()) === before);
  });

  test("each picture has a table with the same data", async () => {
    const buttons = host.page.getByText("As table");
    await buttons.nth(0).click();
    const rows = await host.page.locator("table", { hasText: "Checkpoints, in cycles" }).locator("tbody tr").count();
    assert.equal(rows, run.epochs.filter(({ end }) => end === "committed").length);
    await buttons.nth(1).click();
    const written = await host.session.client.ask("map", { run: run.run, measure: "epochs" });
    const inRegions = new Set<number>();
    for (const { firstPage, pageCount } of run.regions)
      for (let page = firstPage; page < firstPage + pageCount; page++)
        if (written.values[page] > 0) inRegions.add(page);
    const listed = await host.page.locator("table", { hasText: "pages that were written" }).locator("tbody tr").count();
    assert.ok(listed >= Math.min(500, inRegions.size) && listed <= 500);
  });

  async function perspective() {
    const { DEFAULT_MACHINE } = await import("../../src/run/machine.ts");
    return { machine: DEFAULT_MACHINE, prices: { profile: "era" } };
  }

  /** The map's picture, as a text to compare. */
  async function pixels(): Promise<string> {
    return (await host.page.locator(".map-frame").screenshot()).toString("base64");
  }
});

// How a run is looked at: machines that cannot be are not chosen, and no figure stands under a name that is not its own.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { DEFAULT_MACHINE, type MachineOptions } from "../../src/run/machine.ts";
import type { Perspective, RunSummary } from "../../src/session/figures.ts";
import { type PageHost, startPage } from "./page-host.ts";
import { until } from "./until.ts";

const SAMPLE = "src/sdk/samples/lru.c";

describe("the machine and the prices that the page looks at a run by", { timeout: 180_000 }, () => {
  let host: PageHost;
  let run: RunSummary;
  before(async () => {
    host = await startPage(1100, 1200);
    run = await host.run([SAMPLE]);
    await host.page.getByText("Cheapest here").waitFor();
    await until(() => host.talk.includes("answer compare"));
  });
  after(() => host.stop());

  test("an environment without the shown technique says so and is not chosen", async () => {
    await look({});
    await choose("Environment", "native");
    await until(async () => (await problem())?.includes("hv-protect") === true);
    assert.equal(await chosenIn("Environment"), "xen-pv");
    assert.equal(saidPerspective(), undefined);
    assert.equal(await host.page.locator(".unanswered").count(), 0);
  });

  test("options that the technique or the environment cannot have say so and are not chosen", async () => {
    await tab("What if");
    await look({ technique: "hash" });
    await choose("Commit", "async");
    await until(async () => (await problem())?.includes("hash") === true);
    assert.equal(await chosenIn("Commit"), "sync");
    await look({ technique: "mprotect", environment: "native" });
    await choose("Who copies", "hypervisor");
    await until(async () => (await problem())?.includes("native") === true);
    assert.equal(await chosenIn("Who copies"), "guest");
    assert.equal(saidPerspective(), undefined);
    await look({ technique: "mprotect", commit: "async" });
    await choose("Technique", "hash");
    await until(async () => (await problem())?.includes("hash") === true);
    assert.equal(await chosenIn("Technique"), "mprotect");
    assert.equal(saidPerspective(), undefined);
  });

  test("an environment without a hypervisor is looked at with the options that it can have", async () => {
    await look({ technique: "mprotect", copy: "hypervisor", gate: "privcmd" });
    await choose("Environment", "native");
    await until(() => saidPerspective() !== undefined);
    const { environment, copy, gate } = saidPerspective()?.machine ?? DEFAULT_MACHINE;
    assert.deepEqual({ environment, copy, gate }, { environment: "native", copy: "guest", gate: "trap" });
    assert.equal(await problem(), undefined);
  });

  test("a row of the techniques is looked at with the options that its figures are of", async () => {
    await tab("Techniques");
    await look({ copy: "hypervisor" });
    const row = host.page.locator('.group:has(h3:text-is("native"))').locator(".row", { hasText: "mprotect" });
    await row.click();
    await until(() => saidPerspective() !== undefined);
    const { environment, technique, copy } = saidPerspective()?.machine ?? DEFAULT_MACHINE;
    assert.deepEqual({ environment, technique, copy }, { environment: "native", technique: "mprotect", copy: "guest" });
    assert.equal(await problem(), undefined);
  });

  test("figures of another question than the one that fails are dimmed until the next", async () => {
    await look({});
    await look({ environment: "native" }, false);
    await until(async () => (await problem())?.includes("native") === true);
    assert.equal(await host.page.locator("main.unanswered").count(), 1);
    for (const old of [".figures", ".timeline-frame", ".map-frame"])
      await until(async () => (await opacityOf(old)) === 0.5);
    await look({});
    for (const now of [".figures", ".timeline-frame", ".map-frame"])
      await until(async () => (await opacityOf(now)) === 1);
  });

  test("a profile of a file has its name, and its prices move as those of any other", async () => {
    const folder = mkdtempSync(join(tmpdir(), "cklens-page-"));
    const file = join(folder, "measured.json");
    const [{ profile: era }] = (await host.session.client.ask("profiles", {})).profiles;
    writeFileSync(file, JSON.stringify({ ...era, name: "this-machine" }));
    await tab("What if");
    await look({}, true, { profile: file });
    await host.page.locator('vscode-option:text-is("this-machine")').waitFor({ state: "attached" });
    await until(async () => (await chosenIn("Price profile")) === file);
    const row = host.page.locator(".price-row").first();
    const price = () => row.locator("vscode-text-field").evaluate((field) => (field as HTMLInputElement).value);
    await until(async () => (await price()) !== "");
    const before = await price();
    const overhead = () => host.page.locator(".figure-value").first().textContent();
    const overheadBefore = await overhead();
    await row.locator("input[type=range]").focus();
    for (let i = 0; i < 10; i++) await host.page.keyboard.press("ArrowRight");
    await until(async () => (await price()) !== before && (await overhead()) !== overheadBefore);
    await host.page.getByText("Save as profile…").click();
    await until(() => host.said.some(({ type }) => type === "saveProfile"));
    const saved = host.said.find((message) => message.type === "saveProfile");
    assert.ok(saved?.type === "saveProfile" && saved.profile.name === "this-machine-what-if");
    await host.page.getByText("Reset prices").click();
    await until(async () => (await price()) === before && (await overhead()) === overheadBefore);
    assert.equal(saidPerspective()?.prices.profile, file);
    // It was written anew, and the editor says so: its prices are the new ones.
    const dearer = Object.entries(era.primitives).map(([name, of]) => [name, { ...of, cycles: of.high }]);
    writeFileSync(file, JSON.stringify({ ...era, name: "this-machine-again", primitives: Object.fromEntries(dearer) }));
    await look({}, true, { profile: file });
    await host.page.locator('vscode-option:text-is("this-machine-again")').waitFor({ state: "attached" });
    await until(async () => (await overhead()) !== overheadBefore);
    rmSync(folder, { recursive: true });
  });

  /** Looks at the run on a machine that differs so from the default, as the editor would say, and forgets what was said. */
  async function look(
    machine: Partial<MachineOptions>,
    isAnswered = true,
    prices: Perspective["prices"] = { profile: "era" },
  ) {
    host.said.length = 0;
    host.talk.length = 0;
    await host.show(run, { machine: { ...DEFAULT_MACHINE, ...machine }, prices });
    if (isAnswered) await until(() => host.talk.includes("answer report"));
  }

  function saidPerspective(): Perspective | undefined {
    const said = host.said.findLast((message) => message.type === "perspective");
    return said?.type === "perspective" ? said.perspective : undefined;
  }

  async function problem(): Promise<string | undefined> {
    const shown = host.page.locator(".problem");
    return (await shown.isVisible()) ? ((await shown.textContent()) ?? "") : undefined;
  }

  async function choose(label: string, value: string): Promise<void> {
    const list = host.page.locator(`vscode-dropdown[aria-label="${label}"]`);
    await list.click();
    await list.locator(`vscode-option[value="${value}"]`).click();
  }

  function chosenIn(label: string): Promise<string> {
    const list = host.page.locator(`vscode-dropdown[aria-label="${label}"]`);
    return list.evaluate((element) => (element as HTMLSelectElement).value);
  }

  async function tab(text: string): Promise<void> {
    await host.page.locator("vscode-panel-tab", { hasText: text }).click();
  }

  function opacityOf(selector: string): Promise<number> {
    return host.page.locator(selector).evaluate((element) => Number(getComputedStyle(element).opacity));
  }
});

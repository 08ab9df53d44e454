// How a run is looked at: machines that cannot be are not chosen, and no figure stands under a name that is not its own.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { DEFAULT_MACHINE, type MachineOptions } from "../../src/run/machine.ts";
import { percent } from "../../src/run/units.ts";
import type { Perspective, RunSummary } from "../../src/session/figures.ts";
import { type PageHost, ROOT, startPage } from "./page-host.ts";
import { until } from "./until.ts";

const SAMPLE = "src/sdk/samples/lru.c";

describe("the machine and the prices that the page looks at a run by", { timeout: 180_000 }, () => {
  let host: PageHost;
  let run: RunSummary;
  before(async () => {
    host = await startPage(1100, 1200);
    run = await host.session.client.ask("run", { workingDirectory: ROOT, paths: [SAMPLE], tellsWrites: true });
    await host.show(run);
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
    await until(async () => (await problem())?.includes("no hypervisor") === true);
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

  test("techniques that need every write are compared when somebody looks, and can be looked at", async () => {
    await tab("Cost breakdown");
    await look({});
    await tab("Techniques");
    const row = host.page.locator('.group:has(h3:text-is("xen-pv"))').locator(".row", { hasText: "hv-emulate" });
    await row.click();
    await until(() => saidPerspective() !== undefined);
    assert.equal(saidPerspective()?.machine.technique, "hv-emulate");
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
    await host.page.getByText("Reset", { exact: true }).click();
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

  test("a link and a disk are supposed where images go there, and one reset takes all back", async () => {
    await tab("What if");
    await look({});
    const reset = host.page.locator("vscode-button", { hasText: "Reset" });
    await until(async () => (await reset.getAttribute("disabled")) !== null);
    assert.equal(await field("Bandwidth to it, Gbit/s").isVisible(), false);
    await choose("Images go to", "replica");
    await field("Round trip, µs").waitFor();
    assert.equal(await field("Flush, µs").isVisible(), false);
    await until(async () => (await reset.getAttribute("disabled")) === null);
    await type("Bandwidth to it, Gbit/s", "10");
    await type("Round trip, µs", "30");
    const overhead = () => host.page.locator(".figure-value").first().textContent();
    await until(() => saidPerspective()?.prices.devices?.wireRoundTripSeconds === 30 * 1e-6);
    assert.deepEqual(saidPerspective()?.prices.devices, {
      wireBytesPerSecond: 1.25e9,
      wireRoundTripSeconds: 30 * 1e-6,
    });
    await until(async () => (await overhead()) === (await overheadOf(saidPerspective())));
    // Sliders leave devices alone.
    await host.page.locator(".price-row input[type=range]").first().focus();
    await host.page.keyboard.press("End");
    await until(() => Object.keys(saidPerspective()?.prices.primitives ?? {}).length === 1);
    assert.equal(saidPerspective()?.prices.devices?.wireBytesPerSecond, 1.25e9);
    await choose("Commit", "async");
    await until(() => saidPerspective()?.machine.transferBytesPerCycle === 0.625);
    await type("Copied meanwhile, bytes per cycle", "2.5");
    await until(() => saidPerspective()?.machine.backgroundBytesPerCycle === 2.5);
    await until(async () => (await overhead()) === (await overheadOf(saidPerspective())));
    await host.page.getByText("3 prices differ from").waitFor();
    await host.page.getByText("3 options differ").waitFor();
    await reset.click();
    await until(() => saidPerspective()?.prices.devices === undefined);
    assert.deepEqual(saidPerspective(), { machine: DEFAULT_MACHINE, prices: { profile: "era" } });
    await until(async () => (await reset.getAttribute("disabled")) !== null);
    await until(async () => (await overhead()) === (await overheadOf(saidPerspective())));
    await look({ target: "disk" });
    await type("Bandwidth of it, MB/s", "500");
    await type("Flush, µs", "8000");
    await until(() => saidPerspective()?.prices.devices?.diskFlushSeconds === 8000 * 1e-6);
    assert.equal(saidPerspective()?.prices.devices?.diskBytesPerSecond, 5e8);
  });

  test("a field says what it wants instead of what was typed, and asks nothing", async () => {
    await look({ technique: "hv-hybrid", target: "disk" });
    for (const [label, typed, wanted] of [
      ["Emulated writes of a page", "17", "A whole number from 0 to 16 is wanted."],
      ["Flush, µs", "0", "A number above 0 is wanted."],
      ["Flush, µs", "soon", "A number above 0 is wanted."],
    ]) {
      const before = await field(label).evaluate((of) => (of as HTMLInputElement).value);
      await type(label, typed);
      await host.page.locator(".field", { hasText: label }).getByText(wanted).waitFor();
      assert.equal(await field(label).evaluate((of) => (of as HTMLInputElement).value), before);
    }
    assert.equal(saidPerspective(), undefined);
    await type("Emulated writes of a page", "7");
    await until(() => saidPerspective()?.machine.hybridWrites === 7);
    await until(async () => (await host.page.getByText("A whole number from 0 to 16 is wanted.").count()) === 0);
  });

  function field(label: string) {
    return host.page.locator(`vscode-text-field[aria-label="${label}"]`);
  }

  async function type(label: string, text: string): Promise<void> {
    await field(label).locator("input").fill(text);
    await host.page.keyboard.press("Tab");
  }

  async function overheadOf(perspective: Perspective | undefined): Promise<string | undefined> {
    if (perspective === undefined) return undefined;
    const { totals } = await host.session.client.ask("report", { run: run.run, perspective });
    return percent((100 * totals.overheadCycles) / totals.programCycles);
  }

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

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { Locator } from "playwright-core";
import { windowTest } from "./attempts.ts";
import { type Host, startHost } from "./host.ts";
import { until, type Workbench } from "./workbench.ts";

let host: Host;
before(async () => {
  host = await startHost({ width: 1800, settings: { "workbench.colorTheme": "Default Dark Modern" } });
});
after(() => host?.stop());

/** A step of the walkthrough, by its id in the manifest. */
function stepOf({ page }: Workbench, id: string): Locator {
  return page.locator(`.getting-started-step[data-step-id$="#${id}"]`);
}

windowTest("the walkthrough leads from nothing to a result, and marks each step as done", async (t) => {
  const folder = mkdtempSync(join(host.scratch, "empty-"));
  // What is chosen is kept with the folder: another try begins as this one.
  const machine = { technique: "hv-protect", environment: "xen-pv", prices: "era" };
  const settings = Object.entries(machine).map(([name, value]) => [`checkpointLens.machine.${name}`, value]);
  mkdirSync(join(folder, ".vscode"));
  writeFileSync(join(folder, ".vscode/settings.json"), JSON.stringify(Object.fromEntries(settings)));
  const workbench = await host.open(folder);
  t.after(async () => {
    await workbench.screenshot("walkthrough");
    await workbench.close();
  });
  // What an earlier try has done.
  await workbench.command("Developer: Reset Welcome Page Walkthrough Progress");
  await workbench.command("Welcome: Open Walkthrough...");
  await workbench.pick("See What Checkpoints Cost");
  /** Clicks what a step offers. */
  const take = async (id: string, button: string) => {
    const step = stepOf(workbench, id);
    await step.waitFor();
    assert.equal(await step.getByRole("checkbox").getAttribute("aria-checked"), "false", `${id} was done already`);
    if ((await step.getAttribute("aria-expanded")) !== "true") await step.locator(".step-title").click();
    await step.getByRole("button", { name: button }).click();
  };
  const done = async (id: string) => {
    await stepOf(workbench, id).locator('[role="checkbox"][aria-checked="true"]').waitFor();
    await workbench.screenshot(`walkthrough-${id}`);
  };
  const overhead = workbench.webview().locator(".figure", { hasText: "Overhead" }).locator(".figure-value");

  await take("sample", "Open Sample");
  await workbench.pick("kv.ts");
  await workbench.tab("kv.ts").waitFor();
  await done("sample");

  await take("run", "Run Checkpoint Simulation");
  await overhead.getByText("%").waitFor();
  await done("run");

  await take("lines", "Show Costliest Line");
  const marks = await until(
    () => workbench.decorations(),
    (found) => found.some(({ text }) => / % · [\d,]+ traps/.test(text)),
  );
  await done("lines");

  await take("compare", "Compare Techniques");
  await workbench.pick(/soft-dirty.*xen-hap/);
  await workbench.statusBar("soft-dirty").waitFor();
  await done("compare");

  await take("own", "Choose Prices");
  const before = await overhead.innerText();
  await workbench.pick("ooh");
  await until(
    () => overhead.innerText(),
    (text) => text !== before,
  );
  await until(
    () => workbench.decorations(),
    (found) => found.length > 0 && !isDeepStrictEqual(found, marks),
  );
  const profile = workbench.webview().getByRole("combobox", { name: "Price profile" });
  assert.equal(await profile.evaluate((list) => (list as HTMLSelectElement).value), "ooh");
  await done("own");
});

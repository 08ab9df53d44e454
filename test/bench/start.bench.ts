/**
 * How long a person waits in a real VS Code, which shares the machine with its browser: from the choice in the palette to the
 * panel's figures and map, in a window that has just opened, again, and after edits; from a slider to the panel's figures and
 * to the marks behind lines. Needs `npm run package` first.
 */
import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import type { Locator } from "playwright-core";
import { type Host, ROOT, startHost } from "../e2e/host.ts";
import { until, type Workbench } from "../e2e/workbench.ts";

const RUN = "Checkpoint Lens: Run Checkpoint Simulation";
/** Of a program that has not changed, which does not run again. */
const WARM_RUNS = 5;
/** After each of which it runs. */
const EDITS = 4;
/** Until a window that was just opened has loaded all of itself. */
const SETTLED_MS = 15_000;
const SLIDES = 12;

/** An extension that does nothing but set one mark, packaged. */
const BARE = join(ROOT, "dist/bare.vsix");
const PACK = ["package", "--no-dependencies", "--skip-license", "--allow-missing-repository", "--out", BARE];
execFileSync(process.execPath, [join(ROOT, "node_modules/@vscode/vsce/vsce"), ...PACK], {
  cwd: join(ROOT, "test/bench/bare-extension"),
});

type State = `${"nothing cached" | "cached"}, ${"at once" | "when all is loaded"}`;

console.log(`load before: ${loadavg()[0].toFixed(2)}`);
await measureServer(["nothing cached, when all is loaded"]);
await measureServer(["nothing cached, at once", "cached, at once", "cached, when all is loaded"]);
console.log(`load after: ${loadavg()[0].toFixed(2)}`);

/** Starts a server that has nothing of earlier ones, and measures its windows one after the other. */
async function measureServer(states: readonly State[]): Promise<void> {
  const host = await startHost({ width: 1440, height: 900, besides: [BARE] });
  try {
    const folder = join(host.scratch, "samples");
    cpSync(join(ROOT, "dist/samples"), folder, { recursive: true });
    // The first window of all starts the server's own processes, too.
    const warmUp = await host.open(folder, join(folder, "kv.ts"));
    await warmUp.tab("kv.ts").waitFor({ timeout: 60_000 });
    await warmUp.commandsLike("Checkpoint Lens");
    await warmUp.close();
    for (const state of states) await measureWindow(host, folder, state);
  } finally {
    await host.stop();
  }
}

async function measureWindow(server: Host, folder: string, state: State): Promise<void> {
  const workbench = await server.open(folder, join(folder, "kv.ts"));
  await workbench.tab("kv.ts").waitFor({ timeout: 60_000 });
  await until(
    () => workbench.commandsLike(RUN),
    (titles) => titles.includes(RUN),
    30_000,
  );
  if (state.endsWith("when all is loaded")) await workbench.page.waitForTimeout(SETTLED_MS);
  console.log(`${state}: ${text(await timeRun(workbench))}`);
  for (let i = 0; i < WARM_RUNS; i++) {
    await workbench.page.waitForTimeout(2500);
    console.log(`    again: ${text(await timeRun(workbench))}`);
  }
  for (let i = 0; i < EDITS; i++) {
    await workbench.tab("kv.ts").click();
    await workbench.goToLine(58);
    await workbench.page.keyboard.press("End");
    await workbench.page.keyboard.type(" ");
    await workbench.page.keyboard.press("Control+S");
    await workbench.page.waitForTimeout(3000);
    console.log(`    edited, saved, a moment later: ${text(await timeRun(workbench))}`);
    await workbench.page.waitForTimeout(3000);
  }
  if (state === "cached, when all is loaded") {
    await measureSlider(workbench);
    await measureBareSlider(workbench);
  }
  await workbench.close();
}

interface Waited {
  readonly figures: number;
  readonly map: number;
}

function text({ figures, map }: Waited): string {
  return `figures ${Math.round(figures)} ms, map ${Math.round(map)} ms`;
}

/** Milliseconds from the choice in the palette. */
async function timeRun(workbench: Workbench): Promise<Waited> {
  const { page } = workbench;
  const before = await marks(workbench);
  await workbench.tab("kv.ts").click();
  // From the person's click on: whoever drives the browser looks around for some tenths of a second before it.
  await page.evaluate(`{
    const mark = () => performance.mark("chosen");
    document.removeEventListener("mousedown", window.markChosen, true);
    document.addEventListener("mousedown", (window.markChosen = mark), true);
  }`);
  // A window that is loading may close the palette.
  for (let isChosen = false; !isChosen; ) {
    await workbench.ask("F1", `>${RUN}`);
    await workbench.row(RUN).waitFor();
    const clicked = workbench.row(RUN).click({ timeout: 3000 });
    isChosen = await clicked.then(
      () => true,
      () => false,
    );
  }
  const began = await page.evaluate<number>(
    `performance.timeOrigin + performance.getEntriesByName("chosen").at(-1).startTime`,
  );
  const after = await until(
    () => marks(workbench),
    ({ figures, map }) => figures > Math.max(began, before.figures) && map > Math.max(began, before.map),
    60_000,
  );
  return { figures: after.figures - began, map: after.map - began };
}

/** When the page last painted each, in milliseconds of the clock; 0 before. */
async function marks(workbench: Workbench): Promise<Waited> {
  if ((await workbench.page.locator("iframe.webview.ready").count()) === 0) return { figures: 0, map: 0 };
  return workbench
    .webview()
    .locator("body")
    .evaluate(
      () => {
        // No functions here: they would bring their names' helper along.
        const [figures, map] = ["figures", "map"].map((name) => performance.getEntriesByName(name).at(-1)?.startTime);
        const of = performance.timeOrigin;
        return { figures: figures === undefined ? 0 : of + figures, map: map === undefined ? 0 : of + map };
      },
      undefined,
      { timeout: 1000 },
    )
    .catch(() => ({ figures: 0, map: 0 }));
}

/** Moves a slider step by step, and waits each time until the figures and the marks behind lines are painted. */
async function measureSlider(workbench: Workbench): Promise<void> {
  const panel = workbench.webview();
  await panel.getByRole("tab", { name: "What if" }).click();
  const slider = panel.locator(".price-row input[type=range]").first();
  const values = Array.from({ length: SLIDES }, (_, i) => 0.65 + i * 0.15);
  const { figures, marks } = await slide(workbench, slider, values);
  console.log(`    slider to the panel's figures: ${spread(figures)}; to the marks behind lines: ${spread(marks)}`);
}

/** The same for an extension that does nothing but set one mark: what VS Code takes for that. */
async function measureBareSlider(workbench: Workbench): Promise<void> {
  await workbench.command("Checkpoint Lens: Toggle Inline Costs");
  await workbench.command("Bare: Show Page");
  const slider = workbench.webview().locator("input[max='100']");
  const values = Array.from({ length: SLIDES }, (_, i) => i + 1);
  const { marks } = await slide(workbench, slider, values);
  console.log(`    slider of an extension with one mark and nothing else, to that: ${spread(marks)}`);
}

/**
 * Both are waited for inside their pages, and cheaply: whoever asked again and again from outside would have the browser work for
 * the question.
 * @returns milliseconds until the page and the editor were painted
 */
async function slide(
  workbench: Workbench,
  slider: Locator,
  values: readonly number[],
): Promise<{ readonly figures: number[]; readonly marks: number[] }> {
  await slider.waitFor();
  await workbench.tab("kv.ts").click();
  await workbench.goToLine(58);
  const figures: number[] = [];
  const marks: number[] = [];
  for (const value of values) {
    await workbench.page.waitForTimeout(700);
    // As a text: what is compiled with the names of its functions kept does not run in a page.
    const marked = workbench.page.evaluate<number>(`new Promise((done) => {
      const editor = document.querySelector(".editor-group-container .monaco-editor[role='code'] .view-lines");
      const texts = () => Array.from(editor.querySelectorAll("[class*='ced-']"),
        (one) => getComputedStyle(one, "::after").content).join();
      const before = texts();
      const observer = new MutationObserver(() => {
        const now = texts();
        if (now === before || now === "") return;
        observer.disconnect();
        // Lines are made inside a frame; what is posted there comes when the frame has been painted.
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => done(performance.timeOrigin + performance.now());
        port2.postMessage(undefined);
      });
      observer.observe(editor, { subtree: true, childList: true, attributes: true });
    })`);
    const moved = slider.evaluate(
      (element, value) =>
        new Promise<readonly [number, number]>((done) => {
          const start = performance.now();
          const observer = new PerformanceObserver((list) => {
            if (list.getEntriesByName("figures").length === 0) return;
            observer.disconnect();
            requestAnimationFrame(() => {
              const { port1, port2 } = new MessageChannel();
              port1.onmessage = () =>
                done([performance.timeOrigin + start, performance.timeOrigin + performance.now()]);
              port2.postMessage(undefined);
            });
          });
          observer.observe({ entryTypes: ["mark"] });
          (element as HTMLInputElement).value = String(value);
          element.dispatchEvent(new Event("input", { bubbles: true }));
        }),
      value,
    );
    const [[start, painted], seen] = await Promise.all([moved, marked]);
    figures.push(painted - start);
    marks.push(seen - start);
  }
  return { figures, marks };
}

function spread(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  return `median ${Math.round(sorted[sorted.length >> 1])} ms, from ${Math.round(sorted[0])} to ${Math.round(sorted.at(-1) ?? 0)} ms`;
}

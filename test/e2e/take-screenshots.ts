// Takes the pictures in media/screenshots: the packaged extension in a real VS Code, on a sample, in each kind of theme.
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT, startHost } from "./host.ts";

const THEMES = {
  dark: "Dark Modern",
  light: "Light Modern",
  "high-contrast": "Default High Contrast",
  "high-contrast-light": "Default High Contrast Light",
};
/** Line of kv.ts that stores a value. */
const LINE = 58;
/** Keys that zoom until single traps, and lines of pages, are seen. */
const ZOOM_STEPS = { timeline: 10, map: 6 };
/** The end of a line of kv.ts, and another one: it writes twice as often. */
const CHANGED = { line: 12, before: "256;", after: "128;" };

const folder = join(ROOT, "media/screenshots");
mkdirSync(folder, { recursive: true });
const wanted = process.argv.slice(2);
for (const [name, theme] of Object.entries(THEMES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const host = await startHost({
    width: 1440,
    height: 900,
    settings: { "workbench.colorTheme": theme, "editor.minimap.enabled": false },
  });
  try {
    const samples = join(host.scratch, "samples");
    cpSync(join(ROOT, "dist/samples"), samples, { recursive: true });
    const workbench = await host.open(samples, join(samples, "kv.ts"));
    await workbench.openFile("kv.ts");
    await workbench.page.keyboard.press("Control+b");
    await workbench.command("Checkpoint Lens: Run Checkpoint Simulation");
    await workbench.statusBar(/hv-protect/).waitFor();
    const panel = workbench.webview();
    await panel.getByText("Cheapest here").waitFor();
    await workbench.tab("kv.ts").click();
    await workbench.goToLine(LINE);
    const shoot = async (view: string, tab: string) => {
      await panel.getByRole("tab", { name: tab }).click();
      const top = view !== "costs" && view !== "pages";
      await panel
        .locator(".columns > .view")
        .last()
        .evaluate((element, isTop) => {
          if (isTop) element.scrollIntoView({ block: "start" });
          else window.scrollTo(0, 0);
        }, top);
      await workbench.page.mouse.move(5, 400);
      // The map, the bars and the lit pages follow within a second.
      await workbench.page.waitForTimeout(3000);
      await workbench.page.screenshot({ path: join(folder, `${view}-${name}.png`) });
    };
    await shoot("costs", "Cost breakdown");
    // Single traps, and a page whose 64-byte lines are seen.
    const { keyboard } = workbench.page;
    await panel.locator(".timeline-frame").focus();
    for (let i = 0; i < ZOOM_STEPS.timeline; i++) await keyboard.press("+");
    await workbench.page.waitForTimeout(1000);
    await keyboard.press("ArrowRight");
    await panel.locator(".chip").first().waitFor();
    await panel.locator(".map-frame").focus();
    for (let i = 0; i < ZOOM_STEPS.map; i++) await keyboard.press("+");
    await shoot("pages", "Cost breakdown");
    await panel.locator(".map-frame").focus();
    await keyboard.press("0");
    await panel.locator(".timeline-frame").focus();
    await keyboard.press("0");
    await keyboard.press("Escape");
    await shoot("techniques", "Techniques");
    await shoot("what-if", "What if");

    // What was run, and what a line is made of.
    await workbench.command("Checkpoint Lens: Focus on Runs View");
    const tree = workbench.page.locator(".monaco-list-row[role=treeitem]");
    for (const text of ["Checkpoints", "Regions"]) await tree.filter({ hasText: text }).first().click();
    await workbench.tab("kv.ts").click();
    await workbench.goToLine(LINE);
    await keyboard.press("End");
    await workbench.command("Show or Focus Hover");
    await workbench.page.locator(".monaco-hover:not(.hidden)", { hasText: "of the overhead" }).waitFor();
    await workbench.page.screenshot({ path: join(folder, `runs-${name}.png`) });
    await keyboard.press("Escape");
    await keyboard.press("Control+b");

    // What a change changed.
    await workbench.tab("kv.ts").click();
    await workbench.goToLine(CHANGED.line);
    await workbench.page.keyboard.press("End");
    for (const _ of CHANGED.before) await workbench.page.keyboard.press("Backspace");
    await workbench.page.keyboard.type(CHANGED.after);
    await workbench.page.keyboard.press("Control+s");
    await workbench.command("Checkpoint Lens: Run Checkpoint Simulation");
    await panel.getByRole("tab", { name: "Two runs" }).click();
    await panel.locator("table.differences").waitFor();
    await shoot("two-runs", "Two runs");

    cpSync(join(ROOT, "test/fixtures/audit/programs/matrix.cpp"), join(samples, "matrix.cpp"));
    // From here it opens beside the panel, and not over it.
    await workbench.tab("kv.ts").click();
    await workbench.openFile("matrix.cpp");
    await workbench.command("Checkpoint Lens: Audit Restarts");
    await panel.getByText("restarts end otherwise").first().waitFor({ timeout: 120_000 });
    await workbench.tab("matrix.cpp").click();
    await workbench.command("Notifications: Clear All Notifications");
    await shoot("restarts", "Restarts");

    await workbench.tab("kv.ts").click();
    await workbench.command("Checkpoint Lens: Run Checkpoint Simulation");
    await panel.getByText("kv.ts").first().waitFor({ timeout: 60_000 });
    await workbench.command("Checkpoint Lens: Show Bytes of a Checkpoint...");
    await workbench.pick(/values/);
    const bytes = workbench.page.frameLocator("iframe.webview.ready >> nth=-1").frameLocator("iframe#active-frame");
    await bytes.locator(".hex-byte.changed").first().waitFor();
    await workbench.page.screenshot({ path: join(folder, `bytes-${name}.png`) });
  } finally {
    await host.stop();
  }
}

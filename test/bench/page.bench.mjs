// The panel's drawing in a real browser: milliseconds of a frame of a map of 2^20 pages, and of a timeline.
import { existsSync } from "node:fs";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const BROWSERS = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = BROWSERS.find((path) => path !== undefined && existsSync(path));
if (executablePath === undefined) throw new Error('there is no Chromium: run "npm run setup" once');

const { outputFiles } = await build({
  entryPoints: ["test/page/page-draw.ts"],
  bundle: true,
  format: "iife",
  globalName: "bench",
  write: false,
});
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage();
  await page.setContent('<body data-vscode-theme-kind="vscode-dark"></body>');
  await page.addScriptTag({ content: outputFiles[0].text });
  const times = await page.evaluate(() => globalThis.bench.measureDrawing());
  for (const [what, frames] of Object.entries(times)) {
    const sorted = [...frames].sort((a, b) => a - b);
    const at = (part) => sorted[Math.floor(part * (sorted.length - 1))].toFixed(1);
    console.log(`${what.padEnd(10)} median ${at(0.5)} ms, 95 % ${at(0.95)} ms`);
  }
} finally {
  await browser.close();
}

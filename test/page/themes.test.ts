import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type PageHost, startPage } from "./page-host.ts";
import { THEMES, type ThemeName } from "./themes.ts";
import { until } from "./until.ts";

/** Of small text, as WCAG 2.1 asks for in level AA. */
const LEAST_CONTRAST = 4.5;
const TABS = 4;

interface LowContrast {
  readonly text: string;
  readonly contrast: number;
}

describe("the panel's page in each kind of theme", { timeout: 180_000 }, () => {
  let host: PageHost;
  before(async () => {
    host = await startPage(1000, 1000);
    // What is run in the page was compiled with names of functions kept.
    await host.page.evaluate("globalThis.__name = (named) => named");
    await host.run(["src/sdk/samples/kv.ts"], ["4096"]);
    await host.page.getByText("Cheapest here").waitFor();
    await host.page.locator(".row-name").first().waitFor();
    await host.page.getByText("comparing", { exact: true }).waitFor({ state: "detached" });
  });
  after(() => host?.stop());

  for (const name of Object.keys(THEMES) as ThemeName[]) {
    test(`${name}: every text can be read, and nothing sticks out`, async () => {
      await host.theme(name);
      for (let tab = 0; tab < TABS; tab++) {
        await host.page.locator("vscode-panel-tab").nth(tab).click();
        if (tab === 0 && (await host.page.locator("table.events").count()) === 0)
          await host.page.locator(".tab-view .rows .row").first().click();
        await host.page.mouse.move(1, 1);
        await host.page.waitForTimeout(300);
        assert.deepEqual(await host.page.evaluate(lowContrasts, LEAST_CONTRAST), [], `${name}, tab ${tab}`);
        const wide = await host.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(wide <= 0, `${name}, tab ${tab}: ${wide} pixels too wide`);
      }
      await host.page.locator("vscode-panel-tab").nth(0).click();
      // No text has this contrast: so many were looked at.
      assert.ok((await host.page.evaluate(lowContrasts, 22)).length > 40);
    });
  }

  test("shades of the map are told apart in each", async () => {
    for (const name of Object.keys(THEMES) as ThemeName[]) {
      await host.theme(name);
      const colors = await host.page.evaluate(() => {
        const style = getComputedStyle(document.body);
        return ["--cl-empty", "--cl-low", "--cl-high"].map((variable) => style.getPropertyValue(variable).trim());
      });
      const [empty, low, high] = colors.map(luminance);
      assert.ok(ratio(empty, low) > 1.2 && ratio(low, high) > 2 && ratio(empty, high) > 3, `${name}: ${colors}`);
    }
  });

  test("what is shown among the techniques, and where a slider stands, is seen in each", async () => {
    for (const name of Object.keys(THEMES) as ThemeName[]) {
      await host.theme(name);
      const [page, shown, outline, thumb] = await host.page.evaluate(() => {
        const row = getComputedStyle(document.querySelector(".row.shown") ?? document.body);
        const slider = getComputedStyle(document.querySelector("input[type=range]") ?? document.body);
        return [
          getComputedStyle(document.body).backgroundColor,
          row.backgroundColor,
          row.outlineStyle === "none" ? "rgba(0, 0, 0, 0)" : row.outlineColor,
          slider.accentColor,
        ];
      });
      const isSeen = (color: string, least: number) =>
        !color.endsWith(", 0)") && ratio(luminance(hexOf(color)), luminance(hexOf(page))) >= least;
      // A background is large; a line is thin.
      assert.ok(isSeen(shown, 1.15) || isSeen(outline, 3), `${name}: ${shown}, ${outline} on ${page}`);
      assert.ok(isSeen(thumb, 3), `${name}: ${thumb} on ${page}`);
    }
  });

  test("nothing moves but what is played: no transition is long enough to be seen", async () => {
    await host.page.emulateMedia({ reducedMotion: "reduce" });
    for (let tab = 0; tab < TABS; tab++) {
      const longest = await host.page.evaluate(async (number) => {
        document.querySelectorAll<HTMLElement>("vscode-panel-tab")[number].click();
        let most = 0;
        for (let frame = 0; frame < 4; frame++) {
          await new Promise(requestAnimationFrame);
          for (const { effect } of document.getAnimations())
            most = Math.max(most, Number(effect?.getComputedTiming().endTime ?? 0));
        }
        return most;
      }, tab);
      assert.ok(longest <= 20, `tab ${tab}: ${longest} ms`);
    }
  });

  test("Tab reaches every picture and its table", async () => {
    await host.theme("highContrast");
    await host.page.locator("vscode-panel-tab").nth(0).click();
    await host.page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    const reached: string[] = [];
    for (let i = 0; i < 60; i++) {
      await host.page.keyboard.press("Tab");
      const at = await host.page.evaluate(() => {
        const { activeElement: element } = document;
        return (
          element?.getAttribute("aria-roledescription") ??
          element?.getAttribute("aria-label") ??
          element?.textContent ??
          ""
        );
      });
      reached.push(at.trim());
    }
    for (const what of ["timeline", "map of pages", "As table", "Export…", "Technique", "Split by", "Whole guest"])
      assert.ok(reached.includes(what), `${what} is not among ${[...new Set(reached)].join(", ")}`);
    // Its table comes by the keyboard, too.
    const button = host.page.getByText("As table").nth(2);
    await button.focus();
    await host.page.keyboard.press("Enter");
    await host.page.locator("table", { hasText: "Cycles by Line" }).waitFor();
    await until(async () => (await button.getAttribute("aria-pressed")) === "true");
  });
});

/** Of rgb(...) or rgba(...). */
function hexOf(color: string): string {
  const parts = color.match(/\d+(?:\.\d+)?/g) ?? [];
  return `#${parts
    .slice(0, 3)
    .map((part) => Number(part).toString(16).padStart(2, "0"))
    .join("")}`;
}

function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function ratio(a: number, b: number): number {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** Runs in the page: texts that stand out too little from what is behind them. */
function lowContrasts(least: number): LowContrast[] {
  type Rgba = readonly [number, number, number, number];
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color: string): Rgba => {
    if (probe === null) throw new Error("the browser has no canvas");
    probe.clearRect(0, 0, 1, 1);
    probe.fillStyle = color;
    probe.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = probe.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = ([r, g, b, a]: Rgba, below: Rgba): Rgba => {
    const mix = (top: number, under: number) => top * a + under * (1 - a);
    return [mix(r, below[0]), mix(g, below[1]), mix(b, below[2]), 1];
  };
  const parentOf = (element: Element): Element | null => {
    const root = element.getRootNode();
    return element.assignedSlot ?? element.parentElement ?? (root instanceof ShadowRoot ? root.host : null);
  };
  const behind = (element: Element | null): Rgba => {
    if (element === null) return rgba(getComputedStyle(document.body).backgroundColor);
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, behind(parentOf(element)));
  };
  const light = ([red, green, blue]: Rgba): number => {
    const [r, g, b] = [red, green, blue].map((value) => {
      const part = value / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found: LowContrast[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent?.trim() ?? "";
    if (element === null || text === "" || element.closest("script, style, vscode-option, [disabled], [aria-hidden]"))
      continue;
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const background = behind(element);
    const color = over(rgba(getComputedStyle(element).color), background);
    const [a, b] = [light(color), light(background)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < least) found.push({ text: text.slice(0, 40), contrast: Math.round(contrast * 100) / 100 });
  }
  return found;
}

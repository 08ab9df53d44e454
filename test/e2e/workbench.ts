import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { FrameLocator, Locator, Page } from "playwright-core";

/**
 * No wait says how quick anything is: it ends what hangs. A machine that does other things, too, has taken more than 30 s for
 * a window's extensions to start.
 */
export const PATIENCE_MS = 90_000;
/** The same for a test, which waits several times. */
export const TEST_MS = 4 * PATIENCE_MS;

/** A window of VS Code, by what a person can see and do in it. */
export class Workbench {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /**
   * Runs a command of the palette by its whole title, such as "Checkpoint Lens: Run Checkpoint Simulation". The palette
   * lists what it knew when it opened, so it is opened again until the extension has arrived.
   */
  async command(title: string): Promise<void> {
    await this.choose("F1", `>${title}`, title);
  }

  /** Opens a quick input by its key, types into it, and clicks the entry; again while a window that is loading closes it. */
  async choose(key: string, text: string, entry: string | RegExp): Promise<void> {
    await this.#again(async (timeout) => {
      await this.ask(key, text);
      await this.row(entry).click({ timeout });
    });
  }

  /** Opens a quick input by its key, and fills it. */
  async ask(key: string, text: string): Promise<Locator> {
    const input = this.page.locator(".quick-input-widget:not([style*='display: none']) .quick-input-box input");
    return this.#again(async (timeout) => {
      await this.page.keyboard.press(key);
      // Not typed: what loads may take the keyboard in the middle of a word.
      await input.evaluate(
        (element, value) => {
          (element as HTMLInputElement).value = value;
          element.dispatchEvent(new InputEvent("input", { bubbles: true }));
        },
        text,
        { timeout },
      );
      return input;
    });
  }

  /** Titles of the palette's commands that match a text; a window that is loading may close the palette. */
  async commandsLike(text: string): Promise<readonly string[]> {
    return this.#again(async (timeout) => {
      await this.ask("F1", `>${text}`);
      await this.page.locator(".quick-input-list .monaco-list-row").first().waitFor({ timeout });
      const titles = await this.page.locator(".quick-input-list .monaco-list-row .label-name").allInnerTexts();
      await this.page.keyboard.press("Escape");
      return titles;
    });
  }

  /** Tries something with a quick input again, with more time each time, until nobody would wait for it any longer. */
  async #again<T>(attempt: (timeout: number) => Promise<T>): Promise<T> {
    const end = Date.now() + PATIENCE_MS;
    for (let timeout = 2000; ; timeout *= 1.5) {
      try {
        return await attempt(timeout);
      } catch (error) {
        if (Date.now() > end) throw error;
        await this.page.keyboard.press("Escape");
      }
    }
  }

  /** Picks an entry of an open quick pick. */
  async pick(text: string | RegExp): Promise<void> {
    const row = this.row(text);
    await row.waitFor();
    await row.click();
  }

  row(text: string | RegExp): Locator {
    return this.page.locator(".quick-input-list .monaco-list-row", { hasText: text }).first();
  }

  /** Opens a file of the folder through quick open. */
  async openFile(name: string): Promise<void> {
    await this.choose("Control+P", name, name);
    await this.tab(name).waitFor();
  }

  tab(name: string | RegExp): Locator {
    return this.page.locator(".tabs-container .tab", { hasText: name });
  }

  get activeTab(): Locator {
    return this.page.locator(".editor-group-container.active .tab.active");
  }

  /** The active editor. */
  get editor(): Locator {
    return this.page.locator(".editor-group-container .monaco-editor[role='code']").first();
  }

  /** Puts the cursor at a line's beginning, and brings the line into view. */
  async goToLine(line: number): Promise<void> {
    await this.choose("Control+G", `:${line}`, new RegExp(`${line}`));
    await this.statusBar(`Ln ${line},`).waitFor();
  }

  /**
   * What extensions add to the visible lines, by the line's number: the texts before and after, and their widths and
   * colours.
   */
  async decorations(): Promise<readonly Decoration[]> {
    return this.page.evaluate(() => {
      const found: { line: number; text: string; place: string; width: string; color: string; background: string }[] =
        [];
      const editor = document.querySelector(".editor-group-container .monaco-editor[role='code']");
      const numbers = new Map<string, number>();
      for (const margin of editor?.querySelectorAll(".margin-view-overlays > div") ?? []) {
        const number = margin.querySelector(".line-numbers")?.textContent;
        if (number) numbers.set((margin as HTMLElement).style.top, Number(number));
      }
      for (const element of editor?.querySelectorAll(".view-lines [class*='ced-']") ?? []) {
        const line = element.closest<HTMLElement>(".view-line");
        for (const place of ["::before", "::after"]) {
          const style = getComputedStyle(element, place);
          if (["none", "normal"].includes(style.content)) continue;
          let text = style.content;
          try {
            text = JSON.parse(style.content);
          } catch {
            // Not a string.
          }
          found.push({
            line: numbers.get(line?.style.top ?? "") ?? 0,
            text,
            place: place.slice(2),
            width: style.width,
            color: style.color,
            background: style.backgroundColor,
          });
        }
      }
      return found;
    });
  }

  async codeLenses(): Promise<readonly string[]> {
    return this.page.locator(".monaco-editor .codelens-decoration").allInnerTexts();
  }

  /** Texts of the status bar's entries that hold a text. */
  statusBar(text: string | RegExp): Locator {
    return this.page.locator(".statusbar-item", { hasText: text });
  }

  notification(text: string | RegExp): Locator {
    return this.page.locator(".notification-toast", { hasText: text });
  }

  dialog(text: string | RegExp): Locator {
    return this.page.locator(".monaco-dialog-box", { hasText: text });
  }

  /** The document of the visible webview. */
  webview(): FrameLocator {
    return this.page.frameLocator("iframe.webview.ready >> visible=true").frameLocator("iframe#active-frame");
  }

  /** Reloads the window, as `Developer: Reload Window` does. */
  async reload(): Promise<void> {
    const loaded = this.page.waitForEvent("domcontentloaded");
    await this.command("Developer: Reload Window");
    await loaded;
    await this.page.locator(".monaco-workbench .statusbar-item").first().waitFor();
  }

  /** A picture of the window below dist/screenshots. */
  async screenshot(name: string): Promise<void> {
    const directory = join(import.meta.dirname, "../../dist/screenshots");
    mkdirSync(directory, { recursive: true });
    await this.page.screenshot({ path: join(directory, `${name}.png`) });
  }

  async close(): Promise<void> {
    await this.page.close();
  }
}

export interface Decoration {
  /** 0 when the line has no number. */
  readonly line: number;
  readonly text: string;
  readonly place: string;
  readonly width: string;
  readonly color: string;
  readonly background: string;
}

/** Asks again and again until the answer is right. */
export async function until<T>(
  ask: () => T | Promise<T>,
  right: (answer: T) => boolean,
  timeoutMs = PATIENCE_MS,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (right(answer)) return answer;
    if (Date.now() > end) assert.fail(`still not right after ${timeoutMs} ms: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

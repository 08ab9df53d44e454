import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { percent } from "../../src/run/units.ts";
import type { RunSummary } from "../../src/session/figures.ts";
import { type PageHost, ROOT, startPage } from "./page-host.ts";
import { until } from "./until.ts";

const SAMPLE = "src/sdk/samples/lru.c";

describe("the panel's page with a real session", { timeout: 180_000 }, () => {
  let host: PageHost;
  let run: RunSummary;
  before(async () => {
    host = await startPage(1100, 1200);
    // What is run in the page was compiled with names of functions kept.
    await host.page.evaluate("globalThis.__name = (named) => named");
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

  test("other techniques are compared when the figures of a new run are in sight", async () => {
    const { machine, prices } = await perspective();
    const again = await host.session.client.ask("run", { workingDirectory: ROOT, paths: [SAMPLE] });
    host.talk.length = 0;
    await host.show(again, { machine, prices });
    await until(() => host.talk.includes("ask compare"));
    const painted = host.talk.indexOf("say painted");
    assert.ok(painted >= 0 && host.talk.indexOf("ask compare") > painted, host.talk.join(", "));
    for (const method of ["report", "timeline", "map", "breakdown"]) {
      const answered = host.talk.indexOf(`answer ${method}`);
      assert.ok(answered >= 0 && answered < painted, `${method} in ${host.talk.join(", ")}`);
    }
    assert.ok(host.said.some((message) => message.type === "painted" && message.run === again.run));
    await host.show(run, { machine, prices });
    await until(() => host.talk.filter((one) => one === "answer compare").length > 0);
  });

  test("the timeline shows costs where the checkpoints are, from the beginning to the end", async () => {
    await until(async () => {
      const columns = await host.page.locator(".timeline-frame canvas").evaluate((element) => {
        const canvas = element as HTMLCanvasElement;
        // The lane of costs: colours of phases, and nothing grey but the borders of epochs.
        const { data, width } = canvas.getContext("2d")?.getImageData(0, 26, canvas.width, 52) ?? new ImageData(1, 1);
        const found: number[] = [];
        for (let x = 0; x < width; x++) {
          for (let y = 0; y < 52; y++) {
            const at = 4 * (y * width + x);
            const most = Math.max(data[at], data[at + 1], data[at + 2]);
            if (data[at + 3] === 255 && most - Math.min(data[at], data[at + 1], data[at + 2]) > 60) {
              found.push(x / width);
              break;
            }
          }
        }
        return found;
      });
      return columns.length >= run.images.length && columns.some((x) => x > 0.9) && columns.some((x) => x < 0.5);
    });
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

  test("a selected page stays in sight while the keyboard zooms", async () => {
    const map = host.page.locator(".map-frame");
    const box = await map.boundingBox();
    assert.ok(box !== null);
    await map.click({ position: { x: 10, y: box.height - 10 } });
    await host.page.locator(".card-title").waitFor();
    for (let i = 0; i < 8; i++) await host.page.keyboard.press("+");
    const [top, room, whole] = await map.evaluate((frame) => [frame.scrollTop, frame.clientHeight, frame.scrollHeight]);
    // It is one of the last.
    assert.ok(whole > 2 * room && top > whole / 2, `${top} of ${whole} are above`);
    await host.page.keyboard.press("0");
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
    const legend = host.page.locator(".legend-row .legend");
    await until(async () => ((await legend.textContent()) ?? "").includes(`written by lru.c:${line.line}`));
    await host.tell({ type: "cursor", place: undefined });
    await until(async () => (await pixels()) === before);
    assert.ok(!((await legend.textContent()) ?? "").includes("written by"));
  });

  test("in a narrow page nothing is cut, and what belongs together stays in one row", async () => {
    for (const width of [500, 400]) {
      await host.page.setViewportSize({ width, height: 1200 });
      await until(() => host.page.evaluate((wide) => document.querySelector("main")?.clientWidth === wide, width));
      const found = await host.page.evaluate(() => {
        const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];
        const seen = all(".figure-detail, .row, .actions, .toolbar").filter((one) => one.offsetParent !== null);
        return {
          beyond: seen.filter((one) => one.getBoundingClientRect().right > window.innerWidth - 15).length,
          cut: all(".figure-detail").filter((one) => one.scrollWidth > one.clientWidth).length,
          brokenRows: all(".actions").filter(
            (one) => new Set([...one.children].map((child) => child.getBoundingClientRect().top)).size > 1,
          ).length,
        };
      });
      assert.deepEqual(found, { beyond: 0, cut: 0, brokenRows: 0 }, `${width} pixels wide`);
      // What the pointer is told takes no room that would move what it is on.
      const frame = host.page.locator(".timeline-frame");
      const mapTop = async () => (await host.page.locator(".map-frame").boundingBox())?.y;
      const before = await mapTop();
      await frame.hover({ position: { x: 100, y: 50 } });
      await host.page.locator(".timeline-foot .hint", { hasText: "cycle" }).waitFor();
      assert.equal(await mapTop(), before);
    }
    await host.page.setViewportSize({ width: 1100, height: 1200 });
  });

  test("the sentence above techniques is whole, with the buttons at its right or, where that is narrow, below", async () => {
    await host.page.getByRole("tab", { name: "Techniques" }).click();
    const header = host.page.getByRole("region", { name: "Techniques" }).locator(".view-header");
    await header.getByText("Click a technique").waitFor();
    for (const width of [400, 650, 900, 1100]) {
      await host.page.setViewportSize({ width, height: 1200 });
      await until(() => host.page.evaluate((wide) => document.querySelector("main")?.clientWidth === wide, width));
      const found = await header.evaluate((one) => {
        const [hint, actions] = one.children;
        const [of, text, buttons] = [one, hint, actions].map((part) => part.getBoundingClientRect());
        const figures = [...document.querySelectorAll<HTMLElement>(".tab-view .row > .number")];
        return {
          isCut: hint.scrollWidth > hint.clientWidth,
          isAtRight: Math.abs(buttons.right - of.right) < 1,
          isBeside: buttons.top < text.bottom,
          wide: figures.filter((figure) => figure.scrollWidth > figure.clientWidth).length,
        };
      });
      assert.deepEqual(
        found,
        { isCut: false, isAtRight: true, isBeside: width > 400, wide: 0 },
        `${width} pixels wide`,
      );
    }
    await host.page.getByRole("tab", { name: "Cost breakdown" }).click();
  });

  test("the keyboard chooses epochs, and the breakdown follows", async () => {
    const total = () => host.page.locator(".total").textContent();
    const whole = await total();
    await host.page.locator(".timeline-frame").focus();
    await host.page.keyboard.press("ArrowRight");
    await host.page.locator(".chip").waitFor();
    await until(async () => (await total()) !== whole);
    await host.page.keyboard.press("Escape");
    await until(async () => (await total()) === whole);
  });

  test("a single event says where it is from, selects its line and its page, and arrows go on to the next", async () => {
    const whole = { run: run.run, perspective: await perspective(), axis: "machine", from: 0, buckets: 64 } as const;
    const { end, events } = await host.session.client.ask("timeline", { ...whole, maxEvents: 1e6 });
    assert.ok(events !== undefined && events.time.length > 2000);
    const { time } = events;
    // The trap that is farthest from all others, and one that follows it.
    const gaps = Array.from(time.subarray(1), (one, i) => one - time[i]);
    const gapOf = (i: number) => (events.page[i] < 0 ? 0 : Math.min(gaps[i - 1] ?? 0, gaps[i] ?? 0));
    const alone = gaps.reduce((best, _, i) => (gapOf(i) > gapOf(best) ? i : best), 0);
    const frame = host.page.locator(".timeline-frame");
    const width = await frame.evaluate((element) => element.clientWidth);
    // Nearer with each turn of the wheel, until it is apart from the others and there are few enough.
    let [from, to] = [0, end];
    const xNow = () => Math.round(((time[alone] - from) / (to - from)) * width);
    await host.page.keyboard.down("Control");
    while (time.filter((one) => one >= from && one <= to).length > 2000 || (gapOf(alone) / (to - from)) * width < 10) {
      await frame.hover({ position: { x: xNow(), y: 95 } });
      await host.page.mouse.wheel(0, -500);
      const about = from + (xNow() / width) * (to - from);
      const part = 1.0015 ** -500;
      [from, to] = [about - (about - from) * part, about + (to - about) * part];
    }
    await host.page.keyboard.up("Control");
    const x = xNow();
    const { file, line } = events.sites[events.site[alone]];
    const name = `${file.slice(file.lastIndexOf("/") + 1)}:${line}`;
    const page = events.page[alone].toLocaleString("en-US");
    await until(async () => {
      await frame.hover({ position: { x: x + 1, y: 95 } });
      await frame.hover({ position: { x, y: 95 } });
      const title = (await frame.getAttribute("title")) ?? "";
      return [name, `Page ${page}`, "Track", "cycles"].every((part) => title.includes(part));
    });
    host.said.length = 0;
    await frame.click({ position: { x, y: 95 } });
    const chips = async () => (await host.page.locator(".chip").allTextContents()).join(" ");
    await until(async () => (await chips()).includes(name) && (await chips()).includes(`Page ${page}`));
    await until(() => host.said.some((message) => message.type === "reveal" && message.place.line === line));
    await frame.focus();
    await host.page.keyboard.press("ArrowRight");
    const hint = host.page.locator('section[aria-label="Timeline"] .hint');
    const next = events.sites[events.site[alone + 1]];
    const nextCost = `${events.cycles[alone + 1].toLocaleString("en-US", { maximumFractionDigits: 0 })} cycles`;
    await until(async () => {
      const said = (await hint.textContent()) ?? "";
      return said.includes(`:${next.line}`) && said.includes(nextCost);
    });
    await host.page.getByText("As table").nth(0).click();
    const table = host.page.locator("table", { hasText: "traps and steps of checkpoints in sight" });
    await table.waitFor();
    const listed = await table.locator("tbody tr").count();
    assert.ok(listed > 0 && listed <= 500);
    assert.match((await table.locator("caption").textContent()) ?? "", /^(?:All|The first) [\d,]+/);
    await frame.focus();
    await host.page.keyboard.press("0");
    await host.page.getByText("Zoom in to see each by itself").waitFor();
    await host.page.getByText("As table").nth(0).click();
    await host.page.keyboard.press("Escape");
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
    const reports = () => host.asked.filter((method) => method === "report").length;
    const reportsBefore = reports();
    const slider = host.page.locator(".price-row input[type=range]").first();
    await slider.focus();
    const said = await slider.getAttribute("aria-valuetext");
    assert.match(said ?? "", /^[\d.,]+ .*cycles/);
    const source = host.page.locator(".price-row .source").first();
    assert.equal(await source.evaluate((element) => getComputedStyle(element).whiteSpace), "normal");
    for (let i = 0; i < 10; i++) await host.page.keyboard.press("ArrowRight");
    await until(async () => (await overhead()) !== before);
    assert.notEqual(await slider.getAttribute("aria-valuetext"), said);
    await until(() => {
      const said = host.said.findLast((message) => message.type === "perspective");
      if (said?.type !== "perspective") return false;
      const { primitives = {}, cyclesPerInstruction = {} } = said.perspective.prices;
      return Object.keys(primitives).length + Object.keys(cyclesPerInstruction).length === 1;
    });
    // The page has put the prices on its counts by itself, and comes to what the session does.
    await until(async () => {
      const said = host.said.findLast((message) => message.type === "perspective");
      assert.ok(said?.type === "perspective");
      const { totals } = await host.session.client.ask("report", { run: run.run, perspective: said.perspective });
      return (await overhead()) === percent((100 * totals.overheadCycles) / totals.programCycles);
    });
    assert.equal(reports(), reportsBefore);
    await host.page.getByText("Reset", { exact: true }).click();
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

  test("a price of a figure opens in what-if, in sight, with its source, and with the keyboard on it", async () => {
    await host.page.locator("vscode-panel-tab").nth(0).click();
    const row = host.page.locator(".tab-view .rows .row").first();
    await row.click();
    const events = host.page.locator("table.events tbody");
    await events.first().waitFor();
    // The last one is too cheap to be among those that what-if offers by itself.
    const event = events.last();
    const source = await event.locator("td.source").textContent();
    await event.locator("button.link").click();
    const asked = host.page.locator(".price-row.asked");
    await asked.waitFor();
    await until(() => asked.locator("input[type=range]").evaluate((slider) => slider === document.activeElement));
    const text = (await asked.textContent()) ?? "";
    assert.ok(text.includes(source ?? "?") || /instruction/.test(text), `${text} has not ${source}`);
    assert.ok(await asked.locator(".source").isVisible());
    const box = await asked.boundingBox();
    assert.ok(box !== null && box.y >= 0 && box.y + box.height <= 1200);
    await host.page.keyboard.press("Escape");
  });

  test("the figures at the top show what they are made of", async () => {
    await host.page.getByTitle("What it is made of, by layer").click();
    await host.page.getByText("Hypervisor").first().waitFor();
    const total = host.page.locator(".total");
    await total.click();
    await host.page.locator(".total-details table.events").waitFor();
    await total.click();
  });

  test("a row that is closed before its events come stays closed", async () => {
    await host.page.locator("vscode-panel-tab").nth(0).click();
    const rows = host.page.locator(".tab-view .rows .row[aria-expanded=false]");
    await rows.last().waitFor();
    const details = rows.last().locator("xpath=..").locator(".details");
    host.talk.length = 0;
    await rows.last().evaluate((row) => {
      (row as HTMLElement).click();
      (row as HTMLElement).click();
    });
    await until(() => host.talk.includes("answer events"));
    await host.page.waitForTimeout(200);
    assert.equal(await details.locator("table").count(), 0);
    await host.page.keyboard.press("Escape");
  });

  test("Escape closes a list, and leaves the selection", async () => {
    await host.page.locator(".timeline-frame").focus();
    await host.page.keyboard.press("PageDown");
    await host.page.locator(".chip").waitFor();
    await host.page.locator('vscode-dropdown[aria-label="Colour by"]').click();
    await host.page.keyboard.press("Escape");
    await host.page.waitForTimeout(100);
    assert.equal(await host.page.locator(".chip").count(), 1);
    await host.page.keyboard.press("Escape");
    await host.page.getByText("Whole run.").waitFor();
  });

  test("two runs stand side by side, from totals to lines", async () => {
    const other = await host.session.client.ask("run", { workingDirectory: ROOT, paths: ["src/sdk/samples/kv.ts"] });
    const look = {
      machine: { ...(await perspective()).machine, technique: "mprotect" as const },
      prices: { profile: "era" },
    };
    await host.page.locator("vscode-panel-tab").nth(3).click();
    const table = host.page.locator("table.differences");
    await table.waitFor();
    const choice = host.page.locator('section[aria-label="Two runs"] vscode-option');
    assert.match((await choice.last().textContent()) ?? "", /^kv\.ts · \d+:\d\d/);
    const groups = await table.locator("tbody > tr:first-child > th").allTextContents();
    assert.deepEqual(groups, ["Totals", "Layers", "Primitives", "Regions", "Lines"]);
    for (const [column, id] of [
      [2, run.run],
      [3, other.run],
    ]) {
      const { totals } = await host.session.client.ask("report", { run: id, perspective: look });
      const shown = await table.locator(`tbody:nth-of-type(1) td:nth-child(${column})`).allTextContents();
      assert.equal(shown[3], totals.dirtyPages.toLocaleString("en-US"));
      assert.equal(shown[4], totals.traps.toLocaleString("en-US"));
    }
    assert.ok((await table.getByRole("button", { name: /^kv\.ts:/ }).count()) > 0);
    await host.session.client.ask("close", { run: other.run });
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

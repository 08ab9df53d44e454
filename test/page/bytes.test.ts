import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { RunSummary } from "../../src/session/figures.ts";
import { type PageHost, startPage } from "./page-host.ts";
import { until } from "./until.ts";

const SIZE = 64 << 20;
/** Places that the second checkpoint finds changed; the last two are one change. */
const CHANGED = [5, 40_000_000, SIZE - 30, SIZE - 20];
const BASE = 65536;
const store = (place: number, value: number) => `(i32.store8 (i32.const ${BASE + place}) (i32.const ${value}))`;
const PROGRAM = `(module
  (import "veloc" "init_single" (func $init (param i32 i32) (result i32)))
  (import "veloc" "mem_protect" (func $protect (param i32 i32 i32 i32) (result i32)))
  (import "veloc" "checkpoint" (func $checkpoint (param i32 i32) (result i32)))
  (memory (export "memory") ${1 + SIZE / 65536})
  (data (i32.const 8) "large\\00")
  (func (export "main") (result i32)
    (drop (call $init (i32.const 0) (i32.const 0)))
    (drop (call $protect (i32.const 7) (i32.const ${BASE}) (i32.const ${SIZE}) (i32.const 1)))
    ${store(5, 0x41)}
    (drop (call $checkpoint (i32.const 8) (i32.const 1)))
    ${CHANGED.map((place) => store(place, 0x5a)).join("\n    ")}
    (drop (call $checkpoint (i32.const 8) (i32.const 2)))
    (i32.const 0)))`;

describe("the page of bytes, of a region of 64 MB", { timeout: 180_000 }, () => {
  let host: PageHost;
  let run: RunSummary;
  const scratch = mkdtempSync(join(tmpdir(), "checkpoint-lens-bytes-"));
  before(async () => {
    host = await startPage(900, 700, "dark", "bytes");
    writeFileSync(join(scratch, "large.wat"), PROGRAM);
    run = await host.session.client.ask("run", { workingDirectory: scratch, paths: ["large.wat"] });
    assert.equal(run.images.length, 2, JSON.stringify(run.ending));
    await show(1);
  });
  after(async () => {
    await host?.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  const show = (image: number, offset = 0) =>
    host.tell({ type: "bytes", run, place: { image, region: { id: 7, group: "" }, offset }, asked: true });
  const cursor = () => host.page.locator(".hex-byte.cursor");
  const at = async (offset: number) => {
    const text = `0x${offset.toString(16).padStart(7, "0")}`;
    await until(async () => (await host.page.locator(".hex-inspector code").first().textContent()) === text);
  };

  test("begins at the first change, and says what the byte was", async () => {
    await at(5);
    await until(async () => (await cursor().textContent()) === "5a");
    const items = await host.page.locator(".hex-inspector .legend-item").allTextContents();
    assert.ok(items.includes("Was41"), items.join("|"));
    await until(async () =>
      /^67,108,864 bytes · 4 differ/.test((await host.page.locator(".hint").textContent()) ?? ""),
    );
  });

  test("keys go from change to change, over the whole region and back", async () => {
    const grid = host.page.locator(".hex-grid");
    await grid.focus();
    for (const offset of [40_000_000, SIZE - 30]) {
      await host.page.keyboard.press("n");
      await at(offset);
      await until(async () => (await cursor().textContent()) === "5a");
      assert.match((await cursor().getAttribute("aria-label")) ?? "", /5a, was 00$/);
      assert.equal(await grid.getAttribute("aria-activedescendant"), await cursor().getAttribute("id"));
    }
    await host.page.keyboard.press("n");
    await host.page.getByText("no change after this place").waitFor();
    await host.page.keyboard.press("p");
    await at(40_000_000);
    await host.page.keyboard.press("Control+Home");
    await at(0);
    await host.page.keyboard.press("Control+End");
    await at(SIZE - 1);
    assert.equal(
      await host.page.locator(".hex-row:not([hidden])").last().getAttribute("aria-rowindex"),
      String(SIZE / 16),
    );
  });

  test("goes to an offset, and leads to its page in the map", async () => {
    await host.page.keyboard.press("g");
    await host.page.keyboard.type("0x2000");
    await host.page.keyboard.press("Enter");
    await at(0x2000);
    await host.page.keyboard.press("ArrowDown");
    await at(0x2010);
    await host.page.locator(".hex-inspector .link").click();
    const page = Math.floor((run.regions[0].address + 0x2010) / 4096);
    await until(() => host.said.some((message) => message.type === "showPage" && message.page === page));
  });

  test("the ruler marks every change, and scrolls to where it is pressed", async () => {
    const marked = await host.page.locator(".change-ruler canvas").evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const context = canvas.getContext("2d");
      const column = context?.getImageData(6, 0, 1, canvas.height).data ?? [];
      const rows: number[] = [];
      for (let y = 0; y < canvas.height; y++)
        if (column[4 * y] > 200 && column[4 * y + 2] < 150) rows.push(y / canvas.height);
      return rows;
    });
    for (const offset of CHANGED.slice(1))
      assert.ok(
        marked.some((part) => Math.abs(part - offset / SIZE) < 0.01),
        `no mark at ${offset / SIZE}`,
      );
    const ruler = host.page.locator(".change-ruler");
    const box = await ruler.boundingBox();
    assert.ok(box !== null);
    await ruler.click({ position: { x: 7, y: box.height / 2 } });
    // It scrolls in the next frame.
    await until(async () => {
      const row = Number(await host.page.locator(".hex-row").first().getAttribute("aria-rowindex"));
      return Math.abs(row / (SIZE / 16) - 0.5) < 0.02;
    });
  });

  test("the first checkpoint of a region is all new, and the editor is told of what is shown", async () => {
    await show(0, 64);
    await host.page.getByText("the first checkpoint of this region: all is new").waitFor();
    await at(64);
    await until(async () => (await cursor().getAttribute("class"))?.includes("changed") ?? false);
    const said = host.said.findLast((message) => message.type === "bytesShown");
    assert.ok(said?.type === "bytesShown" && said.place.image === 0);
  });

  test("another run of the program is shown where the page was, and elsewhere where somebody asks for it", async () => {
    await show(1, 40_000_000);
    await at(40_000_000);
    await host.page.locator(".hex-grid").focus();
    await host.page.keyboard.press("ArrowDown");
    await at(40_000_016);
    const first = () => host.page.locator(".hex-row").first().getAttribute("aria-rowindex");
    const top = await first();
    const again = await host.session.client.ask("run", { workingDirectory: scratch, paths: ["large.wat"] });
    assert.notEqual(again.run, run.run);
    const tell = (offset: number, asked: boolean) =>
      host.tell({ type: "bytes", run: again, place: { image: 1, region: { id: 7, group: "" }, offset }, asked });
    await host.tell({ type: "empty", reason: "", offersSample: false });
    await tell(40_000_000, false);
    await at(40_000_016);
    assert.equal(await first(), top);
    await tell(40_000_000, true);
    await at(40_000_000);
  });
});

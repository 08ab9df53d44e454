import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PICTURES, type PictureFormat, type PictureName } from "../../src/panel/messages/messages.ts";
import type { Perspective, RunSummary } from "../../src/session/figures.ts";
import { type PageHost, startPage } from "./page-host.ts";
import { THEMES } from "./themes.ts";
import { until } from "./until.ts";

describe("views of the panel as pictures", { timeout: 180_000 }, () => {
  let host: PageHost;
  let run: RunSummary;
  let count = 0;
  before(async () => {
    host = await startPage(1000, 900, "light");
    run = await host.run(["src/sdk/samples/kv.ts"], ["4096"]);
    await host.page.getByText("Cheapest here").waitFor();
    await host.page.locator(".row-name").first().waitFor();
    await host.page.getByText("comparing", { exact: true }).waitFor({ state: "detached" });
  });
  after(() => host?.stop());

  async function draw(view: PictureName, format: PictureFormat): Promise<Uint8Array> {
    const id = ++count;
    await host.tell({ type: "draw", id, view, format });
    const answer = () => host.said.find((message) => message.type === "drawn" && message.id === id);
    await until(() => answer() !== undefined);
    const said = answer();
    assert.ok(said?.type === "drawn" && typeof said.result !== "string", JSON.stringify(said));
    return said.result;
  }

  test("each is a PNG on the theme's background, with something in it", async () => {
    for (const view of PICTURES) {
      const png = await draw(view, "png");
      const seen = await host.page.evaluate(async (base64) => {
        const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
        const canvas = new OffscreenCanvas(image.width, image.height);
        const context = canvas.getContext("2d");
        context?.drawImage(image, 0, 0);
        const pixels = new Uint32Array(context?.getImageData(0, 0, image.width, image.height).data.buffer ?? []);
        return { corner: pixels[0], colors: new Set(pixels).size, width: image.width, height: image.height };
      }, Buffer.from(png).toString("base64"));
      assert.equal(seen.corner, 0xffffffff, view);
      assert.ok(seen.colors > 20 && seen.width > 600 && seen.height > 200, `${view}: ${JSON.stringify(seen)}`);
    }
  });

  test("each is an SVG of the same size, which says what it is of", async () => {
    for (const view of PICTURES) {
      const png = await draw(view, "png");
      const text = new TextDecoder().decode(await draw(view, "svg"));
      const parsed = await host.page.evaluate((source) => {
        const { documentElement: root } = new DOMParser().parseFromString(source, "image/svg+xml");
        const texts = Array.from(root.querySelectorAll("text"), (one) => one.textContent ?? "");
        const background = root.querySelector("rect")?.getAttribute("fill");
        return { name: root.nodeName, width: Number(root.getAttribute("width")), texts, background };
      }, text);
      assert.equal(parsed.name, "svg", view);
      assert.equal(parsed.background, THEMES.light.variables["editor-background"]);
      // The PNG has two pixels for each.
      assert.equal(2 * parsed.width, new DataView(png.buffer, png.byteOffset).getUint32(16), view);
      const caption = parsed.texts.join(" ");
      for (const part of ["kv.ts 4096", "hv-protect on xen-pv", "prices era", "whole run"])
        assert.ok(caption.includes(part), `${view}: no "${part}" in ${caption}`);
    }
  });

  test("the breakdown asks nothing behind another tab, and is drawn and opened with the figures of now", async () => {
    const tab = (name: string) => host.page.getByRole("tab", { name }).click();
    const total = (cycles: number) => ({
      machine: run.machine,
      prices: { profile: "era", primitives: { "user.memcpy.byte": { cycles } } },
    });
    const text = async () => new TextDecoder().decode(await draw("breakdown", "svg"));
    await host.show(run, total(10));
    const before = await text();
    await tab("What if");
    host.talk.length = 0;
    await host.show(run, total(1000));
    await until(() => host.talk.includes("answer timeline"));
    assert.ok(!host.talk.includes("ask breakdown"), host.talk.join(", "));
    const drawn = await text();
    assert.notEqual(drawn.match(/Cost by[^<]*/)?.[0], before.match(/Cost by[^<]*/)?.[0]);
    await host.show(run, { machine: run.machine, prices: { profile: "era" } });
    host.talk.length = 0;
    await tab("Cost breakdown");
    await until(() => host.talk.includes("answer breakdown"));
    assert.equal((await text()).includes("Cost by"), true);
  });

  test("its caption counts devices, prices and options that are supposed", async () => {
    const captionAt = async (perspective: Perspective) => {
      await host.show(run, perspective);
      const text = new TextDecoder().decode(await draw("map", "svg"));
      return text.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");
    };
    const prices = { profile: "era", primitives: { "xen.hypercall": { cycles: 9 } } };
    const machine = { ...run.machine, target: "disk" } as const;
    const supposed = { machine, prices: { ...prices, devices: { diskFlushSeconds: 0.01 } } };
    assert.match(await captionAt(supposed), /to disk · 1 option differs · prices era, 2 of them changed/);
    assert.match(await captionAt({ machine: run.machine, prices: { profile: "era" } }), /to memory · prices era /);
  });

  test("what is asked for before its figures are there is drawn when they have come", async () => {
    await host.tell({ type: "empty", reason: "", offersSample: false });
    await host.show(run);
    for (const view of PICTURES) assert.match(new TextDecoder().decode(await draw(view, "svg")), /kv\.ts 4096/, view);
  });

  test("an SVG of techniques holds each with its cost", async () => {
    const cells = await host.session.client.ask("compare", {
      run: run.run,
      machine: run.machine,
      prices: { profile: "era" },
    });
    await host.page.getByText("comparing", { exact: true }).waitFor({ state: "detached" });
    const text = new TextDecoder().decode(await draw("compare", "svg"));
    for (const cell of cells)
      assert.equal(
        text.includes(`>${cell.technique}</text>`),
        cells.some((one) => one.available && one.technique === cell.technique),
      );
  });

  test("a button of each view asks the editor for a place to save it", async () => {
    await host.page.getByText("Export…").first().click();
    await until(() => host.said.some((message) => message.type === "exportView" && message.view === "timeline"));
  });
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { compileKernels } from "./compile-kernels.ts";
import { describeVariant, memoryOf, plain, run, variants } from "./harness.ts";

const kernels: Map<string, Uint8Array> = await compileKernels();
const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

for (const [name, wasm] of kernels) {
  test(`${name}: instrumented equals plain, and every mode tells the same`, () => {
    const reference = plain(wasm);
    reference.setup();
    const first = reference.kernel();
    const before = memoryOf(reference).slice();
    const second = reference.kernel();
    const after = memoryOf(reference).slice();
    const cycleCounts = new Set<number>();
    const trapStreams = new Map<string, string>();
    const recorded = new Set<string>();
    for (const options of variants) {
      const what = describeVariant(options);
      const { exports, mmu, traps, module } = run(wasm, options);
      exports.setup();
      assert.equal(exports.kernel(), first, `${what}: first result`);
      const pageCount = mmu.pageCount;
      mmu.clearEpoch();
      mmu.protect(0, pageCount, 1);
      traps.length = 0;
      const blocksBefore = mmu.blockCounts.slice();
      assert.equal(exports.kernel(), second, `${what}: second result`);
      assert.equal(hash(mmu.memory), hash(after), `${what}: memory`);
      cycleCounts.add(mmu.cycles());

      const dirty = new Set(traps.map(({ page }) => page));
      assert.equal(dirty.size, traps.length, `${what}: one trap for each page`);
      for (let page = 0; page < pageCount; page++) {
        const changed = !Buffer.from(before.buffer, page * 4096, 4096).equals(
          Buffer.from(after.buffer, page * 4096, 4096),
        );
        if (changed) assert.ok(dirty.has(page), `${what}: page ${page} changed without a trap`);
      }
      const order = traps.map(({ page, address, site }) => `${page}:${address}:${module.sites[site].offset}`).join(" ");
      trapStreams.set(`${options.mode} ${options.coalesce ?? true}`, order);
      if (options.mode !== "record") continue;

      let stored = 0;
      for (let page = 0; page < pageCount; page++) {
        stored += mmu.pageCounts[page];
        assert.equal(mmu.pageCounts[page] > 0, dirty.has(page), `${what}: count of page ${page}`);
        const mask = mmu.dirtyMask(page);
        assert.equal(mask > 0n, dirty.has(page), `${what}: mask of page ${page}`);
        for (let line = 0; line < 64; line++) {
          if ((mask >> BigInt(line)) & 1n) continue;
          const at = page * 4096 + line * 64;
          assert.ok(
            Buffer.from(before.buffer, at, 64).equals(Buffer.from(after.buffer, at, 64)),
            `${what}: line ${line} of page ${page} changed unmarked`,
          );
        }
      }
      const blocks = module.blocks.map((block, i) => (mmu.blockCounts[i] - blocksBefore[i]) * block.siteCount);
      const bulk = module.sites.some(({ kind }) => kind !== "store");
      // A store that straddles two pages counts for both: only the kernel that builds strings has such stores.
      const byBlock = blocks.reduce((x, y) => x + y, 0);
      if (name === "string-building")
        assert.ok(stored >= byBlock && stored < byBlock * 1.01, `${what}: ${stored} stores`);
      else if (!bulk) assert.equal(byBlock, stored, `${what}: stores by block and by page`);
      const masks = Array.from({ length: pageCount }, (_, page) => mmu.dirtyMask(page).toString(16)).join();
      recorded.add(`${mmu.pageCounts.subarray(0, pageCount).join()} ${masks}`);
      if (options.countedBlocks === "all") {
        const cycles = module.blocks.reduce((sum, block, i) => sum + block.cycles * mmu.blockCounts[i], 0);
        if (!bulk) assert.equal(cycles, mmu.cycles(), `${what}: cycles by block`);
      }
    }
    assert.equal(cycleCounts.size, 1, `cycles differ: ${[...cycleCounts]}`);
    assert.equal(recorded.size, 1, "recordings differ");
    assert.equal(trapStreams.get("check true"), trapStreams.get("record true"), "check and record trap alike");
    assert.equal(
      trapStreams.get("check false"),
      trapStreams.get("exact true"),
      "each store: check and exact trap alike",
    );
  });
}

test("pages that no trap told of are unchanged at every epoch", () => {
  for (const [name, wasm] of kernels) {
    for (const options of variants) {
      const running = run(wasm, options);
      const { exports, mmu, traps } = running;
      exports.setup();
      let shadow = mmu.memory.slice();
      let epochs = 0;
      mmu.clearEpoch();
      mmu.protect(0, mmu.pageCount, 1);
      traps.length = 0;
      running.onTick = () => {
        const dirty = new Set(traps.map(({ page }) => page));
        for (let page = 0; page < mmu.pageCount; page++) {
          if (dirty.has(page)) continue;
          const now = Buffer.from(mmu.memory.buffer, mmu.memory.byteOffset + page * 4096, 4096);
          assert.ok(
            now.equals(shadow.subarray(page * 4096, page * 4096 + 4096)),
            `${name} ${options.mode}: page ${page}`,
          );
        }
        if (options.mode === "record") {
          for (let page = 0; page < mmu.pageCount; page++)
            assert.equal(
              mmu.pageCounts[page] > 0,
              dirty.has(page),
              `${name}: count of page ${page} in epoch ${epochs}`,
            );
          mmu.clearEpoch();
        }
        traps.length = 0;
        if (epochs++ > 12) return;
        shadow = mmu.memory.slice();
        mmu.protect(0, mmu.pageCount, 1);
        mmu.setDeadline(mmu.cycles() + 100_003);
      };
      mmu.setDeadline(mmu.cycles() + 100_003);
      exports.kernel();
      assert.ok(epochs > 3, `${name}: ${epochs} epochs`);
    }
  }
});

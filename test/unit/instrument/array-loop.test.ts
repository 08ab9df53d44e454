import assert from "node:assert/strict";
import { test } from "node:test";
import { assemble, describeVariant, run, variants } from "./harness.ts";

const strides = [1, 4, 8, 16, 63, 64, 65, 100, 4088, 4096, 9000, 0, -1, -8, -64, -72, -4096];
const stores = [
  { op: "i32.store8", size: 1, value: "(i32.const 1)" },
  { op: "i32.store", size: 4, value: "(i32.const 2)" },
  { op: "i64.store", size: 8, value: "(i64.const 3)" },
  { op: "v128.store", size: 16, value: "(v128.const i64x2 4 5)" },
] as const;

/** (start, iterations): one store in each iteration. */
const wasm = assemble(`(module (memory 8)
  ${strides
    .flatMap((stride) =>
      stores.map(
        ({ op, value }) => `(func (export "${op} ${stride}") (param i32 i32)
    (loop (${op} (local.get 0) ${value}) (local.set 0 (i32.add (local.get 0) (i32.const ${stride})))
      (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))))`,
      ),
    )
    .join("\n")})`);

test("loops over arrays: traps, counts and lines of every stride around the ends of pages", () => {
  for (const options of variants) {
    const { exports, mmu, traps } = run(wasm, options);
    for (const stride of strides) {
      for (const { op, size } of stores) {
        for (const start of [3 * 65536, 3 * 65536 - 8, 3 * 65536 - 60, 3 * 65536 + 4093]) {
          for (const iterations of [1, 2, 7, Math.abs(stride) > 100 ? 12 : 700]) {
            const what = `${describeVariant(options)}: ${op}, stride ${stride}, ${iterations} from ${start}`;
            const counts = new Map<number, number>();
            const lines = new Set<number>();
            const order: number[] = [];
            for (let i = 0; i < iterations; i++) {
              const first = start + i * stride;
              const last = first + size - 1;
              for (const page of new Set([first >>> 12, last >>> 12])) {
                if (!counts.has(page) || options.mode === "exact") order.push(page);
                counts.set(page, (counts.get(page) ?? 0) + 1);
              }
              lines.add(first >>> 6).add(last >>> 6);
            }
            mmu.clearEpoch();
            mmu.protect(0, mmu.pageCount, 1);
            traps.length = 0;
            exports[`${op} ${stride}`](start, iterations);
            const told = traps.map(({ page }) => page);
            if (options.mode === "exact") assert.deepEqual(new Set(told), new Set(order), what);
            else assert.deepEqual(told, order, what);
            if (options.mode !== "record") continue;
            for (let page = 0; page < mmu.pageCount; page++) {
              assert.equal(mmu.pageCounts[page], counts.get(page) ?? 0, `${what}: count of page ${page}`);
              if (mmu.pageCounts[page] === 0) assert.equal(mmu.dirtyMask(page), 0n, `${what}: mask of page ${page}`);
            }
            for (const page of counts.keys()) {
              let mask = 0n;
              for (let line = 0; line < 64; line++) if (lines.has(page * 64 + line)) mask |= 1n << BigInt(line);
              assert.equal(mmu.dirtyMask(page), mask, `${what}: mask of page ${page}`);
            }
          }
        }
      }
    }
  }
});

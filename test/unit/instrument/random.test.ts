import assert from "node:assert/strict";
import { test } from "node:test";
import type { InstrumentOptions } from "../../../src/program/instrument/types.ts";
import { assemble, describeVariant, memoryOf, outcome, plain, type Running, run, variants } from "./harness.ts";
import { randomModule } from "./random-module.ts";

const firstSeed = Number(process.env.SEED ?? 1);
const seedCount = Number(process.env.SEEDS ?? 60);

/** What the stores of one stretch between two looks of the host did, told from a trace of each single store. */
interface Stretch {
  readonly counts: Map<number, number>;
  readonly lines: Set<number>;
}

const emptyStretch = (): Stretch => ({ counts: new Map(), lines: new Set() });

interface Observed {
  readonly result: string;
  readonly crashed: boolean;
  readonly memory: Uint8Array;
  readonly cycles: number;
  /** Cycles at each call of `look`. */
  readonly looks: readonly number[];
  /** By page, what was counted and marked at each look and at the end; from the trace or from the tables. */
  readonly epochs: readonly string[];
  readonly trapPages: readonly string[];
  readonly bytes: Uint8Array;
}

function describe(counts: Map<number, number>, lines: ReadonlySet<number>): string {
  const pages = [...counts].filter(([, count]) => count > 0).sort(([x], [y]) => x - y);
  return `${pages.map(([page, count]) => `${page}:${count}`).join()} lines ${[...lines].sort((x, y) => x - y).join()}`;
}

/** @param rearm whether `look` protects all pages again */
function observe(wasm: Uint8Array, options: InstrumentOptions, rearm: boolean, tickEvery: number): Observed {
  const looks: number[] = [];
  const epochs: string[] = [];
  const trapPages: string[] = [];
  let stretch = emptyStretch();
  let trapsSeen = 0;
  const finishEpoch = () => {
    const { mmu, traps, module } = running;
    if (options.mode === "exact") {
      for (const { page, address, size, site } of traps.slice(trapsSeen)) {
        stretch.counts.set(page, (stretch.counts.get(page) ?? 0) + 1);
        const whole = site >= 0 && module.sites[site].kind === "store";
        const start = whole ? Math.max(address, page * 4096) : address;
        const end = whole ? Math.min(address + size, (page + 1) * 4096) : address + size;
        for (let line = start >>> 6; line <= (end - 1) >>> 6; line++) stretch.lines.add(line);
      }
      trapsSeen = traps.length;
      epochs.push(describe(stretch.counts, stretch.lines));
      stretch = emptyStretch();
    } else if (options.mode === "record") {
      const counts = new Map<number, number>();
      const lines = new Set<number>();
      for (let page = 0; page < mmu.pageCount; page++) {
        counts.set(page, mmu.pageCounts[page]);
        const mask = mmu.dirtyMask(page);
        for (let line = 0; line < 64; line++) if ((mask >> BigInt(line)) & 1n) lines.add(page * 64 + line);
      }
      epochs.push(describe(counts, lines));
      mmu.clearEpoch();
    }
    if (options.mode !== "exact") {
      trapPages.push(
        traps
          .slice(trapsSeen)
          .map(({ page, address, size, site }) => `${page}/${address}/${size}/${site}`)
          .join(" "),
      );
      trapsSeen = traps.length;
    }
  };
  const env = {
    look(value: number) {
      looks.push(running.mmu.cycles());
      finishEpoch();
      if (rearm) running.mmu.protect(0, running.mmu.pageCount, 1);
      return (value * 31) | 0;
    },
    write(address: number, size: number) {
      running.mmu.hostWrite(address, size);
      running.mmu.memory.fill(size & 255, address, address + size);
    },
    read() {},
  };
  const running: Running = run(wasm, options, { env });
  running.opens = options.mode !== "exact";
  // Ticks at the same cycles in every mode.
  running.onTick = () => {
    env.look(0);
    if (looks.length < 300) running.mmu.setDeadline(running.mmu.cycles() + tickEvery);
  };
  running.mmu.setDeadline(running.mmu.cycles() + tickEvery);
  running.traps.length = 0;
  running.mmu.clearEpoch();
  running.mmu.protect(0, running.mmu.pageCount, 1);
  if (options.mode === "exact") running.mmu.protection.fill(1);
  const result = outcome(() => running.exports.main(12345));
  const crashed = result.startsWith("trap");
  if (!crashed) finishEpoch();
  return {
    result,
    crashed,
    memory: running.mmu.memory.slice(),
    cycles: running.mmu.cycles(),
    looks,
    epochs,
    trapPages,
    bytes: running.module.bytes,
  };
}

function observePlain(wasm: Uint8Array): { result: string; memory: Uint8Array } {
  const env = {
    look: (value: number) => (value * 31) | 0,
    write(address: number, size: number) {
      const memory = memoryOf(exports);
      if (address + size > memory.length)
        throw new RangeError(`write of ${size} bytes at ${address} is outside of the ${memory.length} bytes of memory`);
      memory.fill(size & 255, address, address + size);
    },
    read() {},
  };
  const exports = plain(wasm, { env });
  const result = outcome(() => exports.main(12345));
  return { result, memory: memoryOf(exports).slice() };
}

test(`random modules from seed ${firstSeed} on: every mode does what plain does and records what each store did`, () => {
  let finished = 0;
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
    try {
      const wat = randomModule(seed);
      const wasm = assemble(wat);
      const tickEvery = [37, 1000, 20_000][seed % 3];
      const reference = observePlain(wasm);
      const oracle = observe(wasm, { mode: "exact", maxMemoryPages: 256 }, false, tickEvery);
      if (!oracle.crashed) finished++;
      for (const options of variants) {
        const what = describeVariant(options);
        for (const rearm of options.mode === "exact" ? [false] : [false, true]) {
          const seen = observe(wasm, options, rearm, tickEvery);
          assert.equal(seen.result, reference.result, `${what}: result`);
          assert.ok(Buffer.from(seen.memory).equals(reference.memory), `${what}: memory`);
          assert.deepEqual(seen.looks, oracle.looks, `${what}: cycles in imported calls`);
          if (!oracle.crashed) assert.equal(seen.cycles, oracle.cycles, `${what}: cycles`);
          if (options.mode === "check") continue;
          assert.deepEqual(seen.epochs, oracle.epochs, `${what}: recording`);
        }
      }
      // Coalesced or not, the same pages trap in each stretch; check and record trap at the very same stores.
      const [check, each, record, recordEach] = variants
        .slice(0, 4)
        .map((options) => observe(wasm, options, true, tickEvery));
      assert.deepEqual(check.trapPages, record.trapPages, "traps of check and record");
      assert.deepEqual(each.trapPages, recordEach.trapPages, "traps of check and record, each store");
      if (oracle.crashed) continue;
      const pages = (list: string) => [...new Set(list.split(" ").map((trap) => trap.split("/")[0]))].sort().join();
      assert.deepEqual(check.trapPages.map(pages), each.trapPages.map(pages), "pages that trap");
    } catch (error) {
      if (error instanceof Error) error.message = `seed ${seed} (SEED=${seed} SEEDS=1 repeats it): ${error.message}`;
      throw error;
    }
  }
  assert.ok(finished > seedCount / 4, `only ${finished} of ${seedCount} modules ran to their end`);
});

// The worked example of a new technique is code that runs: taken from its page, it finds what was written, and its images are
// those of every other technique.
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { CheckpointEngine } from "../../../src/checkpoint/engine.ts";
import type { Region } from "../../../src/checkpoint/regions.ts";
import { DEFAULT_OPTIONS, type TechniqueDefinition } from "../../../src/checkpoint/technique.ts";
import { TECHNIQUES, type TechniqueId } from "../../../src/checkpoint/techniques.ts";
import { createGuest } from "../../../src/linux/guest.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { P, PRIMITIVE_COUNT } from "../../../src/machine/primitives.ts";
import { coveringWays } from "../acceptance/guest-ways.ts";
import { assertStatesExact } from "../acceptance/state-exactness.ts";

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), "../../../src/checkpoint/techniques");

/** Random programs that it goes through; the ways in which it can be had take turns. */
const SEEDS = 6;
const firstSeed = Number(process.env.SEED ?? 1);

const example = await exampleOfThePage();
// What the page's line does.
(TECHNIQUES as (typeof example)[]).push(example);

async function exampleOfThePage(): Promise<TechniqueDefinition<TechniqueId>> {
  const code = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(FOLDER, "README.md"), "utf8"))?.[1];
  assert.ok(code !== undefined, "the page shows the file");
  const file = join(FOLDER, `.example-${process.pid}.ts`);
  try {
    writeFileSync(file, code);
    return ((await import(pathToFileURL(file).href)) as { readonly regionProtect: TechniqueDefinition<TechniqueId> })
      .regionProtect;
  } finally {
    rmSync(file, { force: true });
  }
}

/** The example on a guest of its own, whose pages are all there. */
function startGuest() {
  const ledger = new Ledger(PRIMITIVE_COUNT);
  const { process: guest, kernel } = createGuest({ environment: "native", kernel: "6.1" }, ledger);
  const base = guest.mmap(64, "rw");
  for (let page = 0; page < 64; page++) guest.store(base + page);
  const { states } = kernel.table;
  const machine = { process: guest, xen: undefined, ledger, states, options: DEFAULT_OPTIONS };
  const engine = new CheckpointEngine(example, machine, base);
  return {
    store(...pages: readonly number[]) {
      for (const page of pages) guest.store(base + page);
    },
    protect: (first: number) =>
      engine.protect({ id: first, group: "", address: first * 4096, bytes: 16 * 4096, label: "" }, 0),
    /** @returns how many pages it saved of each region */
    save(...regions: readonly Region[]): number[] {
      const saved = engine.save(regions, 0);
      engine.commit(0);
      return saved.map(({ pages }) => pages.length);
    },
    signals: () => ledger.totals()[P.linux_signal_deliver],
  };
}

test("the example notices a region at its first write, and then no more", () => {
  const { store, protect, save, signals } = startGuest();
  const [a, b] = [protect(0), protect(32)];
  save(a, b);
  store(33, 40, 47);
  assert.equal(signals(), 1);
  assert.deepEqual(save(a, b), [0, 16]);
  store(1, 20);
  assert.equal(signals(), 2, "a page of no region is not protected");
});

test("a checkpoint of one of two regions that touch forgets nothing of the other", () => {
  const { store, protect, save } = startGuest();
  const [a, b] = [protect(0), protect(16)];
  save(a, b);
  store(3, 20);
  assert.deepEqual(save(a), [16]);
  assert.deepEqual(save(a, b), [0, 16]);
});

test("the example's images and ledgers are exact with every option that it can be had with", () => {
  const ways = coveringWays([example]);
  assert.ok(ways.every(({ technique }) => technique === example.id));
  for (let i = 0; i < SEEDS; i++) {
    assertStatesExact(
      firstSeed + i,
      ways.filter((_, way) => way % SEEDS === i),
    );
  }
});

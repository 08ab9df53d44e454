// The worked example of a new technique is code that runs: taken from its page, it finds what was written.
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { CheckpointEngine } from "../../../src/checkpoint/engine.ts";
import { DEFAULT_OPTIONS, type TechniqueDefinition } from "../../../src/checkpoint/technique.ts";
import { createGuest } from "../../../src/linux/guest.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { P, PRIMITIVE_COUNT } from "../../../src/machine/primitives.ts";

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), "../../../src/checkpoint/techniques");

async function exampleOfThePage(): Promise<TechniqueDefinition> {
  const code = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(FOLDER, "README.md"), "utf8"))?.[1];
  assert.ok(code !== undefined, "the page shows the file");
  const file = join(FOLDER, `.example-${process.pid}.ts`);
  try {
    writeFileSync(file, code);
    return ((await import(pathToFileURL(file).href)) as { readonly regionProtect: TechniqueDefinition }).regionProtect;
  } finally {
    rmSync(file, { force: true });
  }
}

test("the example notices a region at its first write, and then no more", async () => {
  const ledger = new Ledger(PRIMITIVE_COUNT);
  const { process: guest, kernel } = createGuest({ environment: "native", kernel: "6.1" }, ledger);
  const base = guest.mmap(64, "rw");
  for (let page = 0; page < 64; page++) guest.store(base + page);
  const { states } = kernel.table;
  const machine = { process: guest, xen: undefined, ledger, states, options: DEFAULT_OPTIONS };
  const engine = new CheckpointEngine(await exampleOfThePage(), machine, base);
  const [a, b] = [0, 32].map((first) =>
    engine.protect({ id: first, group: "", address: first * 4096, bytes: 16 * 4096, label: "" }, 0),
  );
  engine.save([a, b], 0);
  engine.commit(0);
  const signals = () => ledger.totals()[P.linux_signal_deliver];
  for (const page of [33, 40, 47]) guest.store(base + page);
  assert.equal(signals(), 1);
  const saved = engine.save([a, b], 0);
  engine.commit(0);
  assert.deepEqual(
    saved.map(({ pages }) => pages.length),
    [0, 16],
  );
  guest.store(base + 1);
  guest.store(base + 20);
  assert.equal(signals(), 2, "a page of no region is not protected");
});

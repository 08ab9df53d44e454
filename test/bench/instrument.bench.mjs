// What instrumentation costs: each kernel plain and instrumented, interleaved in one process, as ratios to plain.
// Usage: node test/bench/instrument.bench.mjs [--rounds N] [kernel ...]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { FLAGS } from "./flags.mjs";

// Without the optimising tier from the first call on, and without branch hints, the figures say something else.
if (!process.execArgv.includes("--no-liftoff")) {
  const script = fileURLToPath(import.meta.url);
  const child = spawnSync(process.execPath, [...FLAGS, script, ...process.argv.slice(2)], { stdio: "inherit" });
  process.exit(child.status ?? 1);
}

const { compileKernels, kernelNames } = await import("../unit/instrument/compile-kernels.ts");
const { instrument } = await import("../../src/program/instrument/instrument.ts");
const { createMmu } = await import("../../src/guest/mmu.ts");

const wanted = process.argv.slice(2);
const roundsAt = wanted.indexOf("--rounds");
const rounds = roundsAt >= 0 ? Number(wanted.splice(roundsAt, 2)[1]) : 15;

const variants = {
  check: { mode: "check" },
  "check, each store": { mode: "check", coalesce: false },
  record: { mode: "record" },
  "record, all blocks": { mode: "record", countedBlocks: "all" },
  "record, each store": { mode: "record", coalesce: false },
  exact: { mode: "exact" },
};

const kernels = await compileKernels(["-O2"], wanted.length > 0 ? wanted : kernelNames());
const ratios = new Map(Object.keys(variants).map((name) => [name, []]));
const row = (cells) => console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(18) : cell.padStart(20))).join(""));
console.log(`ratio of the medians (of the minima), ${rounds} interleaved runs, Node ${process.version}`);
row(["kernel", "plain ms", ...ratios.keys()]);
for (const [name, wasm] of kernels) {
  const runs = [start(wasm), ...Object.values(variants).map((options) => startInstrumented(wasm, options))];
  const times = runs.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const results = runs.map((kernel, i) => {
      const before = performance.now();
      const result = kernel();
      times[i].push(performance.now() - before);
      return result;
    });
    if (results.some((result) => result !== results[0])) throw new Error(`${name}: results differ: ${results}`);
  }
  const [plain, ...rest] = times.map((list) => list.sort((x, y) => x - y)).map((list) => [list[rounds >> 1], list[0]]);
  const cells = rest.map(([median, minimum], i) => {
    const ratio = { median: median / plain[0], minimum: minimum / plain[1] };
    [...ratios.values()][i].push(ratio);
    return `${ratio.median.toFixed(2)} (${ratio.minimum.toFixed(2)})`;
  });
  row([name, plain[0].toFixed(2), ...cells]);
}
const mean = (list) => Math.exp(list.reduce((sum, ratio) => sum + Math.log(ratio), 0) / list.length).toFixed(2);
const means = [...ratios.values()].map(
  (list) => `${mean(list.map((one) => one.median))} (${mean(list.map((one) => one.minimum))})`,
);
row(["geometric mean", "", ...means]);
measureTraps();

function start(wasm) {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm), {});
  exports.setup();
  return () => exports.kernel() >>> 0;
}

function startInstrumented(wasm, options) {
  const module = instrument(wasm, { maxMemoryPages: 1024, ...options });
  const mmu = createMmu(module, {
    trap: (page) => {
      mmu.protection[page] = 0;
    },
    tick: () => mmu.setDeadline(mmu.cycles() + 1e7),
    grown: () => {},
  });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes), mmu.imports);
  mmu.attach(instance);
  mmu.setDeadline(1e7);
  instance.exports.setup();
  return () => instance.exports.kernel() >>> 0;
}

/** Stores to pages that stay protected, into a handler that only counts. */
function measureTraps() {
  const wasm = kernels.get("byte-copy") ?? kernels.values().next().value;
  const module = instrument(wasm, { maxMemoryPages: 1024, mode: "exact" });
  let traps = 0;
  const handlers = { trap: () => traps++, tick: () => {}, grown: () => {} };
  const mmu = createMmu(module, handlers);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes), mmu.imports);
  mmu.attach(instance);
  instance.exports.setup();
  mmu.protect(0, mmu.pageCount, 1);
  const rates = [];
  for (let round = 0; round < 5; round++) {
    traps = 0;
    const before = performance.now();
    instance.exports.kernel();
    rates.push(traps / (performance.now() - before) / 1000);
  }
  console.log(`traps into a handler that counts: ${Math.max(...rates).toFixed(1)} million per second`);
}

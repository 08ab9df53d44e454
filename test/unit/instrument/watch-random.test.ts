import assert from "node:assert/strict";
import { test } from "node:test";
import { hasMultiMemory } from "../../../src/program/instrument/layout.ts";
import type { InstrumentOptions, TablePlacement } from "../../../src/program/instrument/types.ts";
import { assemble, outcome, run } from "./harness.ts";
import { randomModule } from "./random-module.ts";
import { traceModule } from "./traced-module.ts";
import { type OnlookerOptions, randomOnlooker, runModel, runWatched } from "./watch-model.ts";

const firstSeed = Number(process.env.SEED ?? 1);
const seedCount = Number(process.env.SEEDS ?? 60);
/** Where the engine has it; what `second-memory` is like elsewhere `module.test.ts` tells. */
const placements: readonly TablePlacement[] = hasMultiMemory() ? ["same-memory", "second-memory"] : ["same-memory"];
/** The most that a random module's memory grows to. */
const MEMORY_PAGES = 5;

const ways: Readonly<Record<string, Pick<OnlookerOptions, "everything" | "changes" | "variables">>> = {
  "all bytes": { everything: true, changes: false, variables: false },
  "some bytes": { everything: false, changes: false, variables: false },
  "some bytes and variables": { everything: false, changes: false, variables: true },
  "some bytes and variables, all of which change": { everything: false, changes: true, variables: true },
};

for (const throws of [false, true]) {
  const what = throws ? "modules with exceptions" : "modules";
  test(`random ${what} from seed ${firstSeed} on: watch tells what the program itself tells`, () => {
    const told = new Map<string, number>();
    for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
      const wat = randomModule(seed, { throws, lookFrom: seed % 4 === 0 ? "env" : "veloc" });
      const wasm = assemble(wat);
      const traced = traceModule(wat, "veloc");
      for (const [name, way] of Object.entries(ways)) {
        const options = { ...way, seed, limitBytes: MEMORY_PAGES * 65536 };
        const expectedLog: string[] = [];
        const expected = runModel(traced, options.limitBytes, randomOnlooker(options, expectedLog));
        for (const line of expectedLog) {
          const [kind, subject] = line.split(" ");
          const key = subject === "local" || subject === "global" ? `${kind} ${subject}` : kind;
          told.set(key, (told.get(key) ?? 0) + 1);
        }
        for (const placement of placements) {
          const repeat = `seed ${seed} (SEED=${seed} SEEDS=1 repeats it), ${name}, ${placement}`;
          const log: string[] = [];
          const seen = runWatched(
            wasm,
            { placement, maxMemoryPages: MEMORY_PAGES, watchVariables: way.variables },
            randomOnlooker(options, log),
          );
          const differs = log.findIndex((line, i) => line !== expectedLog[i]);
          const from = Math.max(0, (differs < 0 ? Math.min(log.length, expectedLog.length) : differs) - 3);
          if (differs >= 0 || log.length !== expectedLog.length)
            assert.deepEqual(
              log.slice(from, from + 8),
              expectedLog.slice(from, from + 8),
              `${repeat}: from ${from} on`,
            );
          assert.equal(seen.result, expected.result, `${repeat}: result`);
          assert.equal(seen.globals, expected.globals, `${repeat}: globals`);
          assert.ok(Buffer.from(seen.memory).equals(expected.memory), `${repeat}: memory`);
        }
      }
    }
    if (seedCount < 20) return;
    for (const kind of ["load", "store", "get local", "set local", "get global", "set global", "frame"])
      assert.ok((told.get(kind) ?? 0) > 100, `only ${told.get(kind) ?? 0} times: ${kind}`);
  });
}

test(`random modules from seed ${firstSeed} on: cycles in watch mode are those of the other modes, at ticks as well`, () => {
  let ticks = 0;
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
    const wasm = assemble(randomModule(seed, { throws: seed % 2 === 0, lookFrom: "veloc" }));
    const tickEvery = [37, 1000, 20_000][seed % 3];
    const expected = cyclesOf(wasm, { mode: "exact", maxMemoryPages: MEMORY_PAGES }, tickEvery);
    ticks += expected.ticks;
    for (const placement of placements)
      for (const watchVariables of [false, true]) {
        const options = { mode: "watch", placement, maxMemoryPages: MEMORY_PAGES, watchVariables } as const;
        const seen = cyclesOf(wasm, options, tickEvery);
        assert.deepEqual(seen, expected, `seed ${seed} (SEED=${seed} SEEDS=1 repeats it), ${placement}`);
      }
  }
  assert.ok(ticks > seedCount, `only ${ticks} ticks`);
});

/** What a module does and how long it takes, while every byte and variable that can be watched is. */
function cyclesOf(wasm: Uint8Array, options: InstrumentOptions, tickEvery: number) {
  const at: number[] = [];
  const note = () => void at.push(running.mmu.cycles());
  const look = (value: number) => {
    note();
    if (options.mode === "watch")
      for (const frame of running.mmu.frames()) for (const local of frame.locals.keys()) frame.watchLocal(local, true);
    return (value * 31) | 0;
  };
  const env = { look, write() {}, read() {} };
  const watch = { access() {}, local() {}, global() {}, entered() {}, heap() {} };
  const running = run(wasm, options, { env, veloc: { look } }, watch);
  const { mmu } = running;
  running.onTick = () => {
    note();
    if (at.length < 300) mmu.setDeadline(mmu.cycles() + tickEvery);
  };
  if (options.mode === "watch") {
    mmu.watched.set(0, MEMORY_PAGES * 65536);
    for (const global of mmu.globals().keys()) mmu.watchGlobal(global, true);
  }
  mmu.setDeadline(mmu.cycles() + tickEvery);
  const result = outcome(() => running.exports.main(12345));
  const crashed = result.startsWith("trap");
  return { at, ticks: running.ticks, result, cycles: crashed ? 0 : mmu.cycles() };
}

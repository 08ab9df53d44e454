// Where the time of `compare` on a sample goes, in milliseconds of processor time and of the clock, each part twice in one
// process: as a fresh command line sees it, and as a session that stays alive does.
// Usage: node test/bench/compare.bench.mjs [program]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { FLAGS } from "./flags.mjs";

// As the command line runs guests.
if (!process.execArgv.includes("--no-liftoff")) {
  const script = fileURLToPath(import.meta.url);
  const child = spawnSync(process.execPath, [...FLAGS, script, ...process.argv.slice(2)], { stdio: "inherit" });
  process.exit(child.status ?? 1);
}

const { ImageStore } = await import("../../src/checkpoint/images.ts");
const { refusalOf } = await import("../../src/checkpoint/refusal.ts");
const { ENVIRONMENTS } = await import("../../src/checkpoint/technique.ts");
const { TECHNIQUES } = await import("../../src/checkpoint/techniques.ts");
const { instrument } = await import("../../src/program/instrument/instrument.ts");
const { loadProgram } = await import("../../src/program/toolchains/load-program.ts");
const { DEFAULT_MACHINE } = await import("../../src/run/machine.ts");
const { loadProfile } = await import("../../src/worker/profiles.ts");
const { replayAll } = await import("../../src/worker/replay-all.ts");
const { liveRun, priced } = await import("../../src/worker/session.ts");

const path = process.argv[2] ?? "src/sdk/samples/kv.ts";
const profile = loadProfile("era");
const machines = ENVIRONMENTS.flatMap((environment) =>
  TECHNIQUES.filter((technique) => refusalOf(technique, { ...DEFAULT_MACHINE, environment }) === undefined).map(
    ({ id }) => ({ ...DEFAULT_MACHINE, environment, technique: id }),
  ),
);
const input = {
  paths: [path],
  args: [],
  env: new Map(),
  stdin: new Uint8Array(0),
  dirs: [],
  maxMemoryMiB: 1024,
  maxCycles: Number.POSITIVE_INFINITY,
  seed: 1,
};
const plain = { ...DEFAULT_MACHINE, environment: "native", technique: "full-copy" };

async function timed(title, work) {
  const start = performance.now();
  const cpu = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(cpu);
  const [processor, clock] = [(user + system) / 1000, performance.now() - start].map((ms) => ms.toFixed(0).padStart(6));
  console.log(`  ${title.padEnd(28)} ${processor} ms ${clock} ms`);
  return result;
}

await loadProgram([path]); // afterwards the compiled program is in the cache
for (const round of ["first", "second"]) {
  console.log(`${path}, ${round} time`);
  const program = await timed("load, from the cache", () => loadProgram([path]));
  const instrumented = await timed("instrument", () =>
    instrument(program.wasm, { mode: "record", maxMemoryPages: 16384, coalesce: false }),
  );
  const { run } = await timed("run and record", () =>
    liveRun({ ...input, machine: plain, images: new ImageStore() }, { program, instrumented }),
  );
  const outcomes = await timed(`${machines.length} replays`, () => replayAll(run.recording, machines));
  await timed("price them all", () => outcomes.map((outcome) => priced(run.recording, outcome, profile)));
  await timed("price them all again", () => outcomes.map((outcome) => priced(run.recording, outcome, profile)));
}

/**
 * How fast recordings are replayed: a million dirty pages through each technique in each environment, as events per
 * second of processor time; then all of them together, as `compare` does it.
 */
import { refusalOf } from "../../src/checkpoint/refusal.ts";
import { ENVIRONMENTS } from "../../src/checkpoint/technique.ts";
import { TECHNIQUES } from "../../src/checkpoint/techniques.ts";
import { createMachine, DEFAULT_MACHINE } from "../../src/run/machine.ts";
import { outcomeOf } from "../../src/run/outcome.ts";
import { replay } from "../../src/run/replay.ts";
import { loadProfile } from "../../src/worker/profiles.ts";
import { replayAll } from "../../src/worker/replay-all.ts";
import { priced } from "../../src/worker/session.ts";
import { recordingOf, type Shape } from "./recordings.ts";

const SHAPES: Readonly<Record<string, Shape>> = {
  "256 MiB, all of it dirty in order, 16 times": {
    regionPages: 65_536,
    epochs: 16,
    dirtyPages: 65_536,
    order: "ascending",
  },
  "256 MiB, half of it dirty in any order, 32 times": {
    regionPages: 65_536,
    epochs: 32,
    dirtyPages: 32_768,
    order: "random",
  },
  "1 GiB, a thirty-second of it dirty anywhere, 128 times": {
    regionPages: 262_144,
    epochs: 128,
    dirtyPages: 8192,
    order: "random",
  },
};

const profile = loadProfile("era");
const machines = ENVIRONMENTS.flatMap((environment) =>
  TECHNIQUES.filter((technique) => refusalOf(technique, { ...DEFAULT_MACHINE, environment }) === undefined).map(
    ({ id }) => ({ ...DEFAULT_MACHINE, environment, technique: id }),
  ),
);

/** Milliseconds of processor time, of all threads. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const small = recordingOf({ regionPages: 16, epochs: 1, dirtyPages: 4, order: "ascending" });
const beforeSmall = processorTime();
for (const machine of machines) createMachine(machine, small);
console.log(
  `a machine is made in ${((processorTime() - beforeSmall) / machines.length).toFixed(2)} ms of processor time`,
);

for (const [title, shape] of Object.entries(SHAPES)) {
  const recording = recordingOf(shape);
  const events = shape.epochs * shape.dirtyPages;
  console.log(title);
  let replaying = 0;
  let pricing = 0;
  for (const machine of machines) {
    const start = processorTime();
    const outcome = outcomeOf(replay(recording, machine));
    const end = processorTime();
    priced(recording, outcome, profile);
    replaying += end - start;
    pricing += processorTime() - end;
    const rate = events / (end - start) / 1000;
    console.log(
      `  ${machine.environment.padEnd(12)} ${machine.technique.padEnd(16)} ${rate.toFixed(2)} million events/s`,
    );
  }
  const start = performance.now();
  await replayAll(recording, machines, { threads: 0 });
  const wall = performance.now() - start;
  console.log(
    `  all ${machines.length} replays: ${(replaying / 1000).toFixed(2)} s of processor time, ${(wall / 1000).toFixed(2)} s ` +
      `in one thread; their prices: ${pricing.toFixed(0)} ms`,
  );
}

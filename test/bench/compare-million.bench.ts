/**
 * How long `compare` of a recording with a million dirty pages takes from its start to its end, through as many threads as
 * it takes by itself; on an idle machine the clock's figure is what a user waits for.
 */
import { fileURLToPath } from "node:url";
import { refusalOf } from "../../src/checkpoint/refusal.ts";
import { ENVIRONMENTS } from "../../src/checkpoint/technique.ts";
import { TECHNIQUES } from "../../src/checkpoint/techniques.ts";
import { DEFAULT_MACHINE } from "../../src/run/machine.ts";
import { loadProfile } from "../../src/worker/profiles.ts";
import { replayAll } from "../../src/worker/replay-all.ts";
import { priced } from "../../src/worker/session.ts";
import { recordingOf, type Shape } from "./recordings.ts";

const profile = loadProfile("era");
const machines = ENVIRONMENTS.flatMap((environment) =>
  TECHNIQUES.filter((technique) => refusalOf(technique, { ...DEFAULT_MACHINE, environment }) === undefined).map(
    ({ id }) => ({ ...DEFAULT_MACHINE, environment, technique: id }),
  ),
);
// Threads run what was built: `npm run build` comes first.
const workerFile = fileURLToPath(new URL("../../dist/replay-worker.js", import.meta.url));

const shapes: readonly (Shape & { readonly what: string })[] = [
  { what: "ascending", regionPages: 65_536, epochs: 16, dirtyPages: 65_536, order: "ascending" },
  { what: "random", regionPages: 65_536, epochs: 16, dirtyPages: 65_536, order: "random" },
  { what: "ascending in short epochs", regionPages: 256, epochs: 4096, dirtyPages: 256, order: "ascending" },
];

for (const { what, ...shape } of shapes) {
  const recording = recordingOf(shape);
  const start = performance.now();
  const before = process.cpuUsage();
  await replayAll(recording, machines, { workerFile, onDone: (_, outcome) => priced(recording, outcome, profile) });
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  console.log(
    `${machines.length} replays of a million dirty pages, ${what}: ${seconds.toFixed(1)} s, ` +
      `${((user + system) / 1e6).toFixed(1)} s of processor time`,
  );
}

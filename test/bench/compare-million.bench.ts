/**
 * How long `compare` of a recording with a million dirty pages takes from its start to its end, through as many threads as
 * it takes by itself; on an idle machine the clock's figure is what a user waits for.
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { possibleMachines } from "../../src/run/machine.ts";
import { recordingOf, type Shape } from "../../src/run/made-recording.ts";
import { loadProfile } from "../../src/worker/profiles.ts";
import { ReplayThreads } from "../../src/worker/replay-threads.ts";
import { priced } from "../../src/worker/session.ts";

const profile = loadProfile("era");
const machines = possibleMachines();
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
  const threads = new ReplayThreads(workerFile);
  await threads.replayAll(recording, machines, availableParallelism(), {
    onDone: (_, outcome) => priced(recording, outcome, profile),
  });
  await threads.end();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  console.log(
    `${machines.length} replays of a million dirty pages, ${what}: ${seconds.toFixed(1)} s, ` +
      `${((user + system) / 1e6).toFixed(1)} s of processor time`,
  );
}

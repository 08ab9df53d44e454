import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadProgram } from "../../src/program/toolchains/load-program.ts";
import { describeWay, GUEST_WAYS } from "../unit/acceptance/guest-ways.ts";
import { assertReplays, runInGuest } from "../unit/acceptance/live-run.ts";
import { cache, compareInGuest, compareInstrumented, here, report } from "./common.mjs";

const ARGS = ["1", "heatdis.cfg"];

/** VELOC's own example, heatdis_mem.c, as it stands. */
export async function heatdis({ veloc, clang }) {
  if (veloc === undefined) return "--veloc DIR, the folder with heatdis_mem.c, is not given";
  const source = join(resolve(veloc), "heatdis_mem.c");
  const program = await loadProgram([source], { cacheDirectory: cache, clang });
  for (const { line, message } of program.diagnostics) report(`line ${line}: ${message}`);
  const input = { name: "heatdis_mem", wasm: program.wasm, args: ARGS };
  const plain = compareInstrumented(input);
  const printed = steps(plain.stdout);
  assert.equal(printed.length, 12);
  compareWithHost(source, printed);

  const { instrumented, runs } = compareInGuest(program, input);
  const versions = runs[0].run.checkpoints.map(({ version }) => version);
  report(`checkpoints at iterations ${versions.join(", ")}`);
  for (const [i, way] of GUEST_WAYS.entries()) {
    const { all } = runs[i].run.images;
    for (const kept of all.keys()) {
      const restarted = runInGuest(program, instrumented, input, all.slice(0, kept + 1), way);
      assert.equal(restarted.how, "exit 0");
      const text = Buffer.from(restarted.stdout).toString();
      assert.match(text, new RegExp(`Previous checkpoint found at iteration ${versions[kept]}, `));
      // The first printed error after a restart is not yet computed there; from then on all are the same.
      const after = steps(restarted.stdout).slice(1);
      assert.deepEqual(after, after.length === 0 ? [] : printed.slice(-after.length));
      sameImages(restarted.run.images, runs[i].run.images, versions[kept]);
      assertReplays(restarted.run, restarted.run.recording, describeWay(way));
    }
    report(`${describeWay(way)}: restarts from each of its ${all.length} checkpoints and ends the same`);
  }
}

function steps(stdout) {
  return Buffer.from(stdout)
    .toString()
    .split("\n")
    .filter((line) => line.startsWith("Step"));
}

/** The checkpoints that the restarted run took again hold the same bytes as those of the run that was never stopped. */
function sameImages(restarted, whole, from) {
  for (const image of whole.all.filter(({ version }) => version > from)) {
    const again = restarted.find(image.name, image.version);
    for (const { id, group } of image.regions) {
      const expected = Buffer.from(whole.restore(image, id, group));
      assert.ok(expected.equals(restarted.restore(again, id, group)), `region ${id} at ${image.version}`);
    }
  }
}

/** A build for the host, whose pointers have 8 bytes, prints the same errors: no array overlaps another here. */
function compareWithHost(source, printed) {
  if (spawnSync("gcc", ["--version"]).status !== 0) {
    report("no gcc: not compared with a build for the host");
    return;
  }
  const built = join(cache, "heatdis-host");
  mkdirSync(cache, { recursive: true });
  execFileSync("gcc", [
    "-O2",
    "-w",
    `-I${join(here, "native")}`,
    "-iquote",
    join(here, "native"),
    source,
    "-o",
    built,
    "-lm",
  ]);
  const host = execFileSync(built, ARGS);
  assert.deepEqual(printed, steps(host));
  report(`prints what a build for the host prints: ${printed.at(-1)}`);
}

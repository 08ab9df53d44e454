import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FileTree } from "../../../src/guest/wasi/file-tree.ts";
import { instrument } from "../../../src/program/instrument/instrument.ts";
import { loadSymbols } from "../../../src/program/symbols/load-symbols.ts";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { auditRestarts } from "../../../src/run/audit/audit.ts";
import { AuditedReference } from "../../../src/run/audit/audited-reference.ts";
import { auditedRestart, NO_REPAIRS } from "../../../src/run/audit/audited-restart.ts";
import { Shadow } from "../../../src/run/audit/restart-shadow.ts";
import { DEFAULT_MACHINE, type MachineOptions } from "../../../src/run/machine.ts";
import { type CampaignInput, referenceRun } from "../../../src/run/restart/reference.ts";
import { restartFrom } from "../../../src/run/restart/restart.ts";
import { randomRestartProgram } from "./random-restart-program.ts";
import { placesOf, predictRestarts, runRestartModel } from "./restart-model.ts";
import { textOf } from "./restart-program-text.ts";

const RUNS = Number(process.env.AUDIT_RUNS ?? 120);
const FIRST = Number(process.env.AUDIT_SEED ?? 1);
const scratch = mkdtemp(join(tmpdir(), "checkpoint-lens-"));
after(async () => rm(await scratch, { recursive: true }));

test("random programs: something is unprotected if and only if a restart ends otherwise", async () => {
  for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
    const { watched, plain } = await inputsOf(seed);
    const audit = auditRestarts(watched, { symbols: loadSymbols(watched.program) });
    const reference = referenceRun(plain);
    // Another build under another technique: what the campaign itself would say.
    const differences = reference.commits.map((_, commit) => restartFrom(plain, reference, commit).difference);
    const differing = differences.some((difference) => difference !== undefined);
    const found = audit.unprotected
      // Nothing is restored then, and the program may well begin anew and end the same.
      .filter(({ effect }) => differing || effect !== "prevents the restart")
      .map(({ symbol, effect }) => `${symbol}: ${effect}`);
    assert.equal(found.length > 0, differing, `seed ${seed}: ${found.join(", ")}; ${differences.join("; ")}`);
    assert.deepEqual(
      audit.versions.map(({ difference }) => difference !== undefined),
      differences.map((difference) => difference !== undefined),
      `seed ${seed}`,
    );
  }
});

test("random programs: which bytes are read stale and which restored ones are dead is what a model says", async () => {
  for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
    const program = randomRestartProgram(seed);
    const { watched } = await inputsOf(seed);
    const audited = new AuditedReference(watched);
    const { globals } = placesOf(program);
    const predictions = predictRestarts(program, runRestartModel(program));
    assert.equal(audited.reference.commits.length, predictions.length, `seed ${seed}`);
    for (const [commit, prediction] of predictions.entries()) {
      const restart = auditedRestart(watched, audited, commit, {
        ...{ repairs: NO_REPAIRS, tracksOverwritten: false, tracksRestored: false, skipsGlobal: () => false },
      });
      const what = `seed ${seed}, version ${prediction.version}`;
      assert.equal(restart.commit !== undefined, prediction.restored, what);
      assert.equal(restart.restart.difference !== undefined, prediction.differs, what);
      const stale = bytesOf(restart.loads.filter(({ place }) => place.functionName !== "VELOC_Checkpoint"));
      assert.deepEqual(
        stale,
        prediction.unprotected.filter((place) => place < globals),
        what,
      );
      const dead = restart.regions.flatMap(({ address, states }) =>
        [...states.keys()]
          .filter((i) => states[i] === Shadow.dead || states[i] === Shadow.deadLater)
          .map((i) => address + i),
      );
      assert.deepEqual(
        [...new Set(dead)].sort((a, b) => a - b),
        prediction.dead,
        what,
      );
    }
  }
});

function bytesOf(ranges: readonly { readonly start: number; readonly end: number }[]): number[] {
  const bytes = new Set<number>();
  for (const { start, end } of ranges) for (let at = start; at < end; at++) bytes.add(at);
  return [...bytes].sort((a, b) => a - b);
}

async function inputsOf(seed: number): Promise<{ readonly watched: CampaignInput; readonly plain: CampaignInput }> {
  const path = join(await scratch, `random-${seed}.wat`);
  await writeFile(path, textOf(randomRestartProgram(seed)));
  const program = await loadProgram([path], { cacheDirectory: null });
  const input = (mode: "watch" | "record", technique: MachineOptions["technique"]): CampaignInput => ({
    program,
    instrumented: instrument(program.wasm, { mode, maxMemoryPages: 16, watchVariables: mode === "watch" }),
    options: { ...DEFAULT_MACHINE, technique },
    ...{ args: [], env: new Map(), stdin: new Uint8Array(), files: new FileTree(), seed: 1 },
    maxCycles: Number.POSITIVE_INFINITY,
  });
  return { watched: input("watch", "full-copy"), plain: input("record", "hv-protect") };
}

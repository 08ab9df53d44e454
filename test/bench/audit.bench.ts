// What an audit takes against the program's plain run and its plain restarts: 64 MB under protection, ten checkpoints.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileTree } from "../../src/guest/wasi/file-tree.ts";
import { instrument } from "../../src/program/instrument/instrument.ts";
import type { Program } from "../../src/program/program.ts";
import { loadSymbols } from "../../src/program/symbols/load-symbols.ts";
import { loadProgram } from "../../src/program/toolchains/load-program.ts";
import { auditRestarts } from "../../src/run/audit/audit.ts";
import { DEFAULT_MACHINE, type MachineOptions } from "../../src/run/machine.ts";
import { type CampaignInput, referenceRun } from "../../src/run/restart/reference.ts";
import { restartFrom } from "../../src/run/restart/restart.ts";

const SOURCE = `
#include <stdio.h>
#include <stdlib.h>
#include <veloc.h>
#define CELLS (1 << CELLS_LOG2)
static double grid[CELLS], next[CELLS];
static int step;
static double moved; /* forgotten */
int main(void) {
  for (int i = 0; i < CELLS; i++) grid[i] = i % 97;
  VELOC_Init_single(0, NULL);
  VELOC_Mem_protect(0, &step, 1, sizeof step);
  VELOC_Mem_protect(1, grid, CELLS, sizeof(double));
  VELOC_Mem_protect(2, next, CELLS, sizeof(double)); /* dead */
  int version = VELOC_Restart_test("stencil", 0);
  if (version > 0) VELOC_Restart("stencil", version);
  while (step < 30) {
    for (int i = 1; i + 1 < CELLS; i++) next[i] = 0.25 * grid[i - 1] + 0.5 * grid[i] + 0.25 * grid[i + 1];
    for (int i = 1; i + 1 < CELLS; i++) grid[i] = next[i];
    moved += grid[CELLS / 2];
    step++;
    if (step % 3 == 0) VELOC_Checkpoint("stencil", step / 3);
  }
  printf("%.9f\\n", moved);
  VELOC_Finalize(1);
}
`;

/** Of the processor, so that it does not matter what else runs. */
const seconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const CELLS_LOG2 = Number(process.env.AUDIT_CELLS_LOG2 ?? 22);

const folder = mkdtempSync(join(tmpdir(), "checkpoint-lens-bench-"));
try {
  const path = join(folder, "stencil.c");
  writeFileSync(path, `#define CELLS_LOG2 ${CELLS_LOG2}\n${SOURCE}`);
  const input = (
    program: Program,
    mode: "record" | "watch",
    technique: MachineOptions["technique"],
  ): CampaignInput => ({
    program,
    instrumented: instrument(program.wasm, { mode, maxMemoryPages: 4096 }),
    options: { ...DEFAULT_MACHINE, technique },
    ...{ args: [], env: new Map(), stdin: new Uint8Array(), files: new FileTree(), seed: 1 },
    maxCycles: Number.POSITIVE_INFINITY,
  });
  const load = (optimize: "release" | "audit") => loadProgram([path], { clang: "bundled", optimize });
  const plain = input(await load("release"), "record", "hv-protect");
  const start = seconds();
  const reference = referenceRun(plain);
  const plainSeconds = seconds() - start;
  const between = seconds();
  for (const commit of reference.commits.keys()) restartFrom(plain, reference, commit);
  const restartSeconds = seconds() - between;
  const program = await load("audit");
  const audited = input(program, "watch", "full-copy");
  const before = seconds();
  const audit = auditRestarts(audited, { symbols: loadSymbols(program) });
  const auditSeconds = seconds() - before;
  const bound = 3 * plainSeconds + restartSeconds;
  const found = [...audit.unprotected, ...audit.dead].map(({ kind, symbol }) => `${symbol} ${kind}`);
  console.log(
    `audit of ${2 ** (CELLS_LOG2 - 16)} MB with ${audit.versions.length} checkpoints: found ${found.join(", ")}`,
  );
  console.log(
    `  plain run ${plainSeconds.toFixed(2)} s, its restarts ${restartSeconds.toFixed(2)} s, audit ${auditSeconds.toFixed(2)} s`,
  );
  console.log(`  against three plain runs and the restarts: ${(auditSeconds / bound).toFixed(2)}`);
} finally {
  rmSync(folder, { recursive: true });
}

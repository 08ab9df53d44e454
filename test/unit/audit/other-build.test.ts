import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Program } from "../../../src/program/program.ts";
import { loadSymbols } from "../../../src/program/symbols/load-symbols.ts";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { auditRestarts } from "../../../src/run/audit/audit.ts";
import type { ByteRange } from "../../../src/run/audit/byte-ranges.ts";
import { placesInBuild } from "../../../src/run/audit/other-build.ts";
import { auditInput } from "./audit-input.ts";
import { emptyFolder, runModel } from "./restarts.ts";

const SOURCE = `
#include <stdio.h>
#include <stdlib.h>
#include <veloc.h>
static int step;
static double sum;
static double *fields[3];
int main(void) {
  char *unused = malloc(100);
  for (int i = 0; i < 3; i++) fields[i] = calloc(50, sizeof(double));
  free(unused);
  VELOC_Init_single(0, NULL);
  VELOC_Mem_protect(0, &step, 1, sizeof step);
  VELOC_Mem_protect(1, fields[0], 50, sizeof(double));
  VELOC_Mem_protect(2, fields[1], 50, sizeof(double));
  int version = VELOC_Restart_test("fields", 0);
  if (version > 0) VELOC_Restart("fields", version);
  while (step < 4) {
    for (int f = 0; f < 3; f++)
      for (int i = 0; i < 50; i++) fields[f][i] += f + i + step + 1;
    step++;
    VELOC_Checkpoint("fields", step);
  }
  for (int i = 0; i < 50; i++) sum += fields[0][i] + fields[1][i] + fields[2][i];
  printf("%.1f\\n", sum);
  printf("%u", (unsigned)(size_t)fields[2]);
  VELOC_Finalize(0);
}
`;

test("a block that is not protected is found in the program as it is otherwise built", async () => {
  const folder = mkdtempSync(join(tmpdir(), "other-build-"));
  try {
    const path = join(folder, "fields.c");
    writeFileSync(path, SOURCE);
    const load = (optimize: "release" | "audit") => loadProgram([path], { clang: "bundled", optimize });
    const [release, program] = [await load("release"), await load("audit")];
    const audit = auditRestarts(auditInput(program), { symbols: loadSymbols(program) });
    assert.deepEqual(
      audit.unprotected.map(({ symbol, effect }) => `${symbol} ${effect}`),
      ["fields[2] changes the result"],
    );
    const block = addressIn(release);
    const auditedBlock = addressIn(program);
    assert.notEqual(block, auditedBlock, "both builds have it at the same place, so that the test says nothing");
    const offsets = (ranges: readonly ByteRange[], start: number) =>
      ranges.map((range) => ({ start: range.start - start, end: range.end - start }));
    const places = placesInBuild(release, audit, () => auditInput(release));
    assert.deepEqual(offsets(places, block), offsets(audit.unprotected[0].ranges, auditedBlock));
    assert.ok(places.length > 0 && places.every(({ start, end }) => start >= block && end <= block + 400));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** What the program says of itself. */
function addressIn({ wasm }: Program): number {
  const { stdout } = runModel(wasm, { files: emptyFolder });
  return Number(stdout.toString().split("\n").at(-1));
}

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { pointerCountedAllocations } from "../../../src/program/toolchains/pointer-counted.ts";
import { findSystemClang } from "../../../src/program/toolchains/system-clang.ts";
import { runProgram } from "./small-host.ts";

const counts = [
  "double *h = (double *) malloc(sizeof(double *) * n);",
  "double wtime, *h, *g;\nint main() {\n  h = (double *)malloc(n * sizeof(double*));",
  "double *h = malloc(sizeof(double *) * n);",
  "double wtime, *h, *g;\nint main() {\n  h = malloc(n * sizeof (double *));",
  "h = (unsigned long long *) calloc(n, sizeof(unsigned long long *));",
  "struct cell *c = realloc(c, n * sizeof(struct cell *));",
  "auto h = static_cast<double *>(std::malloc(n * sizeof(double *)));",
  "double *h = (double *)aligned_alloc(64, sizeof(double *) * n);",
];
const countsNot = [
  "double **h = (double **) malloc(sizeof(double *) * n);",
  "double **h = malloc(sizeof(double *) * n);",
  "double *g, **h;\nint main() {\n  h = malloc(n * sizeof(double *));",
  "double *h = (double *) malloc(sizeof(double) * n);",
  "double *h = malloc(n); size_t s = sizeof(double *);",
  "void **table = (void *) malloc(n * sizeof(void *));",
  "char **names = (void *)malloc(n * sizeof(char *));",
  "grid->rows = malloc(n * sizeof(double *)); double *rows;",
];

test("allocations that are counted in pointers are told from arrays of pointers", () => {
  for (const text of counts) assert.equal(pointerCountedAllocations("a.c", text).length, 1, text);
  for (const text of countsNot) assert.deepEqual(pointerCountedAllocations("a.c", text), [], text);
});

const directory = mkdtempSync(join(tmpdir(), "pointer-counted-"));
after(() => rmSync(directory, { recursive: true }));

/** Every allocating function, each with twice the room used; and one that leaves no room for twice as much. */
const PROGRAM = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define N 20000
static double *blocks[8];
static void fill(int k) { for (int i = 0; i < N; i++) blocks[k][i] = k * 1000000 + i; }
int main(void) {
  void *old = malloc(8 * N);
  memset(old, 7, 8 * N);
  free(old);
  blocks[0] = (double *) malloc(sizeof(double *) * N);
  blocks[1] = (double *) calloc(N, sizeof(double *));
  for (int i = 0; i < N; i++) if (blocks[1][i] != 0) return printf("not cleared at %d\\n", i), 1;
  blocks[2] = (double *) aligned_alloc(4096, sizeof(double *) * N / 4096 * 4096 + 4096);
  if ((size_t)blocks[2] % 4096 != 0) return printf("not aligned\\n"), 1;
  void *aligned = NULL;
  if (posix_memalign(&aligned, 64, sizeof(double *) * N) != 0 || (size_t)aligned % 64 != 0) return 1;
  blocks[3] = aligned;
  blocks[4] = (double *) malloc(sizeof(double *) * 10);
  for (int i = 0; i < 10; i++) blocks[4][i] = 4000000 + i;
  blocks[5] = (double *) malloc(sizeof(double *) * N);
  blocks[4] = (double *) realloc(blocks[4], sizeof(double *) * N);
  for (int i = 0; i < 10; i++) if (blocks[4][i] != 4000000 + i) return printf("not kept at %d\\n", i), 1;
  for (int k = 0; k < 6; k++) fill(k);
  for (int k = 0; k < 6; k++)
    for (int i = 0; i < N; i++)
      if (blocks[k][i] != k * 1000000 + i) return printf("block %d overwritten at %d\\n", k, i), 1;
  for (int k = 0; k < 6; k++) free(blocks[k]);
  /* The optimiser knows what allocating does, and would leave out what is not used. */
  char *volatile most = malloc((size_t)1500 << 20);
  char *volatile much = malloc((size_t)1200 << 20);
  printf("%s %s ", most == NULL ? "refused" : "given", much == NULL ? "refused" : "given");
  char *volatile grown = realloc(much, (size_t)1300 << 20);
  char *volatile more = malloc((size_t)1500 << 20);
  printf("%s %s\\n", grown == NULL ? "refused" : "given", more == NULL ? "refused" : "given");
  return 0;
}
`;

for (const clang of ["bundled", "system"] as const) {
  const skip = clang === "system" && findSystemClang() === undefined ? "no clang of the system targets WASI" : false;
  test(`every allocating function makes room, compiled by the ${clang} clang`, { skip }, async () => {
    const options = { workingDirectory: directory, cacheDirectory: join(directory, "cache"), clang } as const;
    writeFileSync(join(directory, "program.c"), PROGRAM);
    const { wasm, diagnostics } = await loadProgram(["program.c"], options);
    assert.equal(diagnostics.length, 6);
    const outcome = runProgram(wasm, ["program"]);
    // In 4 GiB: 1500 and 1200 MiB, then 1300 for the second, go in once each and never twice; 1500 more do not at all.
    assert.equal(outcome.stdout, "given given given refused\n");
    assert.equal(outcome.exitCode, 0);
  });
}

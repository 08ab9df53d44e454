import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BadInputError, CompileError } from "../../../src/program/program.ts";
import type { LoadOptions } from "../../../src/program/toolchains/load-options.ts";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { runProgram } from "./small-host.ts";

describe("C and C++ programs", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "c-programs-"));
  });
  after(() => rmSync(directory, { recursive: true }));

  const put = (files: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
  };
  const load = (paths: string[], options: LoadOptions = {}) =>
    loadProgram(paths, {
      workingDirectory: directory,
      cacheDirectory: join(directory, "cache"),
      clang: "bundled",
      ...options,
    });

  // Its object file has 64 MB of zeros, which a file that is copied with each 4 KiB takes many minutes for.
  it("compiles an array of 64 MB in seconds", { timeout: 120_000 }, async () => {
    put({
      "large.c": `#include <stdio.h>
static unsigned char data[64 << 20];
int main(int argc, char **argv) {
  (void)argv;
  data[argc] = 1;
  data[sizeof data - (unsigned)argc] = 2;
  printf("%d %d %d\\n", data[1], data[1 << 20], data[sizeof data - 1]);
  return 0;
}
`,
    });
    const program = await load(["large.c"]);
    assert.ok(program.wasm.length < 1 << 20, `${program.wasm.length} bytes`);
    assert.equal(runProgram(program.wasm, ["main"]).stdout, "1 0 2\n");
  });

  it("finds headers beside, above and below the sources, through other headers and macros", async () => {
    put({
      "app/src/main.c": `#include "../include/sum.h"
#include "local.h"
#define CONFIG "config.h"
#include CONFIG
#include <far.h>
#include <stdio.h>
int main(void) { printf("%d %s\\n", sum(LOCAL, FAR), NAME); return 0; }
`,
      "app/src/sum.c": '#include "../include/sum.h"\nint sum(int a, int b) { return a + b; }\n',
      "app/src/local.h": "#define LOCAL 40\n",
      "app/src/config.h": '#define NAME "config"\n',
      "app/include/sum.h": '#include "nested/decl.h"\n',
      "app/include/nested/decl.h": "int sum(int a, int b);\n",
      "far/away/far.h": "#define FAR 2\n",
    });
    const program = await load(["app/src/main.c", "app/src/sum.c"], { includeDirectories: ["far/away"] });
    assert.equal(program.language, "c");
    assert.deepEqual([...program.sources.keys()].sort(), [
      "app/include/nested/decl.h",
      "app/include/sum.h",
      "app/src/config.h",
      "app/src/local.h",
      "app/src/main.c",
      "app/src/sum.c",
      "far/away/far.h",
    ]);
    assert.equal(runProgram(program.wasm, ["main"]).stdout, "42 config\n");
  });

  it("gives the compiler's errors with the user's file names, lines and columns", async () => {
    put({
      "bad/main.c": '#include "part.h"\nint main(void) {\n  int unused = undeclared;\n  return part(1);\n}\n',
      "bad/part.h": "int part(int x) { retrun x; }\n",
    });
    const error = await failure(load(["bad/main.c"]), CompileError);
    const errors = error.diagnostics.filter(({ severity }) => severity === "error");
    assert.deepEqual(
      errors.map(({ file, line, column }) => `${file}:${line}:${column}`),
      ["bad/part.h:1:19", "bad/main.c:3:16"],
    );
    assert.match(error.message, /^In file included from bad\/main\.c:1:/);
    assert.doesNotMatch(error.message, /\/program\//);
    const absolute = join(directory, "bad/main.c");
    const again = await failure(load([absolute]), CompileError);
    assert.ok(again.diagnostics.some(({ file, line }) => file === absolute && line === 3));
  });

  it("names the source of a symbol that the linker misses", async () => {
    put({ "missing.c": "int nowhere(int);\nint main(void) { return nowhere(1); }\n" });
    const error = await failure(load(["missing.c"]), CompileError);
    assert.match(error.message, /missing\.c: undefined symbol: nowhere/);
    assert.deepEqual(
      error.diagnostics.map(({ file, severity }) => [file, severity]),
      [["missing.c", "error"]],
    );
  });

  it("passes warnings on, the same from the cache", async () => {
    put({ "warn.c": '#include <stdio.h>\nint main(void) { printf("%d\\n", "text"); return 0; }\n' });
    const first = await load(["warn.c"]);
    const started = performance.now();
    const second = await load(["warn.c"]);
    assert.ok(performance.now() - started < 500, "from the cache, without a compiler");
    assert.deepEqual(
      first.diagnostics.map(({ severity, file, line }) => [severity, file, line]),
      [["warning", "warn.c", 2]],
    );
    assert.deepEqual(second.diagnostics, first.diagnostics);
    assert.deepEqual(second.wasm, first.wasm);
  });

  it("caches by what the headers say, and takes a damaged entry for none", async () => {
    put({ "cached.c": '#include "value.h"\nint main(void) { return VALUE; }\n', "value.h": "#define VALUE 3\n" });
    const cacheDirectory = join(directory, "own-cache");
    const exitCode = async () => runProgram((await load(["cached.c"], { cacheDirectory })).wasm, ["x"]).exitCode;
    assert.equal(await exitCode(), 3);
    put({ "value.h": "#define VALUE 4\n" });
    assert.equal(await exitCode(), 4);
    const entries = readdirSync(cacheDirectory);
    assert.equal(entries.length, 2);
    for (const entry of entries) {
      const path = join(cacheDirectory, entry);
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1] ^= 1;
      writeFileSync(path, entry === entries[0] ? bytes : bytes.subarray(0, 20));
    }
    assert.equal(await exitCode(), 4);
    put({ "value.h": "#define VALUE 3\n" });
    assert.equal(await exitCode(), 3);
    // What is compiled does not depend on where it lies.
    put({
      "elsewhere/cached.c": '#include "value.h"\nint main(void) { return VALUE; }\n',
      "elsewhere/value.h": "#define VALUE 3\n",
    });
    await load(["elsewhere/cached.c"], { cacheDirectory });
    assert.equal(readdirSync(cacheDirectory).length, 2);
  });

  it("gives C programs the usual parts of POSIX", async () => {
    put({
      "posix.c": `#include <assert.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
static jmp_buf back;
static volatile sig_atomic_t seen;
static void note(int number) { seen = number; }
__attribute__((noinline)) static void leave(int value) { longjmp(back, value); }
int main(void) {
  signal(SIGUSR1, note);
  raise(SIGUSR1);
  char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert(page != MAP_FAILED);
  page[0] = 1;
  volatile int rounds = 0;
  int value = setjmp(back);
  if (value < 3) { rounds++; leave(value + 1); }
  printf("%d %d %d %.3f %.2Lf %d\\n", seen == SIGUSR1, value, rounds, sqrt(2), 1.5L, clock() >= 0 && getpid() > 0);
  return 0;
}
`,
    });
    const outcome = runProgram((await load(["posix.c"])).wasm, ["posix"]);
    assert.equal(outcome.stdout, "1 3 3 1.414 1.50 1\n");
  });

  it("compiles C++ with its library, and says that there are no exceptions", async () => {
    put({
      "good.cpp": `#include <algorithm>
#include <iostream>
#include <map>
#include <vector>
#include <veloc.h>
int main() {
  std::vector<int> v{3, 1, 2};
  std::sort(v.begin(), v.end());
  std::map<int, int> m{{1, 2}};
  VELOC_Init_single(0, nullptr);
  std::cout << v[0] << v[2] << m[1] << std::endl;
}
`,
      "throws.cc": "int main(int argc, char **) { if (argc > 3) throw 1; return 0; }\n",
    });
    const program = await load(["good.cpp"]);
    assert.equal(program.language, "c++");
    assert.equal(runProgram(program.wasm, ["good"]).stdout, "132\n");
    const error = await failure(load(["throws.cc"]), CompileError);
    assert.match(error.message, /throws\.cc:1:45: error: cannot use 'throw'.*C\+\+ exceptions are not available here/s);
  });

  it("compiles programs written for VELOC and MPI, and makes room where they count in pointers", async () => {
    put({
      "veloc.c": `#include <stdio.h>
#include <stdlib.h>
#include "include/veloc.h"
int main(int argc, char *argv[]) {
  int rank, size;
  MPI_Request request[2];
  MPI_Status status[2];
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (VELOC_Init(MPI_COMM_WORLD, "x.cfg") != VELOC_SUCCESS) return 2;
  double *a = (double *) malloc(sizeof(double *) * 1000);
  double *b = (double *) malloc(sizeof(double *) * 1000);
  for (int i = 0; i < 1000; i++) b[i] = 1;
  for (int i = 0; i < 1000; i++) a[i] = 2;
  VELOC_Mem_protect(0, a, 1000, sizeof(double));
  double sum = 0, all = 0, got = 0;
  for (int i = 0; i < 1000; i++) sum += b[i];
  MPI_Allreduce(&sum, &all, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  MPI_Irecv(&got, 1, MPI_DOUBLE, 0, 7, MPI_COMM_WORLD, &request[0]);
  MPI_Isend(&all, 1, MPI_DOUBLE, 0, 7, MPI_COMM_WORLD, &request[1]);
  MPI_Waitall(2, request, status);
  VELOC_Checkpoint("v", 1);
  VELOC_Finalize(1);
  MPI_Finalize();
  printf("%d of %d: %g\\n", rank, size, got);
  return 0;
}
`,
    });
    const program = await load(["veloc.c"]);
    assert.deepEqual(
      program.diagnostics.map(({ severity, line, column }) => [severity, line, column]),
      [
        ["warning", 12, 15],
        ["warning", 13, 15],
      ],
    );
    const outcome = runProgram(program.wasm, ["veloc"]);
    assert.equal(outcome.stdout, "0 of 1: 1000\n");
    assert.equal(outcome.protectedBytes, 8000);
  });

  it("traps when the stack overflows, instead of writing over the program's data", async () => {
    put({
      "deep.c": `#include <stdio.h>
static char data[1 << 16];
__attribute__((noinline)) static int down(int n) {
  volatile char frame[4096];
  frame[0] = (char)n;
  return n == 0 ? 0 : down(n - 1) + frame[0];
}
int main(int argc, char **argv) { printf("%d\\n", down(argc * 100000)); return data[argc]; }
`,
    });
    const { wasm } = await load(["deep.c"]);
    assert.throws(() => runProgram(wasm, ["deep"]), /out of bounds|Maximum call stack/);
  });
});

describe("programs that cannot be used", () => {
  const directory = mkdtempSync(join(tmpdir(), "bad-programs-"));
  after(() => rmSync(directory, { recursive: true }));
  const refused = async (paths: string[], message: RegExp): Promise<void> => {
    const error = await failure(
      loadProgram(paths, { workingDirectory: directory, cacheDirectory: null }),
      BadInputError,
    );
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
  };

  it("are refused in one sentence that names the file", async () => {
    mkdirSync(join(directory, "dir.c"));
    writeFileSync(join(directory, "latin.c"), Buffer.from([0x2f, 0x2f, 0xe9, 0x0a]));
    writeFileSync(join(directory, "text.wasm"), "hello there");
    writeFileSync(join(directory, "cut.wasm"), Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 9, 1]));
    writeFileSync(join(directory, "invalid.wasm"), Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 99, 0]));
    await refused([], /a program is needed/);
    await refused(["none.c"], /^none\.c: there is no such file$/);
    await refused(["none.ts"], /^none\.ts: there is no such file$/);
    await refused(["none.wat"], /^none\.wat: there is no such file$/);
    await refused(["dir.c"], /^dir\.c: a file is expected, this is a directory$/);
    await refused(["latin.c"], /^latin\.c, byte 2: source must be UTF-8/);
    await refused(["program.rs"], /^program\.rs: a program is a file .*, it ends in \.rs$/);
    await refused(["Makefile"], /^Makefile: .*it has no extension$/);
    await refused(["a.c", "b.ts"], /^b\.ts: only C and C\+\+ programs have several sources/);
    await refused(["text.wasm"], /^text\.wasm: .*byte 0: a module begins with/);
    await refused(["cut.wasm"], /^cut\.wasm: .*byte 10: 9 more bytes were expected, 1 are left$/);
    await refused(["invalid.wasm"], /^invalid\.wasm: /);
  });

  it("are refused by the assembler with line and column", async () => {
    writeFileSync(join(directory, "bad.wat"), '(module\n  (func (export "_start") i32.nonsense))\n');
    const error = await failure(loadProgram(["bad.wat"], { workingDirectory: directory }), CompileError);
    assert.deepEqual(
      error.diagnostics.map(({ file, line, column }) => [file, line, column]),
      [["bad.wat", 2, 27]],
    );
    writeFileSync(join(directory, "good.wat"), '(module (memory (export "memory") 1) (func $go (export "_start")))');
    const program = await loadProgram(["good.wat"], { workingDirectory: directory });
    assert.equal(program.language, "wat");
    assert.equal(program.lines.kind, "none");
    assert.equal(runProgram(program.wasm, []).exitCode, 0);
  });
});

async function failure<T extends Error>(promise: Promise<unknown>, kind: new (...args: never[]) => T): Promise<T> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof kind, String(error));
    return error;
  }
  assert.fail("it should have failed");
}

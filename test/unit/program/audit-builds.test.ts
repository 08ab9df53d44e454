import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { readFunctions } from "../../../src/program/lines/functions.ts";
import type { Program } from "../../../src/program/program.ts";
import { loadSymbols } from "../../../src/program/symbols/load-symbols.ts";
import type { Optimize } from "../../../src/program/toolchains/load-options.ts";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { runProgram } from "./small-host.ts";

const SAMPLES = join(import.meta.dirname, "../../../src/sdk/samples");
const directory = mkdtempSync(join(tmpdir(), "audit-builds-"));
const cacheDirectory = join(directory, "cache");
after(() => rmSync(directory, { recursive: true }));

const load = (files: readonly string[], optimize: Optimize, compilerArguments: readonly string[] = []) =>
  loadProgram(files, { workingDirectory: directory, cacheDirectory, clang: "bundled", optimize, compilerArguments });
const put = (name: string, text: string): void => writeFileSync(join(directory, name), text);

function frameVariableCount(program: Program): number {
  const symbols = loadSymbols(program);
  return readFunctions(program.wasm).reduce((sum, { index }) => sum + symbols.frameVariables(index).length, 0);
}

describe("audit builds", () => {
  /** Small enough to run unoptimised. */
  const samples = [
    ["heat.c", "64"],
    ["btree.c", "4096"],
    ["lru.c", "4096"],
    ["kv.ts", "4096"],
    ["order-book.ts", "1024"],
  ];
  for (const [file, size] of samples) {
    it(`${file} does what its release build does`, async () => {
      const path = join(SAMPLES, file);
      const release = await load([path], "release");
      const before = readdirSync(cacheDirectory).length;
      const audit = await load([path], "audit");
      assert.equal(readdirSync(cacheDirectory).length, before + 1, "it has a place of its own in the cache");
      assert.notDeepEqual(audit.wasm, release.wasm);
      assert.deepEqual((await load([path], "audit")).wasm, audit.wasm);
      const outcome = runProgram(audit.wasm, [file, size]);
      assert.equal(outcome.exitCode, 0);
      assert.equal(outcome.stdout, runProgram(release.wasm, [file, size]).stdout);
    });
  }

  it("of C hold every local in memory, whatever level the user asks for", async () => {
    put(
      "level.c",
      "int main(int argc, char **argv) { int here = argc; for (int i = 0; i < 3; i++) here += i; return here; }",
    );
    assert.equal(frameVariableCount(await load(["level.c"], "audit", ["-O3", "-g0"])), 4);
    assert.equal(frameVariableCount(await load(["level.c"], "release")), 0);
  });

  it("of C have the inline functions that only an optimiser can do without", async () => {
    put("twice.h", "inline int twice(int x) { return x * 2; }\n");
    put(
      "inline.c",
      '#include "twice.h"\n#include <stdio.h>\nint thrice(int);\ninline int lone(int x) { return x + 1; }\n' +
        'extern inline int twice(int x);\nint main(void) { printf("%d %d %d", twice(1), thrice(2), lone(3)); }\n',
    );
    put("thrice.c", '#include "twice.h"\nint thrice(int x) { return twice(x) + x; }\n');
    for (const optimize of ["release", "audit"] as const) {
      assert.equal(runProgram((await load(["inline.c", "thrice.c"], optimize)).wasm, ["x"]).stdout, "2 6 4");
    }
    put("missing.c", "int missing(void);\nint main(void) { return missing(); }\n");
    await assert.rejects(load(["missing.c"], "audit"), /missing\.c: undefined symbol: missing/);
  });

  it("of AssemblyScript read and write elements and fields on the user's lines", async () => {
    const text = readFileSync(join(SAMPLES, "kv.ts"), "utf8");
    put("kv.ts", text);
    const { wasm, lines } = await load(["kv.ts"], "audit");
    const functions = readFunctions(wasm);
    const calls = functions.filter(({ name }) => /StaticArray<u64>#__[gs]et|#(?:get|set):/.test(name ?? ""));
    assert.deepEqual(calls, [], "there are no accessors left to call");
    const wanted = text
      .split("\n")
      .flatMap((line, i) => (/values\[slot\] = value;|keys\[slot\] = key;/.test(line) ? [i + 1] : []));
    assert.equal(wanted.length, 2);
    const operation = functions.find(({ name }) => name === "kv/put");
    assert.ok(operation);
    const stores = new Set<number>();
    for (let offset = operation.start; offset < operation.end; offset++) {
      const i64Store = 0x37;
      const found = wasm[offset] === i64Store && wasm[offset + 1] === 3 ? lines.lookup(offset) : undefined;
      if (found) {
        assert.equal(found.file, "kv.ts");
        stores.add(found.line);
      }
    }
    for (const line of wanted) assert.ok(stores.has(line), `line ${line}`);
  });

  it("of AssemblyScript keep the names of locals of functions that hold references", async () => {
    put(
      "held.ts",
      "class Box { n: i32 = 1; }\nfunction f(by: i32): i32 { const box = new Box(); const more = by; box.n += more; return box.n; }\n" +
        "for (let k = 0; k < 3; k++) { const box = new Box(); box.n = f(k); }\n",
    );
    const program = await load(["held.ts"], "audit");
    const symbols = loadSymbols(program);
    const names = readFunctions(program.wasm)
      .filter(({ name }) => name === "held/f" || name === "start:held")
      .map(({ index }) => Array.from({ length: 3 }, (_, local) => symbols.localName(index, local)?.name));
    assert.deepEqual(new Set(names.flat()), new Set(["by", "box", "more", "k", undefined]));
  });

  it("are what they are elsewhere: of modules that are compiled already, nothing", async () => {
    put(
      "plain.wat",
      '(module (memory (export "memory") 1) (func (export "_start") (local $x i32) (local.set $x (i32.const 1))))',
    );
    const [release, audit] = [await load(["plain.wat"], "release"), await load(["plain.wat"], "audit")];
    assert.deepEqual(audit.wasm, release.wasm);
    assert.equal(loadSymbols(audit).localName(0, 0)?.name, "x");
  });
});

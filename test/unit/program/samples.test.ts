import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { readFunctions } from "../../../src/program/lines/functions.ts";
import { CompileError } from "../../../src/program/program.ts";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { findSystemClang } from "../../../src/program/toolchains/system-clang.ts";
import { runProgram, type Store } from "./small-host.ts";

const SAMPLES = join(import.meta.dirname, "../../../src/sdk/samples");
const directory = mkdtempSync(join(tmpdir(), "samples-"));
const options = { workingDirectory: directory, cacheDirectory: join(directory, "cache"), clang: "bundled" } as const;
after(() => rmSync(directory, { recursive: true }));

/** A statement of each sample that stores, and a function that it defines. */
const samples = [
  { file: "heat.c", store: "result[column] = 0.25", function: "main" },
  { file: "btree.c", store: "n->values[at] = value;", function: "main" },
  { file: "lru.c", store: "entries[e->older].newer = e->newer;", function: "main" },
  { file: "kv.ts", store: "values[slot] = value;", function: "kv/operate" },
  { file: "order-book.ts", store: "order.quantity -= traded;", function: "order-book/enqueue" },
];

for (const sample of samples) {
  describe(sample.file, () => {
    const load = () => loadProgram([join(SAMPLES, sample.file)], options);

    it("has its lines and functions", async () => {
      const { wasm, lines, sources, diagnostics } = await load();
      assert.deepEqual(diagnostics, []);
      const path = join(SAMPLES, sample.file);
      const text = sources.get(path);
      assert.equal(text, readFileSync(path, "utf8"));
      const line = text.split("\n").findIndex((candidate) => candidate.includes(sample.store)) + 1;
      assert.ok(line > 0);
      const functions = readFunctions(wasm);
      assert.ok(functions.some(({ name }) => name === sample.function));
      const hit = functions.some(({ start, end }) => {
        for (let offset = start; offset < end; offset++) {
          const found = lines.lookup(offset);
          if (found?.file === path && found.line === line) return true;
        }
        return false;
      });
      assert.ok(hit, `code of line ${line}`);
    });

    it("takes 8 to 12 checkpoints, and ends the same after a restart from each", async () => {
      const { wasm } = await load();
      const committed: Store = new Map();
      const whole = runProgram(wasm, [sample.file], committed);
      assert.equal(whole.exitCode, 0);
      assert.match(whole.stdout, /checksum [0-9a-f]+\n$/);
      assert.equal(whole.stderr, "");
      assert.ok(committed.size >= 8 && committed.size <= 12, `${committed.size} checkpoints`);
      assert.ok(whole.protectedBytes >= 1 << 20 && whole.protectedBytes <= 9 << 20, `${whole.protectedBytes} bytes`);
      assert.ok(whole.regionNames.size > 1);
      const versions = [...committed.keys()];
      for (const version of [versions[0], versions[versions.length >> 1], versions[versions.length - 1]]) {
        const store: Store = new Map();
        assert.equal(runProgram(wasm, [sample.file], store, version).exitCode, undefined);
        const restarted = runProgram(wasm, [sample.file], store);
        assert.equal(restarted.stdout, whole.stdout, `restarted from ${version}`);
        assert.equal(restarted.exitCode, 0);
        assert.deepEqual(store.get(versions[versions.length - 1]), committed.get(versions[versions.length - 1]));
      }
    });
  });
}

describe("a clang of the system", { skip: findSystemClang() === undefined && "none can compile for WASI" }, () => {
  it("makes programs that do the same as the bundled one's, with the same names of files", async () => {
    const path = join(SAMPLES, "lru.c");
    const bundled = await loadProgram([path], options);
    const system = await loadProgram([path], { ...options, clang: "system" });
    assert.equal(runProgram(system.wasm, ["lru", "4096"]).stdout, runProgram(bundled.wasm, ["lru", "4096"]).stdout);
    const main = readFunctions(system.wasm).find(({ name }) => name === "main");
    assert.ok(main);
    assert.equal(system.lines.lookup(main.end - 1)?.file, path);
    assert.doesNotMatch(Buffer.from(system.wasm).toString("latin1"), /checkpoint-lens-/);
  });
});

describe("AssemblyScript programs", () => {
  const put = (name: string, text: string): void => writeFileSync(join(directory, name), text);

  it("use the console, arguments, time, chance and other files", async () => {
    mkdirSync(join(directory, "lib"), { recursive: true });
    put("lib/twice.ts", "export function twice(x: i32): i32 { return 2 * x; }\n");
    put(
      "hello.ts",
      `import { twice } from "./lib/twice";
console.log("hello " + process.argv.slice(1).join("+"));
console.error(twice(21).toString());
trace("traced", 2, 1, 2.5);
const random = Math.random();
console.log((random >= 0 && random < 1 && Date.now() == 0 && performance.now() == 0).toString());
process.exit(7);
`,
    );
    const { wasm, sources, lines } = await loadProgram(["hello.ts"], options);
    assert.ok(sources.has("lib/twice.ts") && sources.has("hello.ts"));
    assert.equal(lines.kind, "source-map");
    const outcome = runProgram(wasm, ["hello", "a", "ü"]);
    assert.equal(outcome.stdout, "hello a+ü\ntrue\n");
    assert.equal(outcome.stderr, "42\ntrace: traced 1.0, 2.5\n");
    assert.equal(outcome.exitCode, 7);
  });

  it("start from an exported main, and end with what an abort says", async () => {
    put("main.ts", 'export function main(): void { assert(process.argv.length > 1, "no argument"); }\n');
    const { wasm } = await loadProgram(["main.ts"], options);
    assert.equal(runProgram(wasm, ["main", "x"]).exitCode, 0);
    const aborted = runProgram(wasm, ["main"]);
    assert.equal(aborted.exitCode, 134);
    assert.equal(aborted.stderr, "abort: no argument in main.ts:1:32\n");
  });

  it("fail with the compiler's messages, file, line and column", async () => {
    mkdirSync(join(directory, "sub"), { recursive: true });
    put("sub/part.ts", "export const x: i32 = 1;\n\nexport const y: i32 = 'text';\n");
    put("sub/wrong.ts", 'import { x, y } from "./part";\nconst z: string = x;\nconsole.log(z + y.toString());\n');
    const error = await loadProgram(["sub/wrong.ts"], options).then(
      () => assert.fail("it should have failed"),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof CompileError);
    const places = error.diagnostics.map(({ severity, file, line, column }) => `${severity} ${file}:${line}:${column}`);
    assert.ok(places.includes("error sub/wrong.ts:2:19"), places.join());
    assert.match(error.message, /in sub\/wrong\.ts\(2,19\)/);
  });

  it("are compiled again when a file that they import changes or appears", async () => {
    const dependent = join(directory, "dependent.ts");
    put("dependent.ts", 'import { n } from "./n";\nconsole.log(n.toString());\n');
    put("n.ts", "export const n: i32 = 1;\n");
    const stdout = async () => runProgram((await loadProgram([dependent], options)).wasm, ["x"]).stdout;
    assert.equal(await stdout(), "1\n");
    put("n.ts", "export const n: i32 = 2;\n");
    assert.equal(await stdout(), "2\n");
  });
});

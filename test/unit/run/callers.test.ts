import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ImageStore } from "../../../src/checkpoint/images.ts";
import { readFunctions } from "../../../src/program/lines/functions.ts";
import { DEFAULT_MACHINE } from "../../../src/run/machine.ts";
import { loadProfile } from "../../../src/worker/profiles.ts";
import { openProgram } from "../../../src/worker/program-store.ts";
import { runProgram } from "../../../src/worker/session.ts";

const directory = mkdtempSync(join(tmpdir(), "callers-"));
after(() => rmSync(directory, { recursive: true }));

const PAGES = 10;
const PROGRAM = `import { SUCCESS, checkpoint, finalize, initSingle, protect } from "veloc";
const first = new StaticArray<u64>(${PAGES} * 512); // first
const second = new StaticArray<u64>(${2 * PAGES} * 512); // second
const numbers = new StaticArray<u64>(${PAGES} * 512);
const bytes = new Uint8Array(${2 * PAGES} * 4096);
const list = new Float64Array(${PAGES} * 512);
function twice(x: u64): u64 {
  return (x ^ (x >> 3)) * 2;
}
function store(i: i32): void {
  numbers[i * 512] = twice(i); // numbers
  list[i * 512] +=  // list
    <f64>twice(first[i] + second[i]);
}
assert(initSingle(0) == SUCCESS);
protect(0, numbers, "numbers");
protect(1, list, "list");
protect(2, bytes, "bytes");
assert(checkpoint("callers", 1) == SUCCESS);
for (let i = 0; i < ${PAGES}; i++) store(i);
bytes.fill(1, 0, ${PAGES} * 4096); // low
bytes.fill(2, ${PAGES} * 4096); // high
assert(checkpoint("callers", 2) == SUCCESS);
finalize();
`;

test("what a library writes for a program is told of the program's lines", async () => {
  const path = join(directory, "callers.ts");
  writeFileSync(path, PROGRAM);
  const input = { paths: [path], maxMemoryMiB: 64 };
  const { run, report } = await runProgram({
    ...{ ...input, args: [], env: new Map(), stdin: new Uint8Array(), dirs: [], seed: 1 },
    ...{ maxCycles: Number.POSITIVE_INFINITY, keepsWrites: false, images: new ImageStore() },
    ...{ machine: DEFAULT_MACHINE, profile: loadProfile("era") },
  });
  assert.deepEqual(run.ending, { kind: "exit", code: 0 });
  const marked = (mark: string) => {
    const line = PROGRAM.split("\n").findIndex((text) => text.endsWith(`// ${mark}`)) + 1;
    return report.lines.filter((one) => one.file === path && one.line === line && one.traps + one.dirtyPages > 0);
  };
  // Arrays share their first and last pages with what lies beside them, and the allocator writes, too.
  const isAbout = (pages: number, told: number) => told >= pages - 2 && told <= pages + 4;
  for (const [mark, pages] of [["first", PAGES] as const, ["second", 2 * PAGES] as const]) {
    const [line, ...others] = marked(mark);
    assert.ok(others.length === 0 && isAbout(pages, line?.dirtyPages ?? 0), `${mark}: ${JSON.stringify(line)}`);
  }
  for (const mark of ["numbers", "list", "low", "high"]) {
    const [line, ...others] = marked(mark);
    assert.ok(others.length === 0 && isAbout(PAGES, line?.traps ?? 0), `${mark}: ${JSON.stringify(line)}`);
  }

  // Stores to arrays lie in the program's functions: nobody needs to look at the stack for their lines.
  const { program } = await openProgram([path], input);
  const accessors = readFunctions(program.wasm).filter(({ name }) => /Array.*#__[gs]et/.test(name ?? ""));
  assert.deepEqual(accessors, []);
});

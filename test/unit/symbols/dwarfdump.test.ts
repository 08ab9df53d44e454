import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { readFunctions } from "../../../src/program/lines/functions.ts";
import { loadSymbols } from "../../../src/program/symbols/load-symbols.ts";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/symbols");
const directory = mkdtempSync(join(tmpdir(), "dwarfdump-"));
after(() => rmSync(directory, { recursive: true }));
const isInstalled = spawnSync("llvm-dwarfdump", ["--version"]).status === 0;

/** Lines "name offset" of all variables in frames and "name address" of globals, as llvm-dwarfdump prints them. */
function dumped(path: string): { frames: string[]; globals: string[] } {
  const { stdout } = spawnSync("llvm-dwarfdump", ["--debug-info", path], { encoding: "utf8", maxBuffer: 1 << 28 });
  const frames: string[] = [];
  const globals = new Set<string>();
  let isDropped = false;
  for (const entry of stdout.split(/\n(?=0x[0-9a-f]{8}:)/)) {
    const tag = /DW_TAG_\w+/.exec(entry)?.[0];
    if (tag === "DW_TAG_subprogram") {
      const start = /DW_AT_low_pc\t\(0x([0-9a-f]+)/.exec(entry)?.[1];
      isDropped = start === undefined || Number.parseInt(start, 16) >= 0xfffffff0;
    }
    if (tag !== "DW_TAG_variable" && tag !== "DW_TAG_formal_parameter") continue;
    const name = /DW_AT_(?:name|abstract_origin)\t\((?:0x[0-9a-f]+ )?"([^"]+)"/.exec(entry)?.[1];
    const offset = /DW_AT_location\t\(DW_OP_fbreg ([+-]\d+)\)/.exec(entry)?.[1];
    const address = /DW_AT_location\t\(DW_OP_addrx? 0x([0-9a-f]+)\)/.exec(entry)?.[1];
    if (name !== undefined && offset !== undefined && !isDropped) frames.push(`${name} ${Number(offset)}`);
    if (name === undefined || address === undefined || name.endsWith("_vtable$")) continue;
    if (Number.parseInt(address, 16) < 0xfffffff0) globals.add(`${name} ${Number.parseInt(address, 16)}`);
  }
  return { frames: frames.sort(), globals: [...globals].sort() };
}

describe("symbols and llvm-dwarfdump", { skip: !isInstalled && "it is not installed" }, () => {
  for (const files of [["variables.c", "other.c"], ["variables.cc"]]) {
    it(`${files[0]}: agree on every variable, those of libraries included`, async () => {
      const { wasm, ...program } = await loadProgram(files, {
        ...{
          workingDirectory: FIXTURES,
          cacheDirectory: join(directory, "cache"),
          clang: "bundled",
          optimize: "audit",
        },
        // Addresses stand in the entries themselves up to this version.
        compilerArguments: ["-gdwarf-4"],
      });
      const path = join(directory, "program.wasm");
      writeFileSync(path, wasm);
      const symbols = loadSymbols({ ...program, wasm });
      const expected = dumped(path);
      assert.ok(expected.frames.length > 15 && expected.globals.length > 10);
      const frames = readFunctions(wasm)
        .flatMap(({ index }) => symbols.frameVariables(index))
        // Those whose address a local holds count from that.
        .filter(({ sizeBytes, offset, isParameter }) => !(isParameter && offset === 0 && sizeBytes > 8))
        .map(({ name, offset }) => `${name} ${offset}`);
      assert.deepEqual(frames.sort(), expected.frames);
      const last = (name: string): string => name.split("::").at(-1) ?? "";
      const globals = symbols.globals
        // It names static members by what the linker calls them, and a variable of a thread stands in an expression.
        .filter(({ name }) => !name.includes("Grid::") && name !== "own")
        .map(({ name, address }) => `${last(name)} ${address}`);
      assert.deepEqual([...new Set(globals)].sort(), expected.globals);
    });
  }
});

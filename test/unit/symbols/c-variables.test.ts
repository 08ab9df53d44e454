import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { readFunctions } from "../../../src/program/lines/functions.ts";
import type { Program } from "../../../src/program/program.ts";
import { loadSymbols } from "../../../src/program/symbols/load-symbols.ts";
import type { FrameVariable, SymbolTable } from "../../../src/program/symbols/symbols.ts";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { findSystemClang } from "../../../src/program/toolchains/system-clang.ts";
import { runProgram } from "../program/small-host.ts";
import { parseSaid, type Said } from "./said.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/symbols");
const cacheDirectory = mkdtempSync(join(tmpdir(), "symbols-"));
after(() => rmSync(cacheDirectory, { recursive: true }));

interface Compilation {
  readonly version: number;
  readonly clang: "bundled" | "system";
}
const load = (files: readonly string[], { version, clang }: Compilation): Promise<Program> =>
  loadProgram(files, {
    ...{ workingDirectory: FIXTURES, cacheDirectory, clang, optimize: "audit" },
    compilerArguments: [`-gdwarf-${version}`],
  });

const compilations: Compilation[] = [2, 3, 4, 5].map((version) => ({ version, clang: "bundled" }));
if (findSystemClang()) compilations.push({ version: 4, clang: "system" }, { version: 5, clang: "system" });

for (const compilation of compilations) {
  describe(`variables in DWARF ${compilation.version}, ${compilation.clang} clang`, () => {
    for (const files of [["variables.c", "other.c"], ["variables.cc"]]) {
      it(`${files[0]}: are where the program says they are`, async () => {
        const program = await load(files, compilation);
        const symbols = loadSymbols(program);
        const { stdout, exitCode } = runProgram(program.wasm, ["program"]);
        assert.equal(exitCode, 0);
        const said = parseSaid(stdout);
        assert.ok(said.length > 25);
        for (const one of said.filter(({ kind }) => kind === "global")) checkGlobal(symbols, one);
        const bases = new Map<string, number>();
        for (const one of said.filter(({ kind }) => kind === "local")) checkLocal(program, symbols, one, bases);
        for (const one of said.filter(({ kind }) => kind === "member")) checkMember(symbols, one);
      });
    }
  });
}

function checkGlobal(symbols: SymbolTable, { name, place, sizeBytes }: Said): void {
  const found = symbols.globalAt(place + sizeBytes - 1);
  assert.ok(found, `${name} at ${place}`);
  const { variable, offset } = found;
  assert.equal(variable.name, name);
  assert.equal(variable.address, place, name);
  assert.equal(variable.sizeBytes, sizeBytes, name);
  assert.equal(offset, sizeBytes - 1);
  assert.ok(variable.line > 0 && /^(variables|other)\.cc?$/.test(variable.file), `${name}: ${variable.file}`);
}

/** @param bases the address of the frame by function and line, from the first variable that was checked there */
function checkLocal(program: Program, symbols: SymbolTable, said: Said, bases: Map<string, number>): void {
  const { of, name, place, sizeBytes, line } = said;
  const variable = visible(program, symbols, said);
  assert.ok(variable, `${name} in ${of}, line ${line}`);
  assert.equal(variable.sizeBytes, sizeBytes, name);
  assert.ok(variable.line > 0 && variable.line <= line, name);
  const frame = `${of} ${variable.functionIndex} ${variable.frameBase.kind} ${variable.frameBase.index}`;
  const base = bases.get(frame) ?? place - variable.offset;
  bases.set(frame, base);
  assert.equal(base + variable.offset, place, `${name} in ${of}, line ${line}`);
}

/** The variable of this name in the innermost block around the line. */
function visible(
  program: Program,
  symbols: SymbolTable,
  { of, name, line, sizeBytes }: Said,
): FrameVariable | undefined {
  const candidates = readFunctions(program.wasm)
    .flatMap(({ index }) => symbols.frameVariables(index))
    .filter((variable) => variable.name === name && variable.scope.replace(/<.*>$/, "").split("::").at(-1) === of)
    .filter(({ ranges }) =>
      ranges.some(({ start, end }) => {
        for (let offset = start; offset < end; offset++) if (program.lines.lookup(offset)?.line === line) return true;
        return false;
      }),
    );
  const width = ({ ranges }: FrameVariable): number => ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  // Instances of a template are told apart by size.
  const fitting = candidates.filter((variable) => variable.sizeBytes === sizeBytes);
  return (fitting.length === 0 ? candidates : fitting).sort((a, b) => width(a) - width(b))[0];
}

function checkMember(symbols: SymbolTable, { of, name, place, sizeBytes }: Said): void {
  const type =
    symbols.globals.find((variable) => variable.name === of)?.type ??
    Array.from({ length: 500 }, (_, index) => symbols.frameVariables(index))
      .flat()
      .find((variable) => variable.name === of)?.type;
  const isWhole = name === "[0]"; // an array of arrays, whose first byte is further inside
  assert.equal(symbols.member(type, place), isWhole ? "[0][0]" : name);
  if (!isWhole) assert.equal(symbols.member(type, place + sizeBytes - 1), name);
}

describe("what C variables are", () => {
  const table = async (): Promise<SymbolTable> =>
    loadSymbols(await load(["variables.c", "other.c"], { version: 4, clang: "bundled" }));

  it("have types by their names", async () => {
    const { globals } = await table();
    const typeOf = (name: string) => globals.find((variable) => variable.name === name)?.type;
    const expected = {
      ...{ initialised: "int", table: "int[10][20]", points: "struct point[4]", either: "union both" },
      ...{ bits: "struct flags", nameless: "", cells: "double *", label: "char *", shade: "enum color" },
      ...{ rows: "int (*)[20]", pairs: "pair *[3]", wide: "long long", ready: "_Bool" },
    };
    for (const [name, type] of Object.entries(expected)) assert.equal(typeOf(name)?.name, type, name);
    const points = typeOf("points");
    assert.ok(points?.kind === "array" && points.count === 4 && points.element?.kind === "record");
    const next = points.element.members.find(({ name }) => name === "next")?.type;
    assert.ok(next?.kind === "pointer" && next.target === points.element, "types lead back to themselves");
    assert.equal(points.element.members.find(({ name }) => name === "w")?.type?.name, "real[3]");
  });

  it("are told apart by file and function", async () => {
    const { globals } = await table();
    const named = (name: string) =>
      globals
        .filter((variable) => variable.name === name)
        .map(({ file, scope, isExternal }) => ({ file, scope, isExternal }));
    assert.deepEqual(
      named("counter").sort((a, b) => (a.file < b.file ? -1 : 1)),
      ["other.c", "variables.c"].map((file) => ({ file, scope: "", isExternal: false })),
    );
    assert.deepEqual(new Set(named("calls").map(({ scope }) => scope)), new Set(["count", "again"]));
    assert.deepEqual(named("elsewhere"), [{ file: "other.c", scope: "", isExternal: true }]);
  });

  it("have members that share a byte beside each other", async () => {
    const symbols = await table();
    const typeOf = (name: string) => symbols.globals.find((variable) => variable.name === name)?.type;
    assert.equal(symbols.member(typeOf("bits"), 0), ".low|high");
    assert.equal(symbols.member(typeOf("bits"), 5), ".wide");
    assert.equal(symbols.member(typeOf("either"), 0), ".whole|real|bytes");
    assert.equal(symbols.member(typeOf("either"), 11), ".bytes[11]");
    assert.equal(symbols.member(typeOf("counter"), 0), "");
    assert.equal(symbols.member(typeOf("table"), 4 * 21), "[1][1]");
    assert.equal(symbols.member(typeOf("table"), 800), "", "past the end");
  });
});

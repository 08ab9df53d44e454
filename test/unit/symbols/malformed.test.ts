import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { readSections, type Section } from "../../../src/program/lines/sections.ts";
import type { Program } from "../../../src/program/program.ts";
import { loadSymbols } from "../../../src/program/symbols/load-symbols.ts";
import type { SymbolTable, Variable } from "../../../src/program/symbols/symbols.ts";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { customSectionBytes } from "../program/modules.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/symbols");
const directory = mkdtempSync(join(tmpdir(), "malformed-"));
after(() => rmSync(directory, { recursive: true }));

/** A change to one section: bytes overwritten, or the end cut off. */
interface Damage {
  readonly section: number;
  readonly place: number;
  readonly bytes: Uint8Array;
  readonly cut: boolean;
}

const damages = fc.array(
  fc.record({
    section: fc.nat(),
    place: fc.nat(),
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 4 }),
      fc.constantFrom(new Uint8Array(4).fill(0xff), new Uint8Array(5).fill(0x80), new Uint8Array(2)),
    ),
    cut: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
);

function isDebug({ name }: Section): boolean {
  return name.startsWith(".debug_") || name === "name";
}

function damaged({ wasm }: Program, changes: readonly Damage[]): Uint8Array {
  const sections = readSections(wasm);
  const wanted = sections.filter(isDebug);
  const contents = wanted.map(({ start, end }) => wasm.slice(start, end));
  for (const { section, place, bytes, cut } of changes) {
    const i = section % contents.length;
    const at = contents[i].length === 0 ? 0 : place % contents[i].length;
    if (cut) contents[i] = contents[i].slice(0, at);
    else contents[i].set(bytes.subarray(0, contents[i].length - at), at);
  }
  const kept = wasm.slice(
    0,
    Math.max(...sections.filter((one) => !isDebug(one) && one.id !== 0).map(({ end }) => end)),
  );
  return Uint8Array.from([...kept, ...wanted.flatMap(({ name }, i) => customSectionBytes(name, contents[i]))]);
}

/** Asks for all that a table has. */
function askAll(symbols: SymbolTable): void {
  const variables: Variable[] = [...symbols.globals];
  for (let index = 0; index < 100; index++) {
    variables.push(...symbols.frameVariables(index));
    for (const found of [symbols.globalName(index), symbols.localName(index, 0)]) if (found) variables.push(found);
  }
  for (const [id, variable] of variables.entries()) {
    const offsets = [0, 1, 7, variable.sizeBytes - 1, 2 ** 31];
    for (const offset of offsets) assert.equal(typeof symbols.member(variable.type, offset), "string");
    assert.equal(typeof symbols.protectCall(variable, id).text, "string");
    assert.equal(typeof symbols.protectCall(variable, id, 24).text, "string");
  }
  for (const { address } of symbols.globals) symbols.globalAt(address);
}

describe("symbols of malformed modules", () => {
  const programs: Program[] = [];
  before(async () => {
    for (const version of [4, 5]) {
      for (const optimize of ["audit", "release"] as const) {
        programs.push(
          await loadProgram(["variables.c", "other.c"], {
            ...{ workingDirectory: FIXTURES, cacheDirectory: join(directory, "cache"), clang: "bundled", optimize },
            compilerArguments: [`-gdwarf-${version}`],
          }),
        );
      }
    }
  });

  it("are as before where nothing is damaged", () => {
    for (const program of programs) {
      const symbols = loadSymbols({ ...program, wasm: damaged(program, []) });
      const addresses = (table: SymbolTable) => table.globals.map(({ name, address }) => `${name} ${address}`);
      assert.ok(symbols.globals.length > 10);
      assert.deepEqual(addresses(symbols), addresses(loadSymbols(program)));
      askAll(symbols);
    }
  });

  it("are fewer or wrong, and always answer", () => {
    fc.assert(
      fc.property(fc.nat(3), damages, (which, changes) => {
        askAll(loadSymbols({ ...programs[which], wasm: damaged(programs[which], changes) }));
      }),
      { numRuns: 400 },
    );
  });

  it("are none of what is no module", () => {
    const [program] = programs;
    for (const length of [0, 7, 8, 100, 5000]) askAll(loadSymbols({ ...program, wasm: program.wasm.slice(0, length) }));
    assert.deepEqual(loadSymbols({ ...program, wasm: new Uint8Array([1, 2, 3]) }).globals, []);
  });
});

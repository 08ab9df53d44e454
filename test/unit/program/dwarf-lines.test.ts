import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { runLLVM } from "@yowasp/clang";
import { readDebugLines } from "../../../src/program/lines/debug-line.ts";
import { functionAt, readFunctions } from "../../../src/program/lines/functions.ts";
import { CODE_SECTION, customSection, readSections } from "../../../src/program/lines/sections.ts";
import { BadInputError } from "../../../src/program/program.ts";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { customSectionBytes, nopModule } from "./modules.ts";

const SOURCE = `#include <stdio.h>
#include "deep/part.h"
int table[64];
static int dropped(int x) { return x * 3; }
__attribute__((noinline)) void fill(int n) {
  for (int i = 0; i < n; i++)
    table[i] = n * i; // here
}
int main(int argc, char **argv) {
  fill(argc + 3);
  set_part(argc);
  return printf("%d\\n", table[2]) < 0;
}
`;
const HEADER = `#pragma once
extern int part;
__attribute__((noinline)) static void set_part(int value) {
  part = value; // there
}
int part;
`;

describe("DWARF line tables", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "lines-"));
    writeFileSync(join(directory, "main.c"), SOURCE);
    mkdirSync(join(directory, "deep"));
    writeFileSync(join(directory, "deep/part.h"), HEADER);
  });
  after(() => rmSync(directory, { recursive: true }));
  const compile = (version: number) =>
    loadProgram(["main.c"], {
      workingDirectory: directory,
      cacheDirectory: join(directory, "cache"),
      clang: "bundled",
      compilerArguments: [`-gdwarf-${version}`],
    });

  for (const version of [2, 3, 4, 5]) {
    it(`finds statements of known lines in DWARF ${version}`, async () => {
      const { wasm, lines } = await compile(version);
      assert.equal(lines.kind, "dwarf");
      const functions = readFunctions(wasm);
      const linesOf = (name: string): Set<string> => {
        const range = functions.find((candidate) => candidate.name === name);
        assert.ok(range, `${name} is in the name section`);
        const found = new Set<string>();
        for (let offset = range.start; offset < range.end; offset++) {
          assert.equal(functionAt(functions, offset), range);
          const line = lines.lookup(offset);
          if (line) found.add(`${line.file}:${line.line}`);
        }
        return found;
      };
      assert.ok(linesOf("fill").has("main.c:7"));
      assert.ok(linesOf("set_part").has("deep/part.h:4"));
      assert.ok([...linesOf("set_part")].every((line) => line.startsWith("deep/part.h:")));
      assert.equal(lines.lookup(0), undefined);
      assert.equal(lines.lookup(wasm.length), undefined);
    });

    it(`agrees with LLVM's symbolizer on every instruction in DWARF ${version}`, async () => {
      const { wasm } = await compile(version);
      const code = readSections(wasm).find((section) => section.id === CODE_SECTION);
      const lines = readDebugLines(wasm);
      assert.ok(lines && code);
      const addresses: number[] = [];
      for (const { name, start, end } of readFunctions(wasm)) {
        if (name !== "fill" && name !== "set_part" && name !== "main") continue;
        for (let offset = start; offset < end; offset++) addresses.push(offset - code.start);
      }
      const expected = await symbolize(wasm, addresses);
      assert.equal(expected.length, addresses.length);
      assert.ok(new Set(expected).size > 8);
      addresses.forEach((address, i) => {
        const line = lines.lookup(code.start + address);
        assert.equal(line ? `${line.file}:${line.line}:${line.column}` : "none", expected[i], `address ${address}`);
      });
    });
  }

  it("names the byte where a section breaks off, and never fails otherwise", async () => {
    for (const version of [4, 5]) {
      const { wasm } = await compile(version);
      const sections = readSections(wasm);
      for (const broken of [".debug_line", ".debug_info", ".debug_abbrev", ".debug_str", ".debug_line_str"]) {
        const whole = customSection(wasm, sections, broken);
        if (!whole) continue;
        const others = [".debug_line", ".debug_info", ".debug_abbrev", ".debug_str", ".debug_line_str"]
          .filter((name) => name !== broken)
          .map((name) => customSectionBytes(name, customSection(wasm, sections, name) ?? []));
        for (let length = 0; length < whole.length; length += broken === ".debug_str" ? 7 : 1) {
          const cut = customSectionBytes(broken, whole.subarray(0, length));
          const { module } = nopModule([3], ...others, cut);
          onlyBadInput(() => readDebugLines(module), /byte \d+/);
        }
      }
    }
  });

  it("survives any byte changed in its sections", async () => {
    const { wasm } = await compile(5);
    const sections = readSections(wasm);
    const line = customSection(wasm, sections, ".debug_line");
    assert.ok(line);
    const rest = [".debug_info", ".debug_abbrev", ".debug_str", ".debug_line_str", ".debug_str_offsets"].map((name) =>
      customSectionBytes(name, customSection(wasm, sections, name) ?? []),
    );
    for (let at = 0; at < line.length; at++) {
      for (const change of [0xff, 0x80, line[at] ^ 1]) {
        const changed = line.slice();
        changed[at] = change;
        const { module } = nopModule([3], ...rest, customSectionBytes(".debug_line", changed));
        onlyBadInput(() => readDebugLines(module), /byte \d+/);
      }
    }
  });
});

describe("modules", () => {
  it("are refused with the byte at which they break off", () => {
    const { module } = nopModule([3, 300], customSectionBytes("name", [1, 4, 1, 0, 1, 0x66]));
    assert.deepEqual(
      readFunctions(module).map(({ name, index, start, end }) => [name, index, end - start]),
      [
        ["f", 0, 5],
        [undefined, 1, 302],
      ],
    );
    for (let length = 0; length < module.length; length++) {
      onlyBadInput(() => readFunctions(module.subarray(0, length)), /byte \d+/);
    }
  });
});

/** Runs something that may succeed, or fail as bad input in one line. */
function onlyBadInput(run: () => unknown, message: RegExp): void {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof BadInputError, String(error));
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
  }
}

/** `file:line:column` of each address in the code section, as LLVM's own reader has it. */
async function symbolize(wasm: Uint8Array, addresses: readonly number[]): Promise<readonly string[]> {
  let text = "";
  const stdout = (bytes: Uint8Array | null): void => {
    if (bytes) text += new TextDecoder().decode(bytes);
  };
  const args = [
    "symbolizer",
    "--obj=a.wasm",
    "--no-inlines",
    "--functions=none",
    ...addresses.map((at) => `0x${at.toString(16)}`),
  ];
  await runLLVM(undefined, {}, { fetchProgress: () => {} });
  await runLLVM(args, { "a.wasm": wasm }, { stdout, stderr: stdout, fetchProgress: () => {} });
  return Array.from(text.trim().split(/\n+/), (line) => (/:0:\d+$/.test(line) ? "none" : line.replace(/^\.\//, "")));
}

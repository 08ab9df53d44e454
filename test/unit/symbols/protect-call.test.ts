import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { readFunctions } from "../../../src/program/lines/functions.ts";
import type { Program } from "../../../src/program/program.ts";
import { loadSymbols } from "../../../src/program/symbols/load-symbols.ts";
import type { ProtectCall, SymbolTable, Variable } from "../../../src/program/symbols/symbols.ts";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { runProgram } from "../program/small-host.ts";
import { parseSaid, type Said } from "./said.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/symbols");
const directory = mkdtempSync(join(tmpdir(), "protect-"));
after(() => rmSync(directory, { recursive: true }));

const load = (files: readonly string[]): Promise<Program> =>
  loadProgram(files, {
    ...{ workingDirectory: directory, cacheDirectory: join(directory, "cache"), clang: "bundled", optimize: "audit" },
    includeDirectories: [FIXTURES],
    compilerArguments: ["-Werror"],
  });

for (const name of ["say.h", "variables.c", "other.c", "variables.cc"]) {
  writeFileSync(join(directory, name), readFileSync(join(FIXTURES, name)));
}

function textOf(call: ProtectCall): string {
  assert.equal(call.kind, "call", call.text);
  return call.text;
}

/** Variables that `main` can name. */
function nameable(program: Program, symbols: SymbolTable, file: string): readonly Variable[] {
  const main = readFunctions(program.wasm).find(({ name }) => name === "main" || name === "__main_argc_argv");
  assert.ok(main);
  const outer = symbols.frameVariables(main.index).filter(({ ranges }) => ranges[0].end === main.end);
  const globals = symbols.globals.filter((one) => one.scope === "" && (one.file === file || one.isExternal));
  return [...globals, ...outer].filter(
    ({ name, file: declared }) => !name.startsWith("std::") && !declared.startsWith("/"),
  );
}

/** The program again, with these calls in the place that it has for them. */
async function withCalls(source: string, others: readonly string[], calls: readonly string[]): Promise<Program> {
  const extension = source.slice(source.lastIndexOf("."));
  const text = readFileSync(join(FIXTURES, source), "utf8")
    .replace("/* PROTECT */", calls.map((call) => `${call};`).join("\n  "))
    .replace('#include "say.h"', '#include "say.h"\n#include <veloc.h>');
  writeFileSync(join(directory, `protected${extension}`), text);
  return load([`protected${extension}`, ...others]);
}

describe("calls that protect variables of C and C++", () => {
  for (const { source, others } of [
    { source: "variables.c", others: ["other.c"] },
    { source: "variables.cc", others: [] },
  ]) {
    it(`${source}: compile, and protect the variable's bytes and no others`, async () => {
      const program = await load([source, ...others]);
      const symbols = loadSymbols(program);
      const variables = nameable(program, symbols, source).filter(
        (variable) => symbols.protectCall(variable, 0).kind === "call",
      );
      assert.ok(variables.length > 14, String(variables.length));
      const calls = variables.map((variable, id) => textOf(symbols.protectCall(variable, id)));
      const changed = await withCalls(source, others, calls);
      const { stdout, regions } = runProgram(changed.wasm, ["program"]);
      const said = parseSaid(stdout);
      let checked = 0;
      for (const [id, { name, scope, type }] of variables.entries()) {
        // What it protects instead of the variable itself is tested below.
        if (/\.data\(\)/.test(calls[id])) continue;
        const isSame = (one: Said): boolean =>
          one.name === name && (scope === "" ? one.kind === "global" : one.kind === "local" && one.of === "main");
        const place = said.find(isSame);
        if (!place) continue;
        assert.ok(type);
        assert.deepEqual(regions.get(id), { address: place.place, bytes: place.sizeBytes }, calls[id]);
        checked++;
      }
      assert.ok(checked > 12, String(checked));
    });
  }

  it("have the forms that people write", async () => {
    const symbols = loadSymbols(await load(["variables.c", "other.c"]));
    const textFor = (name: string, pointedBytes?: number): string => {
      const variable = symbols.globals.find((one) => one.name === name && one.file !== "other.c");
      assert.ok(variable, name);
      return textOf(symbols.protectCall(variable, 3, pointedBytes));
    };
    assert.equal(textFor("counter"), "VELOC_Mem_protect(3, &counter, 1, sizeof(int))");
    assert.equal(textFor("table"), "VELOC_Mem_protect(3, table, 10 * 20, sizeof(int))");
    assert.equal(textFor("points"), "VELOC_Mem_protect(3, points, 4, sizeof(struct point))");
    assert.equal(textFor("nameless"), "VELOC_Mem_protect(3, &nameless, 1, sizeof(nameless))");
    assert.equal(textFor("shade"), "VELOC_Mem_protect(3, &shade, 1, sizeof(enum color))");
    assert.equal(textFor("pairs"), "VELOC_Mem_protect(3, pairs, 3, sizeof(pair *))");
    assert.equal(textFor("cells", 8000), "VELOC_Mem_protect(3, cells, 1000, sizeof(double))");
    assert.equal(textFor("cells", 8001), "VELOC_Mem_protect(3, cells, 8001, 1)");
    assert.equal(textFor("rows", 400), "VELOC_Mem_protect(3, rows, 5, sizeof(int[20]))");
    assert.equal(textFor("cells"), "VELOC_Mem_protect(3, &cells, 1, sizeof(double *))");
  });

  it("protect the block behind a pointer, the elements of a vector, the target of a reference", async () => {
    const symbols = loadSymbols(await load(["variables.c", "other.c"]));
    const cells = symbols.globals.find(({ name }) => name === "cells");
    const rows = symbols.globals.find(({ name }) => name === "rows");
    assert.ok(cells && rows);
    const calls = [
      textOf(symbols.protectCall(cells, 0, 800)),
      textOf(symbols.protectCall(rows, 1, 400)),
      "VELOC_Mem_protect(2, cells, 1, 1)",
    ];
    const { regions } = runProgram((await withCalls("variables.c", ["other.c"], calls)).wasm, ["program"]);
    assert.deepEqual(regions.get(0), { address: regions.get(2)?.address, bytes: 800 });
    assert.equal(regions.get(1)?.bytes, 400);

    const cxx = await load(["variables.cc"]);
    const cxxSymbols = loadSymbols(cxx);
    const named = (name: string): Variable => {
      const found = nameable(cxx, cxxSymbols, "variables.cc").find((variable) => variable.name === name);
      assert.ok(found, name);
      return found;
    };
    const cxxCalls = ["values", "seen", "label", "alias", "sim::level"].map((name, id) =>
      textOf(cxxSymbols.protectCall(named(name), id)),
    );
    const made = runProgram((await withCalls("variables.cc", [], cxxCalls)).wasm, ["program"]).regions;
    assert.deepEqual(
      [0, 1, 2].map((id) => made.get(id)?.bytes),
      [80, 20, 5],
    );
    assert.deepEqual(made.get(3), made.get(4));
    const advice = cxxSymbols.protectCall(named("ordered"), 0);
    assert.equal(advice.kind, "advice");
    assert.match(advice.text, /^ordered is a std::map, which keeps its contents in blocks of its own/);
  });

  it("warn of addresses", async () => {
    const symbols = loadSymbols(await load(["variables.c", "other.c"]));
    const cautionOf = (name: string, pointedBytes?: number): string | undefined => {
      const variable = symbols.globals.find((one) => one.name === name);
      assert.ok(variable, name);
      const call = symbols.protectCall(variable, 1, pointedBytes);
      return call.kind === "call" ? call.caution : undefined;
    };
    for (const name of ["points", "pairs", "cells", "label"]) assert.match(cautionOf(name) ?? "", /addresses/, name);
    for (const name of ["table", "bits", "callback"]) assert.equal(cautionOf(name), undefined, name);
    assert.equal(cautionOf("cells", 800), undefined);
  });
});

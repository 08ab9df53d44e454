import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadSymbols } from "../../../src/program/symbols/load-symbols.ts";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { auditRestarts } from "../../../src/run/audit/audit.ts";
import { type Fix, fixesFor, type TextEdit } from "../../../src/run/audit/fixes.ts";
import { auditInput } from "./audit-input.ts";

const programs = new URL("../../fixtures/audit/programs/", import.meta.url);

/** Each with the calls that are written, and what the program's fixes must lead to: nothing is missed any more. */
const WRITTEN: Readonly<Record<string, readonly RegExp[]>> = {
  "heap-block.c": [/^VELOC_Mem_protect\(\d+, velocity, 150, sizeof\(double\)\)$/],
  "pointer-array.c": [/^VELOC_Mem_protect\(\d+, fields\[2\], 50, sizeof\(double\)\)$/],
  "matrix.cpp": [/^VELOC_Mem_protect\(2, gain\.cells\.get\(\), 144, sizeof\(double\)\)$/],
  "struct-member.c": [/^VELOC_Mem_protect\(/],
  "class-field.ts": [/^protectObject|^memProtect|^protect/],
  "loop-counter-local.c": [/^VELOC_Mem_protect\(\d+, &\w+, 1, sizeof\(int\)\)$/],
};

for (const [file, calls] of Object.entries(WRITTEN)) {
  test(`${file} with its fixes misses nothing`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "fixes-"));
    try {
      const path = join(folder, file);
      writeFileSync(path, readFileSync(new URL(file, programs), "utf8"));
      const fixes = await fixesOf(path);
      assert.equal(fixes.length, calls.length, fixes.map(({ call }) => call).join("\n"));
      for (const [i, call] of calls.entries()) assert.match(fixes[i].call, call);
      const edits = fixes.flatMap(({ edits: some }) => some);
      writeFileSync(path, edited(readFileSync(path, "utf8"), edits));
      assert.deepEqual(await fixesOf(path), []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

/** What stands between several blocks and one call is said instead. */
const ADVISED: Readonly<Record<string, RegExp>> = {
  "matrix-rows.c":
    /^Each block of rows\[i\] needs a region .* VELOC_Mem_protect\(2 \+ i, rows\[i\], 10, sizeof\(double\)\)/,
  "linked-list.c": /^These are several blocks/,
};

for (const [file, advice] of Object.entries(ADVISED)) {
  test(`${file}: no call alone would do`, async () => {
    const [fix] = await fixesOf(fileURLToPath(new URL(file, programs)));
    assert.deepEqual(fix.edits, []);
    assert.match(fix.caution ?? "", advice);
  });
}

/** What is proposed about all that is missed. */
async function fixesOf(path: string): Promise<Fix[]> {
  const program = await loadProgram([path], { clang: "bundled", optimize: "audit" });
  const { unprotected } = auditRestarts(auditInput(program), { symbols: loadSymbols(program) });
  const fixes = fixesFor(unprotected, program);
  return unprotected.map(({ symbol }, i) => {
    const fix = fixes[i];
    assert.ok(fix !== undefined, `nothing is proposed about ${symbol}`);
    return fix;
  });
}

function edited(text: string, edits: readonly TextEdit[]): string {
  let result = text;
  for (const { start, end, text: put } of [...edits].sort((a, b) => b.start - a.start))
    result = result.slice(0, start) + put + result.slice(end);
  return result;
}

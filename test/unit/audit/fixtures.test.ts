import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Program } from "../../../src/program/program.ts";
import { loadSymbols } from "../../../src/program/symbols/load-symbols.ts";
import type { Variable } from "../../../src/program/symbols/symbols.ts";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { AUDIT_PROGRAMS, type AuditProgram, markedLines } from "../../fixtures/audit/expected.ts";
import type { ModelImage } from "../acceptance/model-veloc.ts";
import { type Commit, emptyFolder, endsTheSame, type Run, restartFrom, runModel, type World } from "./restarts.ts";

const root = new URL("../../../", import.meta.url);
const folder = new URL("test/fixtures/audit/programs/", root);
const cacheDirectory = fileURLToPath(new URL("node_modules/.cache/checkpoint-lens-acceptance", root));
const scratch = mkdtemp(join(tmpdir(), "checkpoint-lens-"));
after(async () => rm(await scratch, { recursive: true }));

test("each program is in the table, each finding has its lines", () => {
  const files = readdirSync(folder).sort();
  assert.deepEqual(AUDIT_PROGRAMS.map(({ file }) => file).sort(), files);
  for (const { file, findings } of AUDIT_PROGRAMS) {
    const source = readFileSync(new URL(file, folder), "utf8");
    for (const { kind, symbol, storage } of findings) {
      const mark = kind === "dead" ? "dead" : "reads";
      assert.equal(markedLines(source, mark, symbol).length, 1, `${file}: ${mark} ${symbol}`);
      const isWritten = kind === "unprotected" && !["file", "standard input"].includes(storage);
      if (isWritten) assert.notEqual(markedLines(source, "writes", symbol).length, 0, `${file}: writes ${symbol}`);
    }
  }
});

for (const program of AUDIT_PROGRAMS) {
  test(`${program.file}: ${program.about}`, async () => {
    const compiled = await compile(fileURLToPath(new URL(program.file, folder)));
    assertVariables(program, compiled);
    const { wasm } = compiled;
    const reference = runModel(wasm, worldOf(program));
    assert.equal(reference.how, "exit 0");
    const versions = [...new Set(reference.commits.map(({ image }) => image.version))];
    assert.deepEqual(versions, program.versions);
    assert.deepEqual(differing(wasm, reference, program), program.restartsThatDiffer);
    for (const index of reference.commits.keys()) {
      const { restored } = restartFrom(wasm, reference, index, stdinOf(program));
      assert.equal(restored, program.startsFromScratch !== true);
    }
    assertDead(program, wasm, reference);
    await assertRepaired(program, reference);
  });
}

/** What has a name in the source is a variable of at least that size. */
function assertVariables({ findings }: AuditProgram, compiled: Program): void {
  for (const { symbol, storage, bytes = 0 } of findings) {
    if (!["global", "function static", "local", "module variable"].includes(storage)) continue;
    const [name] = symbol.split(".");
    const found = variablesOf(compiled).filter((one) => one.name === name && one.file === compiled.path);
    assert.ok(found.length === 1 && found[0].sizeBytes >= bytes, `${symbol}: ${JSON.stringify(found)}`);
  }
}

/** Other bytes in an image where a region is dead change nothing. */
function assertDead(program: AuditProgram, wasm: Uint8Array, reference: Run): void {
  for (const { symbol, dead, bytes } of program.findings) {
    if (dead === undefined) continue;
    const commits = reference.commits.map((commit) => withImage(commit, scrambled(commit.image, dead, bytes)));
    for (const index of commits.keys()) {
      const before = restartFrom(wasm, reference, index, stdinOf(program));
      const now = restartFrom(wasm, { ...reference, commits }, index, stdinOf(program));
      assert.ok(now.stdout.equals(before.stdout) && now.how === before.how, `${symbol} is not dead`);
    }
  }
}

/** With what was forgotten, it ends the same from every checkpoint. */
async function assertRepaired(program: AuditProgram, reference: Run): Promise<void> {
  if (program.repair === undefined) return;
  let text = readFileSync(new URL(program.file, folder), "utf8");
  for (const [from, to] of program.repair) {
    assert.equal(text.split(from).length, 2, `${from} does not stand once in ${program.file}`);
    text = text.replace(from, to);
  }
  const path = join(await scratch, program.file);
  await writeFile(path, text);
  const { wasm } = await compile(path);
  const repaired = runModel(wasm, worldOf(program));
  assert.ok(repaired.stdout.equals(reference.stdout), "the repaired program does something else");
  assert.deepEqual(differing(wasm, repaired, program), []);
}

function stdinOf({ stdin }: AuditProgram): Uint8Array | undefined {
  return stdin === undefined ? undefined : Buffer.from(stdin);
}

function worldOf(program: AuditProgram): World {
  const stdin = stdinOf(program);
  return { files: emptyFolder, ...(stdin === undefined ? {} : { stdin }) };
}

/** As the audit compiles it. */
async function compile(path: string): Promise<Program> {
  return loadProgram([path], { cacheDirectory, clang: "bundled", optimize: "audit" });
}

function variablesOf(program: Program): Variable[] {
  const symbols = loadSymbols(program);
  const variables: (Variable | undefined)[] = [...symbols.globals];
  for (let index = 0; index < 2000; index++) {
    variables.push(symbols.globalName(index), ...symbols.frameVariables(index));
    for (let local = 0; local < 30; local++) variables.push(symbols.localName(index, local));
  }
  return variables.filter((variable) => variable !== undefined);
}

function differing(wasm: Uint8Array, reference: Run, program: AuditProgram): number[] {
  const indices = [...reference.commits.keys()];
  return indices
    .filter((index) => !endsTheSame(reference, index, restartFrom(wasm, reference, index, stdinOf(program))))
    .map((index) => reference.commits[index].image.version);
}

function withImage(commit: Commit, image: ModelImage): Commit {
  return { ...commit, image };
}

type Dead = NonNullable<AuditProgram["findings"][number]["dead"]>;

/** The image with other bytes where a region is said to be dead. */
function scrambled(image: ModelImage, { region, offset, length, stride }: Dead, bytes: number | undefined): ModelImage {
  const key = `${region} `;
  const saved = image.regions.get(key)?.slice();
  assert.ok(saved !== undefined, `version ${image.version} has no region ${region}`);
  let count = 0;
  for (let at = offset; at < saved.length; at += stride) {
    for (let i = at; i < at + length; i++, count++) saved[i] ^= 0xa5;
  }
  assert.equal(count, bytes);
  return { ...image, regions: new Map(image.regions).set(key, saved) };
}

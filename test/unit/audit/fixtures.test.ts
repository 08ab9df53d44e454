import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { AUDIT_PROGRAMS, type AuditProgram, markedLines } from "../../fixtures/audit/expected.ts";
import type { ModelImage } from "../acceptance/model-veloc.ts";
import { type Commit, emptyFolder, endsTheSame, type Run, restartFrom, runModel } from "./restarts.ts";

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
    const text = readFileSync(new URL(program.file, folder), "utf8");
    const wasm = await compile(fileURLToPath(new URL(program.file, folder)));
    const stdin = program.stdin === undefined ? undefined : Buffer.from(program.stdin);
    const reference = runModel(wasm, worldOf(program));
    assert.equal(reference.how, "exit 0");
    const versions = [...new Set(reference.commits.map(({ image }) => image.version))];
    assert.deepEqual(versions, program.versions);
    assert.deepEqual(differing(wasm, reference, stdin), program.restartsThatDiffer);
    for (const index of reference.commits.keys()) {
      const { restored } = restartFrom(wasm, reference, index, stdin);
      assert.equal(restored, program.startsFromScratch !== true);
    }

    for (const { symbol, dead, bytes } of program.findings) {
      if (dead === undefined) continue;
      const commits = reference.commits.map((commit) => withImage(commit, scrambled(commit.image, dead, bytes)));
      for (const index of commits.keys()) {
        const before = restartFrom(wasm, reference, index, stdin);
        const now = restartFrom(wasm, { ...reference, commits }, index, stdin);
        assert.ok(now.stdout.equals(before.stdout) && now.how === before.how, `${symbol} is not dead`);
      }
    }

    if (program.repair === undefined) return;
    let repaired = text;
    for (const [from, to] of program.repair) {
      assert.equal(repaired.split(from).length, 2, `${from} does not stand once in ${program.file}`);
      repaired = repaired.replace(from, to);
    }
    const path = join(await scratch, program.file);
    await writeFile(path, repaired);
    const wasmRepaired = await compile(path);
    const again = runModel(wasmRepaired, worldOf(program));
    assert.ok(again.stdout.equals(reference.stdout), "the repaired program does something else");
    assert.deepEqual(differing(wasmRepaired, again, stdin), []);
  });
}

function worldOf({ stdin }: AuditProgram) {
  return { files: emptyFolder, ...(stdin === undefined ? {} : { stdin: Buffer.from(stdin) }) };
}

/** As the audit compiles it: every local in memory. */
async function compile(path: string): Promise<Uint8Array> {
  const compilerArguments = path.endsWith(".ts") ? [] : ["-O0"];
  return (await loadProgram([path], { cacheDirectory, clang: "bundled", compilerArguments })).wasm;
}

function differing(wasm: Uint8Array, reference: Run, stdin: Uint8Array | undefined): number[] {
  const indices = [...reference.commits.keys()];
  return indices
    .filter((index) => !endsTheSame(reference, index, restartFrom(wasm, reference, index, stdin)))
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

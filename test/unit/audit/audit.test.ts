import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadSymbols } from "../../../src/program/symbols/load-symbols.ts";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { type Audit, auditRestarts } from "../../../src/run/audit/audit.ts";
import { AUDIT_PROGRAMS, type AuditProgram, type ExpectedFinding, markedLines } from "../../fixtures/audit/expected.ts";
import { auditInput } from "./audit-input.ts";

const root = new URL("../../../", import.meta.url);
const folder = new URL("test/fixtures/audit/programs/", root);
const cacheDirectory = fileURLToPath(new URL("node_modules/.cache/checkpoint-lens-acceptance", root));

for (const program of AUDIT_PROGRAMS) {
  test(`${program.file}: ${program.about}`, async () => {
    const source = readFileSync(new URL(program.file, folder), "utf8");
    const audit = await auditOf(program);
    assertRestarts(program, audit);
    assertUnprotected(program, audit, source);
    assertDead(program, audit);
    const harmless = audit.harmless.filter(({ kind }) => kind === "unprotected").map(({ symbol }) => symbol);
    const expected = program.findings.filter(({ kind, changes }) => kind === "unprotected" && changes === "nothing");
    for (const { symbol } of expected) assert.ok(harmless.includes(symbol), `${symbol} is not among ${harmless}`);
  });
}

function assertRestarts(program: AuditProgram, { versions }: Audit): void {
  assert.deepEqual([...new Set(versions.map(({ version }) => version))], program.versions);
  const differing = versions.filter(({ difference }) => difference !== undefined).map(({ version }) => version);
  // What a program says of its restart is no difference to a campaign.
  const expected =
    changing(program).length === 0 && program.file === "restart-message.c" ? [] : program.restartsThatDiffer;
  assert.deepEqual(differing, expected);
  for (const { restoredVersion } of versions)
    assert.equal(restoredVersion === null, program.startsFromScratch === true);
}

/** Exactly what is expected, at its lines, and proved. */
function assertUnprotected(program: AuditProgram, { unprotected }: Audit, source: string): void {
  const expected = changing(program);
  const names = new Set([...expected.map(nameOf), ...(program.refused === undefined ? [] : [program.refused])]);
  // A vector is two things: itself, and what it holds.
  const found = unprotected.filter(({ symbol }) => !symbol.endsWith("[]"));
  assert.deepEqual(new Set(found.map(({ symbol }) => symbol)), names);
  for (const { effect, symbol } of unprotected) {
    const isProved = effect === "changes the result" || symbol === program.refused;
    assert.ok(isProved, `${symbol}: ${effect}`);
  }
  for (const one of expected) {
    const finding = found.find(({ symbol }) => symbol === nameOf(one));
    assert.ok(finding !== undefined);
    const { readAt, writtenAt, firstRestartVersion, bytes, subject } = finding;
    const reads = readLines(program, one, source);
    assert.ok(reads.includes(readAt?.line ?? 0), `${one.symbol} is read at ${readAt?.line}, not at ${reads}`);
    const writes = expected
      .filter((other) => nameOf(other) === nameOf(one))
      .flatMap(({ symbol }) => markedLines(source, "writes", symbol));
    const allocates = markedLines(source, "allocates", one.symbol);
    if (writes.length > 0 && one.storage !== "file" && one.storage !== "library")
      assert.ok(
        writes.includes(writtenAt?.line ?? 0),
        `${one.symbol} is written at ${writtenAt?.line}, not at ${writes}`,
      );
    if (allocates.length > 0) assert.equal(subject.allocatedAt?.line, allocates[0]);
    if (one.named === undefined || one.named.startsWith(one.symbol)) {
      assert.equal(firstRestartVersion, one.firstRestartVersion);
      if (one.bytes !== undefined && one.storage !== "library") assert.equal(bytes, one.bytes);
    }
  }
}

function assertDead(program: AuditProgram, { dead }: Audit): void {
  const expected = program.findings.flatMap(({ kind, symbol, bytes, firstRestartVersion, dead: which }) =>
    kind === "dead" ? [{ symbol, bytes, firstRestartVersion, region: which?.region }] : [],
  );
  const found = dead.map(({ symbol, bytes, firstRestartVersion, region }) => ({
    ...{ symbol: symbol.replace("->buffer", ""), bytes, firstRestartVersion, region },
  }));
  assert.deepEqual(found, expected);
}

function changing({ findings }: AuditProgram): readonly ExpectedFinding[] {
  return findings.filter(({ kind, changes }) => kind === "unprotected" && changes !== "nothing");
}

function nameOf({ named, symbol }: ExpectedFinding): string {
  return named ?? symbol;
}

/** Of all that goes by the same name. */
function readLines(program: AuditProgram, one: ExpectedFinding, source: string): number[] {
  return changing(program)
    .filter((other) => nameOf(other) === nameOf(one))
    .flatMap(({ symbol }) => markedLines(source, "reads", symbol));
}

async function auditOf({ file, stdin }: AuditProgram): Promise<Audit> {
  const path = fileURLToPath(new URL(file, folder));
  const program = await loadProgram([path], { cacheDirectory, clang: "bundled", optimize: "audit" });
  return auditRestarts(auditInput(program, stdin), { symbols: loadSymbols(program) });
}

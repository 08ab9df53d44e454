import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cli, cliJson, sample, scratch } from "./cli.ts";

const fixture = (name: string) => `test/fixtures/restarts/${name}`;

interface Mismatch {
  readonly version: number;
  readonly difference: string;
}

interface Version {
  readonly version: number;
  readonly survived: boolean;
  readonly restoredVersion: number | null;
  readonly lostCycles: number;
  readonly recovery: Readonly<Record<"detect" | "reload" | "restore" | "reentry", number>>;
}

test("a sample survives a crash after each checkpoint, and its recovery is priced", () => {
  const { code } = cli(["crash", sample("kv.ts"), "--", "4096"]);
  assert.equal(code, 0);
  const { restarts, survived, mismatches, versions } = cliJson([
    ...["crash", sample("kv.ts"), "--target", "replica", "--detect", "1ms", "--", "4096"],
  ]);
  assert.deepEqual([restarts, survived, mismatches], [10, 10, []]);
  for (const { restoredVersion, version, lostCycles, recovery } of versions as Version[]) {
    assert.equal(restoredVersion, version);
    assert.equal(lostCycles, 0);
    for (const [part, cycles] of Object.entries(recovery)) assert.ok(cycles > 0, `${part} of version ${version}`);
  }
});

test("a forgotten counter shows as a mismatch after each restart, and the command exits with 1", () => {
  const { code, stdout, stderr } = cli(["crash", fixture("forgotten-counter.c"), "--json"]);
  assert.equal(code, 1, stderr);
  const { restarts, survived, mismatches } = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual([restarts, survived], [4, 0]);
  assert.deepEqual(
    (mismatches as Mismatch[]).map(({ version }) => version),
    [1, 2, 3, 4],
  );
  const first = cli(["crash", fixture("forgotten-counter.c"), "--stop-at-first", "--json"]);
  assert.equal((JSON.parse(first.stdout) as { restarts: number }).restarts, 1);
  assert.match(cli(["crash", fixture("forgotten-counter.c")]).stdout, /does not survive: 4 of 4 restarts/);
});

test("a lost position in the standard input, and a file begun anew, are told", () => {
  const folder = scratch();
  const numbers = join(folder, "numbers");
  writeFileSync(numbers, Array.from({ length: 20 }, (_, i) => `${i}\n`).join(""));
  const input = cli(["crash", fixture("standard-input.c"), "--stdin", numbers]);
  assert.equal(input.code, 1, input.stderr);
  assert.match(input.stdout, /it took 4 checkpoints after that|where the reference has/);
  const data = join(folder, "data");
  mkdirSync(data);
  writeFileSync(join(data, "log.txt"), "as it was\n");
  const log = cli(["crash", fixture("appended-file.c"), "--dir", `${data}::/data`]);
  assert.equal(log.code, 1, log.stderr);
  assert.match(log.stdout, /the file \/data\/log\.txt holds something else than the reference's/);
  assert.equal(readFileSync(join(data, "log.txt"), "utf8"), "as it was\n", "folders of the host are left alone");
});

test("a program that begins from the start has survived, and lost all its work", () => {
  const { survived, versions, failures } = cliJson(["crash", fixture("never-restarts.c"), "--fail-at", "1"]);
  assert.equal(survived, 4);
  for (const { restoredVersion, lostCycles } of versions as Version[]) {
    assert.equal(restoredVersion, null);
    assert.ok(lostCycles > 0);
  }
  assert.deepEqual(
    (failures as { version: number | null; lostCycles: number }[]).map(({ version, lostCycles }) => [
      version,
      lostCycles,
    ]),
    [[null, 1]],
  );
});

test("time and random numbers are pinned, and said to matter", () => {
  const { code, stdout } = cli(["crash", fixture("timed.c"), "--json"]);
  assert.equal(code, 0, stdout);
  const { survived, dependsOn } = JSON.parse(stdout) as Record<string, unknown>;
  assert.equal(survived, 4);
  assert.deepEqual(dependsOn, { time: true, randomness: true });
  assert.equal(cli(["crash", fixture("timed.c"), "--json"]).stdout, stdout, "byte-identical");
});

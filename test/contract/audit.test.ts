import assert from "node:assert/strict";
import { test } from "node:test";
import { cli, cliJson, sample } from "./cli.ts";

const fixture = (name: string) => `test/fixtures/audit/programs/${name}`;

interface Place {
  readonly file: string;
  readonly line: number;
}

interface Finding {
  readonly kind: string;
  readonly symbol: string;
  readonly region?: number;
  readonly address: number;
  readonly bytes: number;
  readonly readAt?: Place;
  readonly writtenAt?: Place;
  readonly firstRestartVersion: number;
  readonly savings?: readonly { readonly technique: string; readonly share: number }[];
  readonly fix?: { readonly call: string; readonly edits: readonly unknown[] };
}

test("what was forgotten is found at its lines, the same from run to run, and --strict exits with 1", () => {
  const { code, stdout, stderr } = cli(["audit", fixture("struct-member.c"), "--json"]);
  assert.equal(code, 0, stderr);
  const { restarts, findings } = JSON.parse(stdout) as { restarts: number; findings: readonly Finding[] };
  assert.equal(restarts, 3);
  assert.equal(findings.length, 1);
  const [{ kind, symbol, bytes, address, readAt, writtenAt, firstRestartVersion, fix }] = findings;
  assert.deepEqual([kind, symbol, bytes, firstRestartVersion], ["unprotected", "clock.wound", 8, 1]);
  assert.ok(address > 0);
  assert.deepEqual(
    [readAt, writtenAt],
    [
      { file: fixture("struct-member.c"), line: 15 },
      { file: fixture("struct-member.c"), line: 15 },
    ],
  );
  assert.match(fix?.call ?? "", /^VELOC_Mem_protect\(\d, &clock, 1, sizeof\(struct pendulum\)\)$/);
  assert.equal(cli(["audit", fixture("struct-member.c"), "--json"]).stdout, stdout);
  const strict = cli(["audit", fixture("struct-member.c"), "--strict"]);
  assert.equal(strict.code, 1);
  assert.match(strict.stdout, /does not survive: 3 of 3 restarts/);
  assert.match(strict.stdout, /clock\.wound: struct pendulum in main, 8 bytes, declared at \S+struct-member\.c:20/);
});

test("what is dead has its region and what it costs under each technique", () => {
  const { findings, harmless } = cliJson(["audit", fixture("dead-array.c"), "--strict"]) as {
    findings: readonly Finding[];
    harmless: readonly unknown[];
  };
  assert.deepEqual(harmless, []);
  assert.deepEqual(
    findings.map(({ kind, symbol, region, bytes }) => [kind, symbol, region, bytes]),
    [["dead", "product", 2, 2304]],
  );
  const savings = findings[0].savings ?? [];
  const share = (technique: string) => savings.find((one) => one.technique === technique)?.share ?? 0;
  assert.ok(share("full-copy") > 0.1 && share("full-copy") < 1, `${share("full-copy")}`);
  assert.ok(savings.length > 5);
});

test("a correct program has no finding, and says so", () => {
  const { code, stdout } = cli(["audit", sample("kv.ts"), "--strict", "--", "2048"]);
  assert.equal(code, 0);
  assert.match(stdout, /has all that it lives on after a restart/);
});

test("a program that does not end, and one that takes no checkpoint, are told so", () => {
  const endless = cli(["audit", fixture("accumulator.c"), "--max-cycles", "1000"]);
  assert.equal(endless.code, 2);
  assert.match(endless.stderr, /does not end by itself/);
});

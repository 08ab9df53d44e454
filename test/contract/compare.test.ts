import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ENVIRONMENTS } from "../../src/checkpoint/technique.ts";
import { TECHNIQUE_IDS } from "../../src/checkpoint/techniques.ts";
import { cli, cliJson, program, sample, scratch } from "./cli.ts";

interface Result {
  readonly environment: string;
  readonly technique: string;
  readonly available: boolean;
  readonly reason?: string;
  readonly overheadCycles: number;
  readonly low: number;
  readonly high: number;
  readonly overheadPercent: number;
  readonly costByLayer: Record<string, number>;
  readonly costByPrimitive: readonly { readonly primitive: string; readonly count: number }[];
  readonly meanCheckpointCycles: number;
  readonly shareByConfidence: Readonly<Record<string, number>>;
  readonly lowConfidenceShare: number;
  readonly lowConfidencePrices: readonly { readonly price: string; readonly share: number }[];
}

const results = (json: Record<string, unknown>) => json.results as readonly Result[];

test("compare: every technique in every environment, with bands or a reason", () => {
  const json = cliJson(["compare", program("counter.c")]);
  const cells = results(json);
  assert.equal(cells.length, ENVIRONMENTS.length * TECHNIQUE_IDS.length);
  for (const cell of cells) {
    if (!cell.available) {
      assert.match(cell.reason ?? "", /needs .+, and .+ has none; choose /);
      continue;
    }
    assert.ok(cell.low <= cell.overheadCycles && cell.overheadCycles <= cell.high);
    assert.ok(cell.overheadPercent > 0 && cell.meanCheckpointCycles > 0);
  }
  const pv = cells.filter(({ environment }) => environment === "xen-pv");
  const cost = (technique: string) => pv.find((cell) => cell.technique === technique)?.overheadCycles ?? Number.NaN;
  assert.ok(cost("hv-protect") < cost("mprotect"), "the hypervisor's help saves something");
});

test("compare: the text answers within 120 columns, and its answers are those of the JSON", () => {
  for (const options of [[], ["--commit", "async", "--target", "replica", "--bandwidth", "10Gbit"]]) {
    const { stdout, code } = cli(["compare", sample("btree.c"), ...options, "--", "150"]);
    assert.equal(code, 0);
    const lines = stdout.split("\n");
    for (const line of lines) assert.ok(line.length <= 120, `${line.length} columns: ${line}`);
    const cells = results(cliJson(["compare", sample("btree.c"), ...options, "--", "150"]));
    for (const environment of ENVIRONMENTS) {
      const ranked = cells
        .filter((cell) => cell.environment === environment && cell.available)
        .sort((a, b) => a.overheadCycles - b.overheadCycles)
        // What needs a processor that nobody has built is no answer.
        .sort((a, b) => Number(a.technique === "epml") - Number(b.technique === "epml"));
      const [answer] = lines.filter((line) => line.startsWith(`${environment} `));
      assert.equal(answer.split(/ +/)[1], ranked[0].technique);
      const at = lines.findIndex((line) => line.startsWith(`${environment} `) && line.includes("overhead"));
      assert.deepEqual(
        lines.slice(at + 1, at + 1 + ranked.length).map((line) => line.split(" ")[0]),
        ranked.map(({ technique }) => technique),
      );
    }
    const refused = stdout.slice(stdout.indexOf("Not available:")).replaceAll(/\s+/g, " ");
    for (const { technique, environment, available } of cells) {
      if (!available) assert.match(refused, new RegExp(`${technique}\\b[^:]* in [^:]*${environment}\\b[^:]*:`));
    }
  }
});

test("compare: how sure the prices are that each figure rests on", () => {
  for (const cell of results(cliJson(["compare", program("counter.c")]))) {
    if (!cell.available) continue;
    const sum = Object.values(cell.shareByConfidence).reduce((total, share) => total + share, 0);
    assert.ok(Math.abs(sum - 1) < 1e-9);
    const { C = 0, D = 0 } = cell.shareByConfidence;
    assert.ok(Math.abs(cell.lowConfidenceShare - C - D) < 1e-9);
    for (const { share, price } of cell.lowConfidencePrices) assert.ok(share > 0 && price !== "");
  }
});

test("compare: a supposed network changes prices, and no count", () => {
  const args = ["compare", program("counter.c"), "--target", "replica"];
  const [slow, fast] = ["1Gbit", "100Gbit"].map((rate) =>
    cliJson([...args, "--bandwidth", rate, "--round-trip", "50us"]),
  );
  assert.deepEqual((fast.options as Record<string, unknown>).bandwidthBitsPerSecond, 1e11);
  assert.deepEqual((fast.options as Record<string, unknown>).roundTripMicroseconds, 50);
  assert.equal((fast.options as Record<string, unknown>).diskFlushMicroseconds, null);
  const counts = (json: Record<string, unknown>) =>
    results(json).map(({ costByPrimitive }) =>
      (costByPrimitive ?? []).map(({ primitive, count }) => `${primitive} ${count}`).sort(),
    );
  assert.deepEqual(counts(fast), counts(slow));
  for (const [i, { available, costByLayer }] of results(slow).entries()) {
    if (!available) continue;
    const other = results(fast)[i].costByLayer;
    assert.ok(costByLayer.wire > other.wire);
    assert.deepEqual({ ...costByLayer, wire: 0 }, { ...other, wire: 0 });
  }
  for (const [option, value] of [
    ["--bandwidth", "fast"],
    ["--round-trip", "0"],
    ["--disk-flush", "8m"],
  ]) {
    const { code, stderr } = cli([...args, option, value]);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`^option '${option} .*' is invalid\\. .*wanted`));
    assert.equal(stderr.trim().split("\n").length, 1);
  }
});

test("compare: a run file gives the same as its program", () => {
  const file = join(scratch(), "run.cklens");
  cliJson(["run", program("counter.c"), "--out", file]);
  const fromFile = cliJson(["compare", file]);
  const fromProgram = cliJson(["compare", program("counter.c")]);
  assert.deepEqual(results(fromFile), results(fromProgram));
});

test("compare: what says how a program runs is refused with a run file, which does not run", () => {
  const file = join(scratch(), "run.cklens");
  cliJson(["run", program("counter.c"), "--out", file]);
  for (const [given, ...values] of [
    ["--seed", "3"],
    ["--max-cycles", "1000"],
    ["--env-var", "A=B"],
  ]) {
    const { code, stdout, stderr } = cli(["compare", file, given, ...values]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(
      stderr,
      new RegExp(`^${given} is for a program that runs, .*; leave it out, or name the program instead\n$`),
    );
  }
  assert.match(cli(["compare", file, "--", "64", "3"]).stderr, /^"64 3" is for a program that runs/);
  assert.match(
    cli(["export", file, "--format", "csv", "--bandwidth", "1Gbit"]).stderr,
    /^--bandwidth .*; leave it out\n$/,
  );
  // Of what concerns some of the techniques the others need not know.
  const json = cliJson(["compare", file, "--hybrid-writes", "3", "--techniques", "mprotect,hv-hybrid"]);
  assert.equal((json.options as Record<string, unknown>).hybridWrites, 3);
});

test("compare: what is refused in several environments names what can be chosen in each", () => {
  const { stdout } = cli(["compare", program("counter.c"), "--commit", "async"]);
  const refused = stdout
    .slice(stdout.indexOf("Not available:"))
    .replaceAll(/\n {4}/g, " ")
    .split("\n");
  const [native, xen] = ["in native: --commit async", "in xen-pv, xen-shadow, xen-hap: --commit async"].map((where) =>
    refused.find((line) => line.startsWith("full-copy, ") && line.includes(where)),
  );
  assert.match(native ?? "", /choose --commit sync, or mprotect or uffd-wp or uffd-wp-sigbus$/);
  assert.match(xen ?? "", / or hv-protect or /);
});

test("compare --live: each live run has the ledger of its replay", () => {
  for (const [path, ...size] of [
    [program("counter.c")],
    [program("pages.wat")],
    [sample("btree.c"), "--", "150"],
    [sample("order-book.ts"), "--techniques", "mprotect,hv-emulate", "--environments", "xen-hap", "--", "3000"],
  ]) {
    const live = cli(["compare", path, "--live", "--json", ...size]);
    assert.equal(live.code, 0, live.stderr);
    const replayed = cliJson(["compare", path, ...size]);
    assert.deepEqual(results(JSON.parse(live.stdout) as Record<string, unknown>), results(replayed));
  }
});

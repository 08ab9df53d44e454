import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ENVIRONMENTS, TECHNIQUE_IDS } from "../../src/checkpoint/technique.ts";
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

test("compare: a run file gives the same as its program", () => {
  const file = join(scratch(), "run.cklens");
  cliJson(["run", program("counter.c"), "--out", file]);
  const fromFile = cliJson(["compare", file]);
  const fromProgram = cliJson(["compare", program("counter.c")]);
  assert.deepEqual(results(fromFile), results(fromProgram));
});

test("compare --live: each live run has the ledger of its replay", () => {
  for (const path of [program("counter.c"), program("pages.wat"), sample("btree.c"), sample("order-book.ts")]) {
    const live = cli(["compare", path, "--live", "--json"]);
    assert.equal(live.code, 0, live.stderr);
    const replayed = cliJson(["compare", path]);
    assert.deepEqual(results(JSON.parse(live.stdout) as Record<string, unknown>), results(replayed));
  }
});

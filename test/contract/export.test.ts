import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tableFromIPC } from "@uwdata/flechette";
import { cli, cliJson, sample, scratch } from "./cli.ts";

const file = join(scratch(), "kv.run");
const run = cliJson(["run", sample("kv.ts"), "--out", file]) as {
  totals: { overheadCycles: number };
  lines: { line: number; cycles: number }[];
};

test("a run file is exported as tables whose costs are those of the run", () => {
  const csv = cli(["export", file, "--format", "csv"]);
  assert.equal(csv.code, 0);
  const [head, ...rows] = csv.stdout.trimEnd().split("\r\n");
  const names = head.split(",");
  const overhead = rows
    .map((row) => row.split(","))
    .filter((row) => row[names.indexOf("phase")] !== "run")
    .reduce((sum, row) => sum + Number(row[names.indexOf("cycles")]), 0);
  assert.ok(Math.abs(overhead - run.totals.overheadCycles) < 1e-6 * overhead);

  const out = join(scratch(), "lines.arrow");
  assert.equal(cli(["export", file, "--format", "arrow", "--table", "lines", "--out", out]).code, 0);
  const cycles = tableFromIPC(readFileSync(out)).getChild("cycles").toArray();
  assert.deepEqual(
    [...cycles],
    run.lines.map((line) => line.cycles),
  );
});

test("a trace for Perfetto names the run; another technique is another trace", () => {
  const traces = ["hv-protect", "mprotect"].map((technique) => {
    const out = join(scratch(), `${technique}.perfetto-trace`);
    const { code, stderr } = cli(["export", file, "--format", "perfetto", "--technique", technique, "--out", out]);
    assert.equal(code, 0, stderr);
    return readFileSync(out);
  });
  assert.ok(traces[0].includes("kv.ts: hv-protect in xen-pv") && traces[1].includes("kv.ts: mprotect in xen-pv"));
});

test("what cannot be exported is said in one sentence, and no file is left", () => {
  const out = join(scratch(), "nothing.csv");
  for (const [args, message] of [
    [["export", file], /--format/],
    [["export", file, "--format", "xml"], /perfetto, csv, arrow/],
    [["export", file, "--format", "perfetto", "--table", "lines", "--out", out], /--table lines: a Perfetto trace/],
    [["export", "missing.run", "--format", "csv", "--out", out], /missing\.run/],
    [["export", file, "--format", "csv", "--environment", "native", "--out", out], /hv-protect/],
  ] as const) {
    const { code, stderr } = cli(args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, message);
    assert.equal(stderr.trimEnd().split("\n").length, 1);
  }
  assert.ok(!existsSync(out) && !existsSync(`${out}.partial`));
});

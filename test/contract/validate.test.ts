import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cli, ROOT, scratch } from "./cli.ts";

test("validate checks events and publications, lists what it cannot, and exits 0 when every miss is a known one", () => {
  const { code, stdout } = cli(["validate", "--json"]);
  const { checks, skipped } = JSON.parse(stdout) as {
    readonly checks: readonly {
      readonly case: string;
      readonly holds: boolean;
      readonly knownMiss?: boolean;
      readonly boundReason: string;
      readonly reason?: string;
    }[];
    readonly skipped: readonly { readonly case: string; readonly reason: string }[];
  };
  assert.ok(checks.length > 3000);
  const missed = checks.filter(({ holds }) => !holds);
  assert.ok(missed.length > 0);
  assert.ok(missed.every(({ knownMiss }) => knownMiss === true));
  assert.equal(code, 0);
  const text = cli(["validate"]);
  assert.equal(text.code, 0);
  for (const { case: name, reason } of skipped)
    assert.ok(text.stdout.includes(`not checked: `) && text.stdout.includes(`${name}: ${reason}`), name);
  for (const { case: name, reason = "none" } of missed)
    assert.match(text.stdout, new RegExp(`^out of reach: .*${escaped(name)}: .*${escaped(reason)}$`, "m"));
  for (const { boundReason } of checks) assert.ok(text.stdout.includes(boundReason), boundReason);
  assert.doesNotMatch(text.stdout, /not checked: .*missed/);
  const counts = /^([\d,]+) of ([\d,]+) checks hold; (\d+) are known to be out of reach$/m.exec(text.stdout);
  const [holding, all, known] = (counts ?? []).slice(1).map((count) => Number(count.replaceAll(",", "")));
  assert.deepEqual([holding, all, known], [checks.length - missed.length, checks.length, missed.length]);
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

test("validate --cases: a figure that is not what the simulator does is missed, with code 1", () => {
  const builtIn = readFileSync(join(ROOT, "src/run/ground-truth/xen-pv-events.json"), "utf8");
  const changed = builtIn.replace(/"mmu_update_calls":\s*1\b/, '"mmu_update_calls": 2');
  assert.notEqual(changed, builtIn);
  const file = join(scratch(), "cases.json");
  writeFileSync(file, changed);
  const { code, stdout } = cli(["validate", "--cases", file]);
  assert.equal(code, 1);
  assert.match(stdout, /mmu_update_calls.*missed/);
});

test("validate --cases: what cannot be checked is a sentence with the file, and code 2", () => {
  const file = join(scratch(), "cases.json");
  const unknown = { primitive: "io_uring", n: 1 };
  for (const [cases, sentence] of [
    ["{", /is no JSON/],
    ["[]", /: the document must be an object/],
    [JSON.stringify({ variants: {} }), /: there are no cases in it/],
    [JSON.stringify({ variants: { k61_default: { cases: [] } } }), /: there are no cases in it/],
    [
      JSON.stringify({ variants: { k61_default: { cases: [unknown, unknown] } } }),
      /: nothing in it can be checked: k61_default io_uring n=1: no such primitive is simulated \(and 1 more\)/,
    ],
    [
      JSON.stringify({ variants: { k61_default: { cases: [{ primitive: "getpid", n: 1 }] } } }),
      /: nothing in it can be checked: .*no figure that is compared/,
    ],
    [
      JSON.stringify({ variants: { k61_default: { cases: [{ primitive: "getpid", n: 0 }] } } }),
      /: variants\.k61_default\.cases\[0\]\.n must be a whole number from 1/,
    ],
  ] as const) {
    writeFileSync(file, cases);
    for (const json of [[], ["--json"]]) {
      const { code, stdout, stderr } = cli(["validate", "--cases", file, ...json]);
      assert.equal(code, 2, cases);
      assert.equal(stdout, "");
      assert.match(stderr, sentence);
      assert.ok(stderr.includes(file), stderr);
      assert.equal(stderr.trim().split("\n").length, 1);
    }
  }
});

test("validate --cases: what is not checked stands beside what is, with its reason, in both outputs", () => {
  const file = join(scratch(), "cases.json");
  const getpid = { primitive: "getpid", n: 1, operations_per_run: 1000, native: { instructions_per_op_min: 314 } };
  const variants = {
    k61_default: { cases: [getpid, { primitive: "io_uring", n: 3 }, { primitive: "copy_only", n: 5000 }] },
    k612_default: { description: "Linux 6.12.4", cases: [getpid] },
  };
  writeFileSync(file, JSON.stringify({ variants }));
  const { code, stdout } = cli(["validate", "--cases", file, "--json"]);
  assert.equal(code, 0);
  const { checks, skipped } = JSON.parse(stdout) as {
    readonly checks: readonly unknown[];
    readonly skipped: readonly { readonly source: string; readonly case: string; readonly reason: string }[];
  };
  assert.equal(checks.length, 1);
  assert.deepEqual(
    skipped.map(({ source, case: name }) => `${source} ${name}`),
    ["k61_default io_uring n=3", "k61_default copy_only n=5000", "k612_default getpid n=1"],
  );
  const text = cli(["validate", "--cases", file]).stdout;
  for (const { case: name, reason } of skipped) assert.ok(text.includes(`${name}: ${reason}`), name);
});

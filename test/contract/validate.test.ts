import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cli, ROOT, scratch } from "./cli.ts";

test("validate checks events and publications, lists what it cannot, and exits 0 when every bound holds", () => {
  const { code, stdout } = cli(["validate", "--json"]);
  const { checks, skipped } = JSON.parse(stdout) as {
    readonly checks: readonly { readonly case: string; readonly holds: boolean }[];
    readonly skipped: readonly { readonly case: string; readonly reason: string }[];
  };
  assert.ok(checks.length > 3000);
  assert.ok(checks.every(({ holds }) => holds));
  assert.equal(code, 0);
  const text = cli(["validate"]);
  assert.equal(text.code, 0);
  for (const { case: name, reason } of skipped) assert.ok(text.stdout.includes(`${name}: ${reason}`), name);
});

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

import assert from "node:assert/strict";
import { test } from "node:test";
import { cli } from "./cli.ts";

interface Check {
  readonly case: string;
  readonly holds: boolean;
  readonly knownMiss?: string;
}

test("validate checks events and publications, and exits 1 for what it misses, with the reason", () => {
  const { code, stdout } = cli(["validate", "--json"]);
  const { checks } = JSON.parse(stdout) as { readonly checks: readonly Check[] };
  assert.ok(checks.length > 3000);
  const missed = checks.filter(({ holds }) => !holds);
  assert.equal(code, missed.length > 0 ? 1 : 0);
  for (const { case: name, knownMiss } of missed) assert.ok(knownMiss !== undefined, name);
  const text = cli(["validate"]);
  assert.equal(text.code, code);
  for (const { case: name } of missed)
    assert.ok(text.stdout.includes(`missed, as known: `) && text.stdout.includes(name));
});

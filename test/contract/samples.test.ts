import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "./cli.ts";

test("a TypeScript editor finds no fault with the folder of samples", () => {
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  const { status, stdout } = spawnSync(tsc, ["-p", join(ROOT, "dist/samples")], { encoding: "utf8" });
  assert.equal(stdout, "");
  assert.equal(status, 0);
});

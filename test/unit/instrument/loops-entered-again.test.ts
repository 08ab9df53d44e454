import assert from "node:assert/strict";
import { test } from "node:test";
import { assemble, describeVariant, run, variants } from "./harness.ts";

/** Stores to the same page in two executions of an inner loop, between which the host protects it again. */
function twice(body: string): string {
  return `(module
    (import "env" "protect" (func $protect))
    (memory (export "memory") 2)
    (func (export "main") (param $rounds i32) (local $i i32) (local $at i32)
      (loop $outer
        (local.set $i (i32.const 0))
        (local.set $at (i32.const 8192))
        (loop $inner
          ${body}
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (br_if $inner (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20))))
        (call $protect)
        (br_if $outer (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))))`;
}

const bodies: Readonly<Record<string, string>> = {
  "one store": "(i64.store (local.get $at) (i64.const 7))",
  "a branch": "(if (i32.and (local.get $i) (i32.const 1)) (then (i64.store (local.get $at) (i64.const 7))))",
  "two streams":
    "(i64.store (local.get $at) (i64.const 7)) (i64.store offset=16384 (local.get $at) (i64.load (local.get $at)))",
};

for (const [name, body] of Object.entries(bodies)) {
  test(`a loop that is entered again trusts no page from before: ${name}`, () => {
    const wasm = assemble(twice(body));
    for (const options of variants.filter(({ mode }) => mode !== "exact")) {
      const running = run(wasm, options, { env: { protect: () => running.mmu.protect(0, running.mmu.pageCount, 1) } });
      running.mmu.protect(0, running.mmu.pageCount, 1);
      running.exports.main(3);
      const pages = running.traps.map(({ page }) => page).join();
      assert.equal(pages, name === "two streams" ? "2,6,2,6,2,6" : "2,2,2", describeVariant(options));
    }
  });
}

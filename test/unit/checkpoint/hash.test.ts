import assert from "node:assert/strict";
import { test } from "node:test";
import { hash } from "../../../src/checkpoint/techniques/hash.ts";
import { P } from "../../../src/machine/primitives.ts";
import { techniqueBench } from "./technique-bench.ts";

for (const environment of ["native", "xen-pv"] as const) {
  test(`${environment}: every byte of the saved regions is hashed each time, and nothing ever faults`, () => {
    const { engine, store, protect, save, counts } = techniqueBench(hash, environment, "6.1", 40);
    const a = protect(1, 0, 20);
    const b = protect(2, 30, 3);
    for (let page = 0; page < 40; page++) store(page);
    assert.deepEqual(save(a, b), [[...Array(20).keys()], [30, 31, 32]], "there was no hash to compare with");
    store(3, 4, 31);
    engine.noteChanged([4, 31]);
    assert.deepEqual(save(a), [[4]], "page 3 holds what it held");
    engine.noteChanged([31]);
    assert.deepEqual(save(b), [[31]]);
    assert.deepEqual(save(b), [[]], "what changed is told for one collection");
    for (const [epoch, bytes] of [23, 20, 3, 3].entries()) {
      const collect = counts("collect", epoch);
      assert.equal(collect[P.user_hash_byte], bytes * 4096);
      assert.equal(collect[P.user_hash_entry], bytes);
      assert.equal(collect[P.linux_syscall], 0);
      assert.deepEqual(
        counts("arm", epoch).filter((count) => count > 0),
        new Float64Array(),
      );
      assert.deepEqual(
        counts("track", epoch).filter((count) => count > 0),
        new Float64Array(),
      );
    }
  });
}

test("bytes, not pages, are hashed; and a page that left the regions has no hash when it comes back", () => {
  const { engine, protect, unprotect, save, counts } = techniqueBench(hash, "native", "6.1", 8);
  const spec = { id: 1, group: "", address: 4000, bytes: 200, label: "" };
  const small = engine.protect(spec, 0);
  const whole = protect(2, 1, 1);
  assert.deepEqual(save(small, whole), [[0, 1], [1]]);
  assert.equal(counts("collect", 0)[P.user_hash_byte], 200 + 4096);
  unprotect(small);
  const back = engine.protect(spec, 0);
  assert.deepEqual(save(back, whole), [[0, 1], []]);
  assert.equal(counts("collect", 1)[P.user_list_entry], 1, "the other region held page 1 all the time");
});

import assert from "node:assert/strict";

/** Asks again and again until the answer is yes. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    if (await condition()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail("what was waited for did not come in 20 s");
}

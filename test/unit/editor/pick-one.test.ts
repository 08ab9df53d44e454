import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";
import { window } from "./fake-vscode.ts";

const { pickOne } = await import("../../../src/commands/pick-one.ts");

/** Answers of the quick pick, each after so many milliseconds. */
function answer(...answers: (readonly [milliseconds: number, chosen: unknown])[]) {
  let asked = 0;
  mock.timers.enable({ apis: ["Date"] });
  mock.method(window, "showQuickPick", () => {
    const [milliseconds, chosen] = answers[asked++];
    mock.timers.tick(milliseconds);
    return Promise.resolve(chosen);
  });
  return () => asked;
}

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

test("a pick that is hidden before anybody can see it is asked for once more", async () => {
  const item = { label: "hash" };
  const asked = answer([20, undefined], [3000, item]);
  assert.equal(await pickOne([item], {}), item);
  assert.equal(asked(), 2);
});

test("one that somebody leaves is not, nor one that is hidden twice", async () => {
  let asked = answer([900, undefined], [0, undefined]);
  assert.equal(await pickOne([{ label: "hash" }], {}), undefined);
  assert.equal(asked(), 1);
  mock.timers.reset();
  mock.restoreAll();
  asked = answer([20, undefined], [20, undefined]);
  assert.equal(await pickOne([{ label: "hash" }], {}), undefined);
  assert.equal(asked(), 2);
});

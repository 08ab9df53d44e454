import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf } from "../../../src/checkpoint/refusal.ts";
import { techniqueOf } from "../../../src/checkpoint/techniques.ts";
import { createMachine } from "../../../src/run/machine.ts";
import type { Refused } from "../../../src/run/refused-error.ts";
import { refusedText, wordedError } from "../../../src/session/refused-text.ts";
import { sessionErrorOf } from "../../../src/session/serve.ts";
import { loadProfile } from "../../../src/worker/profiles.ts";
import { allCombinations } from "../acceptance/guest-ways.ts";

const english = (text: string, ...args: (string | number)[]) =>
  text.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)]));

function thrownBy(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return assert.fail("nothing was refused");
}

test("what is refused is worded for the editor without the command line's flags, and can be translated", () => {
  const combinations = [...allCombinations()].flatMap(
    (options) => refusalOf(techniqueOf(options.technique), options) ?? [],
  );
  const others: Refused[] = [
    { kind: "writes", technique: "hv-emulate" },
    { kind: "noProfile", name: "x", known: ["era"] },
    { kind: "noProfileFile", path: "x.json" },
    { kind: "noProfileText", path: "x.json", problem: "it ends" },
  ];
  const kinds = new Set<string>();
  for (const refused of [...combinations, ...others]) {
    kinds.add(refused.kind);
    const text = refusedText(refused, english);
    assert.doesNotMatch(text, /--|\{\d\}|undefined/);
    assert.equal(
      refusedText(refused, () => "übersetzt"),
      "übersetzt",
    );
  }
  assert.equal(kinds.size, 8);
});

test("an error of the session says the command line's sentence, and brings what gives it other words", () => {
  const [impossible] = [...allCombinations()].filter((one) => refusalOf(techniqueOf(one.technique), one) !== undefined);
  for (const action of [
    () => createMachine(impossible, { startPages: 1, residentPages: [] }),
    () => loadProfile("no-such-profile"),
    () => loadProfile("/no/such/profile.json"),
  ]) {
    const error = structuredClone(sessionErrorOf(thrownBy(action)));
    assert.ok(error.kind === "badInput" && error.refused !== undefined);
    assert.doesNotMatch(wordedError(error, english).message, /--/);
  }
});

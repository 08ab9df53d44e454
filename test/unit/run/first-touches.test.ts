import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf } from "../../../src/checkpoint/refusal.ts";
import { ENVIRONMENTS } from "../../../src/checkpoint/technique.ts";
import { TECHNIQUES } from "../../../src/checkpoint/techniques.ts";
import { P } from "../../../src/machine/primitives.ts";
import { DEFAULT_MACHINE } from "../../../src/run/machine.ts";
import { EVENT } from "../../../src/run/recording.ts";
import { replay } from "../../../src/run/replay.ts";
import { recordingOf } from "../../bench/recordings.ts";

const PAGES = 700;
/** By which a page gets a frame of its own. */
const FIRST_TOUCHES = [P.linux_fault_anonymous, P.linux_fault_cow];

/** A program that declares its memory and takes a checkpoint before it writes anything: then it is armed untouched. */
function untouchedProgram() {
  const recording = recordingOf({ regionPages: PAGES, epochs: 3, dirtyPages: PAGES, order: "ascending" });
  // The first epoch's stores are nobody's.
  const isKept = (_: unknown, i: number) => recording.kind[i] !== EVENT.store || i > PAGES;
  const none = { ...recording.epochs[0], pages: new Uint32Array(0), changed: new Uint32Array(0) };
  return {
    ...recording,
    kind: recording.kind.filter(isKept),
    argument: recording.argument.filter(isKept),
    site: recording.site.filter(isKept),
    cycle: recording.cycle.filter(isKept),
    bytes: recording.bytes.filter(isKept),
    epochs: [none, ...recording.epochs.slice(1)],
  };
}

for (const environment of ENVIRONMENTS) {
  test(`in ${environment} a program pays for its memory once, and itself, whoever watches it`, () => {
    const recording = untouchedProgram();
    for (const technique of TECHNIQUES) {
      const machine = { ...DEFAULT_MACHINE, environment, technique: technique.id };
      // What sees the whole guest closes frames, and not pages.
      if (refusalOf(technique, machine) !== undefined || technique.class === "transparent") continue;
      const { ledger } = replay(recording, machine).machine;
      const own = ledger.totals(({ phase }) => phase === "run");
      const touched = FIRST_TOUCHES.reduce((sum, primitive) => sum + own[primitive], 0);
      assert.equal(touched, PAGES, technique.id);
      const tracking = ledger.totals(({ phase }) => phase === "track");
      for (const primitive of FIRST_TOUCHES) assert.equal(tracking[primitive], 0, technique.id);
    }
  });
}

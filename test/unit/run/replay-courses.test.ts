// A replay that goes through alike stores once charges what one does that goes through each.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf } from "../../../src/checkpoint/refusal.ts";
import { ENVIRONMENTS, type TechniqueDefinition } from "../../../src/checkpoint/technique.ts";
import { TECHNIQUES } from "../../../src/checkpoint/techniques.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { PRIMITIVE_COUNT, PRIMITIVES } from "../../../src/machine/primitives.ts";
import { DEFAULT_MACHINE, type MachineOptions } from "../../../src/run/machine.ts";
import type { Recording } from "../../../src/run/recording.ts";
import { type ReplayObserver, replay } from "../../../src/run/replay.ts";
import { recordingOf } from "../../bench/recordings.ts";
import { randomRecording } from "../session/random-recording.ts";

const OPTIONS: readonly Partial<MachineOptions>[] = [
  { kernel: "6.1" },
  { kernel: "5.10", copy: "hypervisor" },
  { kernel: "6.1", commit: "async", gate: "shared-page", target: "replica" },
  { kernel: "5.10", commit: "async", gate: "privcmd" },
];

/** With somebody who looks on, every store is gone through. */
const onlooker = (): ReplayObserver => ({ ledger: new Ledger(PRIMITIVE_COUNT), begin() {}, after() {} });

function machines(options: Partial<MachineOptions>): MachineOptions[] {
  const possible = (machine: MachineOptions, technique: TechniqueDefinition) =>
    refusalOf(technique, machine) === undefined;
  return ENVIRONMENTS.flatMap((environment) =>
    TECHNIQUES.map((technique) => ({
      technique,
      machine: { ...DEFAULT_MACHINE, ...options, environment, technique: technique.id },
    }))
      .filter(({ technique, machine }) => possible(machine, technique))
      .map(({ machine }) => machine),
  );
}

function check(recording: Recording, options: Partial<MachineOptions>, what: string): void {
  for (const machine of machines(options)) {
    const once = replay(recording, machine);
    const each = replay(recording, machine, onlooker());
    const difference = Ledger.difference(each.machine.ledger, once.machine.ledger, (p) => PRIMITIVES[p].name);
    assert.equal(difference, undefined, `${what}, ${JSON.stringify(machine)}`);
    assert.deepEqual(once.checkpoints, each.checkpoints);
  }
}

test("random programs, in every technique and environment", () => {
  for (let seed = 101; seed < 109; seed++) check(randomRecording(seed), OPTIONS[seed % 4], `seed ${seed}`);
});

test("many stores that are alike, in order and in none, with page-table pages between them", () => {
  const ascending = recordingOf({ regionPages: 1300, epochs: 3, dirtyPages: 1300, order: "ascending" });
  const sparse = recordingOf({ regionPages: 2100, epochs: 4, dirtyPages: 260, order: "random" });
  for (const options of OPTIONS.slice(0, 2)) {
    check(ascending, options, "ascending");
    check(sparse, options, "sparse");
  }
});

// Every technique in every environment with every option runs, or is refused by a sentence that leads to what runs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf, refusalText } from "../../../src/checkpoint/refusal.ts";
import { COMMITS, COPIERS, ENVIRONMENTS, TARGETS } from "../../../src/checkpoint/technique.ts";
import { TECHNIQUE_IDS, techniqueOf } from "../../../src/checkpoint/techniques.ts";
import { createMachine, type MachineOptions } from "../../../src/run/machine.ts";
import { GATES } from "../../../src/xen/checkpoint-service.ts";
import { allCombinations, coveringWays, describeWay } from "../acceptance/guest-ways.ts";

const VALUES = {
  technique: TECHNIQUE_IDS,
  environment: ENVIRONMENTS,
  copy: COPIERS,
  gate: GATES,
  commit: COMMITS,
  target: TARGETS,
} as const;

const refusal = (options: MachineOptions) => {
  const found = refusalOf(techniqueOf(options.technique), options);
  return found && refusalText(found);
};

/** What the refused combination becomes when one of the alternatives that its sentence names is chosen. */
function alternatives(options: MachineOptions, sentence: string): MachineOptions[] {
  const named = sentence.slice(sentence.indexOf(";") + 1);
  const words = new Set(named.match(/[a-z][a-z-]*[a-z]/g));
  return Object.entries(VALUES).flatMap(([option, values]) => {
    // A word of the prose may be an option's value, too: options are named with their flag, techniques and environments alone.
    const wanted = option === "technique" || option === "environment" ? undefined : `--${option} `;
    return values
      .filter((value) => (wanted === undefined ? words.has(value) : named.includes(wanted + value)))
      .map((value) => ({ ...options, [option]: value }));
  });
}

/** Whether following the sentences leads to a combination that runs, without coming to the same one again. */
function leadsOn(options: MachineOptions, seen: ReadonlySet<string> = new Set()): boolean {
  const sentence = refusal(options);
  if (sentence === undefined) return true;
  const here = describeWay(options);
  if (seen.has(here)) return false;
  return alternatives(options, sentence).some((other) => leadsOn(other, new Set([...seen, here])));
}

test("what is refused is refused in one sentence whose alternatives run", () => {
  let refused = 0;
  const sentences = new Set<string>();
  for (const options of allCombinations()) {
    const sentence = refusal(options);
    if (sentence === undefined) continue;
    refused++;
    sentences.add(sentence);
    assert.ok(leadsOn(options), `${describeWay(options)}: ${sentence}`);
    assert.match(sentence, /^[^;]+; [^;]+$/, "why, then what instead");
    assert.doesNotMatch(sentence, /\n|\.\s/, "one sentence");
  }
  assert.ok(refused > 0 && sentences.size >= 3, [...sentences].join("\n"));
  // The same sentence is the error of a machine that is asked for all the same.
  const options = [...allCombinations()].find((one) => refusal(one) !== undefined);
  assert.ok(options !== undefined);
  assert.throws(() => createMachine(options, { startPages: 1, residentPages: [] }), { message: refusal(options) });
});

test("what is not refused runs: regions, stores, checkpoints, a restart", () => {
  for (const options of coveringWays()) {
    const what = describeWay(options);
    const machine = createMachine(options, { startPages: 16, residentPages: [{ first: 0, pageCount: 4 }] });
    const { engine } = machine;
    engine.setCycle(0);
    const region = engine.protect({ id: 1, group: "", address: 5000, bytes: 30_000, label: "" }, 0);
    const dirty: number[] = [];
    for (const [epoch, pages] of [[1, 2, 3], [2], [], [2, 7]].entries()) {
      engine.noteChanged(pages);
      for (const page of pages) machine.store(page, 0, epoch * 100_000 + page);
      engine.setCycle((epoch + 1) * 100_000);
      dirty.push(engine.save([region], 0).reduce((sum, saved) => sum + saved.pages.length, 0));
      engine.commit(0);
    }
    engine.drain();
    engine.reload(region, 30_000, 0);
    const all = region.pages.pageCount;
    assert.deepEqual(dirty, options.technique === "full-copy" ? [all, all, all, all] : [all, 1, 0, 2], what);
  }
});

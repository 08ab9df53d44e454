import assert from "node:assert/strict";
import { test } from "node:test";
import { LAYERS, PHASES } from "../../../src/machine/context.ts";
import { type PriceList, priceList } from "../../../src/machine/prices.ts";
import { PRIMITIVES } from "../../../src/machine/primitives.ts";
import { BUILT_IN_PROFILES } from "../../../src/machine/profiles.ts";
import { lineKey } from "../../../src/run/line-pages.ts";
import { LOADER_EPOCH } from "../../../src/run/machine.ts";
import { countsOf, isOverhead } from "../../../src/run/outcome-counts.ts";
import type { Recording } from "../../../src/run/recording.ts";
import { replay } from "../../../src/run/replay.ts";
import { report } from "../../../src/run/report.ts";
import { BREAKDOWNS, type BreakdownBy, type CostSelection } from "../../../src/session/figures.ts";
import { breakdown, costEvents } from "../../../src/session/model/breakdown.ts";
import { type History, historyOf } from "../../../src/session/model/history.ts";
import { lineFigures } from "../../../src/session/model/line-figures.ts";
import { chosenPrices, knownProfile } from "../../../src/session/model/prices.ts";
import { RecordingIndex } from "../../../src/session/model/recording-index.ts";
import { repricedLines } from "../../../src/session/model/repriced-lines.ts";
import { runDifferences } from "../../../src/session/model/run-differences.ts";
import { forSeeds, type Random, randomMachine } from "./random-recording.ts";

function near(actual: number, expected: number, what = ""): void {
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${what} ${actual} for ${expected}`);
}

function pricesFor(random: Random, { outcome }: History): PriceList {
  return priceList(BUILT_IN_PROFILES[random.below(BUILT_IN_PROFILES.length)], outcome.pathLengths);
}

/** One count of the ledger with all that it can be selected by. */
interface Charge {
  readonly phase: string;
  readonly epoch: number;
  readonly line: string;
  readonly region: number;
  readonly layer: string;
  readonly primitive: string;
  readonly cycles: number;
}

function chargesOf(recording: Recording, { outcome }: History, prices: PriceList): Charge[] {
  const charges: Charge[] = [];
  for (const { phase, epoch, site, region, counts } of replay(recording, outcome.options).machine.ledger.rows()) {
    if (epoch === LOADER_EPOCH) continue;
    counts.forEach((count, number) => {
      if (count === 0) return;
      const { name, layer } = PRIMITIVES[number];
      const line = site < 0 ? "" : lineKey(recording.sites[site]);
      charges.push({ phase, epoch, line, region, layer, primitive: name, cycles: count * prices.cycles[number] });
    });
  }
  return charges;
}

function accepts(charge: Charge, selection: CostSelection): boolean {
  const { epochs, regions, lines, phases, layers, primitives } = selection;
  return (
    (phases === undefined
      ? isOverhead({ phase: charge.phase as never, epoch: 0 })
      : (phases as readonly string[]).includes(charge.phase)) &&
    (epochs === undefined || (charge.epoch >= epochs.from && charge.epoch <= epochs.to)) &&
    (regions === undefined || regions.includes(charge.region)) &&
    (lines === undefined || lines.some((line) => (line.function === "" ? "" : lineKey(line)) === charge.line)) &&
    (layers === undefined || (layers as readonly string[]).includes(charge.layer)) &&
    (primitives === undefined || primitives.includes(charge.primitive))
  );
}

function sum(charges: readonly Charge[]): number {
  return charges.reduce((total, { cycles }) => total + cycles, 0);
}

function randomSelection(random: Random, recording: Recording): CostSelection {
  const some = <T>(items: readonly T[]) => items.filter(() => random.chance(50));
  const from = random.below(4);
  return {
    ...(random.chance(40) ? { epochs: { from, to: from + random.below(3) } } : {}),
    ...(random.chance(30) ? { regions: some([-1, 0, 1, 2]) } : {}),
    ...(random.chance(30) ? { lines: [...some(recording.sites), { file: "", line: 0, function: "" }] } : {}),
    ...(random.chance(30) ? { phases: some(PHASES) } : {}),
    ...(random.chance(30) ? { layers: some(LAYERS) } : {}),
  };
}

const KEY: Readonly<Record<BreakdownBy, (charge: Charge) => string>> = {
  layer: ({ layer }) => layer,
  primitive: ({ primitive }) => primitive,
  phase: ({ phase }) => phase,
  line: ({ line }) => line,
  region: ({ region }) => String(region),
  checkpoint: ({ epoch }) => String(epoch),
};

test("breakdowns of any selection hold what a filter over the ledger finds, and each row's selection is that row", () => {
  forSeeds(60, (recording, random) => {
    const index = new RecordingIndex(recording);
    const history = historyOf(recording, randomMachine(random));
    const prices = pricesFor(random, history);
    const charges = chargesOf(recording, history, prices);
    const selection = randomSelection(random, recording);
    const chosen = charges.filter((charge) => accepts(charge, selection));
    for (const by of BREAKDOWNS) {
      const { total, rows } = breakdown(index, history, prices, selection, by);
      near(total.cycles, sum(chosen), by);
      assert.equal(rows.length, new Set(chosen.filter(({ cycles }) => cycles > 0).map(KEY[by])).size, by);
      rows.forEach((row, i) => {
        assert.ok(i === 0 || rows[i - 1].cycles >= row.cycles);
        const alone = { ...selection, ...row.selection };
        near(row.cycles, sum(charges.filter((charge) => accepts(charge, alone))), JSON.stringify(row.selection));
        const events = costEvents(index, history, prices, alone);
        near(
          row.cycles,
          events.reduce((cycles, event) => cycles + event.cycles, 0),
        );
        near(
          row.low,
          events.reduce((low, event) => low + event.low, 0),
        );
        near(
          row.high,
          events.reduce((high, event) => high + event.high, 0),
        );
      });
    }
  });
});

test("every event's price is its count's factor, with a source", () => {
  forSeeds(20, (recording, random) => {
    const index = new RecordingIndex(recording);
    const history = historyOf(recording, randomMachine(random));
    for (const event of costEvents(index, history, pricesFor(random, history), {})) {
      near(event.cycles, event.count * event.price.cycles);
      near(event.high, event.count * event.price.high);
      assert.notEqual(event.price.source, "");
      assert.equal(event.price.instructions !== undefined, event.price.space !== undefined);
    }
  });
});

test("lines cost exactly what the report says, and their parts add up", () => {
  forSeeds(80, (recording, random) => {
    const index = new RecordingIndex(recording);
    const history = historyOf(recording, randomMachine(random));
    const prices = pricesFor(random, history);
    const costs = report(recording, history.outcome, prices);
    const reply = lineFigures(index, history, prices);
    assert.deepEqual(reply.overhead, costs.overhead);
    assert.deepEqual(
      new Map(reply.lines.map((line) => [lineKey(line), [line.cycles, line.traps, line.stores, line.dirtyPages]])),
      new Map(costs.lines.map((line) => [lineKey(line), [line.cycles, line.traps, line.stores, line.dirtyPages]])),
    );
    const charges = chargesOf(recording, history, prices);
    for (const line of reply.lines) {
      const own = charges.filter((charge) => charge.line === lineKey(line) && charge.line !== "");
      near(
        line.cycles,
        Object.values(line.layers).reduce((a, b) => a + b, 0),
      );
      near(
        line.cycles,
        line.events.cycles.reduce((a, b) => a + b, 0),
      );
      for (const [i, primitive] of line.events.primitive.entries()) {
        const { name } = reply.primitives[primitive];
        near(
          line.events.cycles[i],
          sum(own.filter((charge) => charge.primitive === name && accepts(charge, {}))),
          name,
        );
      }
      const regions = new Set(own.map(({ region }) => region).filter((region) => region >= 0));
      for (const region of regions) assert.ok(line.regions.includes(region));
    }
    const total = (lines: readonly { cycles: number; stores: number; traps: number }[]) =>
      [lines.reduce((a, b) => a + b.cycles, 0), lines.reduce((a, b) => a + b.stores + b.traps, 0)] as const;
    near(total(reply.functions)[0], total(reply.lines)[0]);
    assert.equal(total(reply.functions)[1], total(reply.lines)[1]);
    let checkpoints = 0;
    for (const site of reply.checkpointSites) {
      checkpoints += site.checkpoints;
      const { background, ...phases } = site.phases;
      assert.ok(background >= 0);
      near(
        site.cost.cycles,
        Object.values(phases).reduce((a, b) => a + b, 0),
      );
    }
    const committed = index.epochSummaries.filter(({ end, epoch }) => {
      return end === "committed" && recording.site[index.epochs.endEvent[epoch]] >= 0;
    });
    assert.equal(checkpoints, committed.length);
  });
});

test("pages of a function are those of its lines, each once", () => {
  forSeeds(40, (recording) => {
    const index = new RecordingIndex(recording);
    const pages = new Map<string, Set<number>>();
    recording.kind.forEach((kind, i) => {
      if (kind !== 0 || recording.site[i] < 0) return;
      const line = index.lines.lines[index.lines.ofSite[recording.site[i]]];
      const key = `${line.file} ${line.function}`;
      pages.set(key, (pages.get(key) ?? new Set()).add(recording.argument[i]));
    });
    index.lines.functions.forEach(({ file, function: name }, number) => {
      assert.equal(index.dirtyPagesOfFunction[number], pages.get(`${file} ${name}`)?.size ?? 0);
    });
  });
});

test("differences of two runs are those of their reports; a run does not differ from itself", () => {
  forSeeds(25, (recording, random) => {
    const history = historyOf(recording, randomMachine(random));
    const prices = pricesFor(random, history);
    const side = { history, prices, report: report(recording, history.outcome, prices) };
    const same = runDifferences(side, side);
    for (const { a, b } of [...same.lines, ...same.regions, ...same.layers, ...same.primitives]) assert.deepEqual(a, b);
    assert.deepEqual(same.totals, { a: side.report.totals, b: side.report.totals });
    const sumOf = (parts: readonly { cycles: number }[]) => parts.reduce((sum, { cycles }) => sum + cycles, 0);
    near(sumOf(same.layers.map(({ a }) => ({ cycles: a }))), side.report.overhead.cycles, "layers");
    near(sumOf(same.primitives.flatMap(({ a }) => a ?? [])), side.report.overhead.cycles, "primitives");
    assert.equal(same.lines.length, side.report.lines.length);
    assert.equal(same.regions.length, side.report.regions.length);
    const without = { ...side, report: { ...side.report, lines: side.report.lines.slice(1) } };
    const gone = runDifferences(side, without).lines.filter(({ b }) => b === undefined);
    assert.deepEqual(
      gone.map(({ a }) => a?.cycles),
      side.report.lines.slice(0, 1).map(({ cycles }) => cycles),
    );
  });
});

test("a price that is set by hand replaces the profile's, and impossible ones are refused", () => {
  const [profile] = BUILT_IN_PROFILES;
  const changed = chosenPrices(profile, {
    profile,
    primitives: { "xen.hypercall": { cycles: 7 } },
    cyclesPerInstruction: { user: { cycles: 2, low: 1, high: 3 } },
    devices: { wireRoundTripSeconds: 1e-3 },
  });
  assert.deepEqual([changed.primitives["xen.hypercall"].cycles, changed.primitives["xen.hypercall"].high], [7, 7]);
  assert.equal(changed.cyclesPerInstruction.user.high, 3);
  near(changed.primitives["wire.round_trip"].cycles, 1e-3 * profile.ghz * 1e9);
  assert.equal(changed.cyclesPerInstruction.guestKernel, profile.cyclesPerInstruction.guestKernel);
  for (const primitives of [
    { nothing: { cycles: 1 } },
    { "xen.hypercall": { cycles: 1, low: 2 } },
    { "xen.hypercall": { cycles: -1 } },
  ])
    assert.throws(() => chosenPrices(profile, { profile, primitives }), { name: "BadInputError" });
});

test("a profile of a file is known by its path, whatever name it gives itself", () => {
  const [era] = BUILT_IN_PROFILES;
  const own = { ...era, ghz: 9 };
  const known = [
    { profile: era, builtIn: true },
    { profile: own, builtIn: false, file: "/home/me/own.json" },
  ];
  assert.equal(knownProfile({ profile: "/home/me/own.json" }, known), own);
  assert.equal(knownProfile({ profile: "era" }, known), era);
  assert.equal(knownProfile({ profile: "own" }, known), undefined);
});

test("lines at other prices are what the session makes of them at those prices", () => {
  forSeeds(40, (recording, random) => {
    const index = new RecordingIndex(recording);
    const history = historyOf(recording, randomMachine(random));
    const { outcome } = history;
    const { overhead, run } = countsOf(outcome);
    const report = { headline: { counts: { overhead, run }, pathLengths: outcome.pathLengths } };
    const profile = BUILT_IN_PROFILES[random.below(BUILT_IN_PROFILES.length)];
    const before = lineFigures(index, history, pricesFor(random, history));
    const choice = {
      profile: random.chance(50) ? profile : profile.name,
      primitives: { [PRIMITIVES[random.below(PRIMITIVES.length)].name]: { cycles: random.below(5000) } },
      cyclesPerInstruction: { hypervisor: { cycles: random.below(9) } },
    };
    const prices = priceList(chosenPrices(profile, choice), outcome.pathLengths);
    const expected = new Map(lineFigures(index, history, prices).lines.map((line) => [lineKey(line), line]));
    const known = { profiles: BUILT_IN_PROFILES.map((one) => ({ profile: one, builtIn: true })) };
    const repriced = repricedLines(before, report, choice, known);
    assert.equal(repriced?.ghz, profile.ghz);
    assert.equal(repriced.lines.length, expected.size);
    for (const [i, line] of repriced.lines.entries()) {
      const own = expected.get(lineKey(before.lines[i]));
      assert.ok(own !== undefined);
      near(line.cycles, own.cycles, line.file);
      near(line.share, own.share, line.file);
      const { traps, dirtyPages, stores, file, line: number } = own;
      assert.deepEqual(
        { ...line, cycles: 0, share: 0 },
        {
          ...{ file, line: number, cycles: 0, share: 0 },
          ...{ traps, dirtyPages, stores },
        },
      );
    }
    assert.equal(repricedLines(before, report, { profile: "/somewhere/own.json" }, known), undefined);
    assert.equal(repricedLines(before, report, { profile, primitives: { nothing: { cycles: 1 } } }, known), undefined);
  });
});

import type { Region } from "../checkpoint/regions.ts";
import { byteFromPage } from "../checkpoint/targets.ts";
import { type CheckpointOptions, ENVIRONMENTS, type Environment } from "../checkpoint/technique.ts";
import { type TechniqueId, techniqueOf } from "../checkpoint/techniques.ts";
import type { KernelVersion } from "../linux/kernel-build.ts";
import { NO_SITE, type Phase } from "../machine/context.ts";
import { type PriceList, type PriceProfile, priceList } from "../machine/prices.ts";
import { BadInputError } from "../program/program.ts";
import { type CostConfidence, confidenceOf } from "./confidence.ts";
import { type Cycles, costOf } from "./cycles.ts";
import { createMachine, DEFAULT_MACHINE, type Machine } from "./machine.ts";
import { type RatioBand, ratioBand } from "./ratio-band.ts";
import { PAPER_RATIO, reasonFor } from "./ratio-reason.ts";
import { type TurningPrice, turningPrices } from "./verdicts.ts";

/**
 * What high availability needs of a checkpoint, step by step. Either side's row has the same parts: `copy` ends when the bytes
 * are where images are kept, and `whole-cycle` when the image there is valid.
 */
export const HA_PRIMITIVES = ["arm", "dirty", "dirty-scattered", "collect", "copy", "whole-cycle"] as const;
export type HaPrimitive = (typeof HA_PRIMITIVES)[number];

/** Pages that are armed, collected or copied in the rows. */
const PAGE_COUNTS = [1, 16, 256, 4096] as const;
/** Pages of the region in all rows but `arm`, whose region has just the pages that it arms. */
const REGION_PAGES = 4096;
/** Pages of the mapping on either side of the region: it lies inside the program's memory, as regions do. */
const MARGIN_PAGES = 16;

const USER_TECHNIQUE: TechniqueId = "mprotect";
const HYPERVISOR_TECHNIQUE: TechniqueId = "hv-protect";

export interface SideCost extends Cycles, CostConfidence {
  readonly technique: TechniqueId;
}

/** One primitive, purely user-level against hypervisor-assisted, in the same environment. */
export interface PrimitiveRow extends RatioBand {
  readonly primitive: HaPrimitive;
  readonly pages: number;
  readonly environment: Environment;
  readonly user: SideCost;
  readonly hypervisor: SideCost;
  /** The user-level technique without a hypervisor, for reference. */
  readonly native: SideCost;
  /** Whether the ratio is in the paper's 4 to 13. */
  readonly inPaperRange: boolean;
  /** What each verdict on this row hangs on: the prices that have to move least, alone, to turn it. */
  readonly hangsOn: {
    /** Which side is cheaper. */
    readonly cheaper: readonly TurningPrice[];
    /** Whether the ratio is in the paper's range. */
    readonly inPaperRange: readonly TurningPrice[];
  };
  /** Where it is not: what the events say of the difference. */
  readonly reason?: string;
}

export interface PrimitiveOptions extends Pick<CheckpointOptions, "copy" | "gate" | "target"> {
  readonly kernel: KernelVersion;
  readonly environments: readonly Environment[];
}

/** Environments in which there is a hypervisor to ask. */
export const COMPARABLE_ENVIRONMENTS: readonly Environment[] = ENVIRONMENTS.filter(
  (environment) => techniqueOf(HYPERVISOR_TECHNIQUE).unavailable(environment) === undefined,
);

/** What a machine did for each row, before any price. */
export interface MeasuredPrimitives {
  readonly native: Measured;
  readonly environments: readonly {
    readonly environment: Environment;
    readonly user: Measured;
    readonly hypervisor: Measured;
  }[];
}

/**
 * Runs each row's operation on machines of its own, by the techniques themselves; the difference of the ledger before and
 * after is what it takes.
 *
 * @throws BadInputError when an environment has no hypervisor
 */
export function measurePrimitives(options: PrimitiveOptions): MeasuredPrimitives {
  for (const environment of options.environments) {
    if (!COMPARABLE_ENVIRONMENTS.includes(environment)) {
      throw new BadInputError(
        `--environments ${environment}: there is no hypervisor to compare with; choose ${COMPARABLE_ENVIRONMENTS.join(", ")}`,
      );
    }
  }
  const userLevel: PrimitiveOptions = { ...options, copy: "guest" };
  return {
    native: measure(userLevel, "native", USER_TECHNIQUE),
    environments: options.environments.map((environment) => ({
      environment,
      user: measure(userLevel, environment, USER_TECHNIQUE),
      hypervisor: measure(options, environment, HYPERVISOR_TECHNIQUE),
    })),
  };
}

/** Puts prices on what was measured: the paper's comparison. */
export function pricePrimitives({ native, environments }: MeasuredPrimitives, profile: PriceProfile): PrimitiveRow[] {
  const nativePrices = priceList(profile, native.pathLengths);
  return environments.flatMap(({ environment, user, hypervisor }) => {
    const prices = priceList(profile, user.pathLengths);
    return user.operations.map(({ primitive, pages, counts }, i): PrimitiveRow => {
      const other = hypervisor.operations[i].counts;
      const band = ratioBand(counts, other, prices);
      const inPaperRange = isInPaperRange(band.ratio);
      return {
        primitive,
        pages,
        environment,
        user: sideCost(USER_TECHNIQUE, counts, prices),
        hypervisor: sideCost(HYPERVISOR_TECHNIQUE, other, prices),
        native: sideCost(USER_TECHNIQUE, native.operations[i].counts, nativePrices),
        ...band,
        inPaperRange,
        hangsOn: {
          cheaper: turningPrices(counts, other, prices, [1]),
          inPaperRange: turningPrices(counts, other, prices, bordersFor(band.ratio)),
        },
        ...(inPaperRange ? {} : { reason: reasonFor(counts, other, prices) }),
      };
    });
  });
}

function sideCost(technique: TechniqueId, counts: Float64Array, prices: PriceList): SideCost {
  return { technique, ...costOf(counts, prices), ...confidenceOf(counts, prices) };
}

export function isInPaperRange(ratio: number): boolean {
  return ratio >= PAPER_RATIO.low && ratio <= PAPER_RATIO.high;
}

/** Borders of the paper's range that a ratio can cross first. */
function bordersFor(ratio: number): readonly number[] {
  const { low, high } = PAPER_RATIO;
  return isInPaperRange(ratio) ? [low, high] : [ratio < low ? low : high];
}

interface Measured {
  readonly operations: readonly Operation[];
  /** Instructions of each step on that machine, by primitive number. */
  readonly pathLengths: Float64Array;
}

interface Operation {
  readonly primitive: HaPrimitive;
  readonly pages: number;
  /** Events of one execution, by primitive number of the machine. */
  readonly counts: Float64Array;
}

/** All rows' operations under one technique, in the same order for each. */
function measure(options: PrimitiveOptions, environment: Environment, technique: TechniqueId): Measured {
  const start = (pageCount: number, copy = options.copy) =>
    new CheckpointedRegion({ ...options, copy }, environment, technique, pageCount);
  const operations: Operation[] = [];
  for (const pages of PAGE_COUNTS) {
    const region = start(pages);
    const all = spread(pages, pages);
    region.cycle(all);
    operations.push({ primitive: "arm", pages, counts: phase(region.cycle(all), "arm") });
  }
  operations.push({ primitive: "dirty", pages: 1, counts: start(REGION_PAGES).dirtyAfter([1000, 1001], 1002) });
  operations.push({
    primitive: "dirty-scattered",
    pages: 1,
    counts: start(REGION_PAGES).dirtyAfter([1000, 2000], 3000),
  });
  const cycles = PAGE_COUNTS.map((pages) => ({ pages, events: steadyCycle(start(REGION_PAGES), pages) }));
  for (const { pages, events } of cycles) {
    operations.push({ primitive: "collect", pages, counts: phase(events, "collect") });
  }
  // Here the hypervisor's side has the hypervisor copy, whoever copies in the whole cycle.
  const copier = technique === HYPERVISOR_TECHNIQUE ? "hypervisor" : "guest";
  for (const pages of PAGE_COUNTS) {
    const events = steadyCycle(start(REGION_PAGES, copier), pages);
    operations.push({ primitive: "copy", pages, counts: copiesOf(events, options.target) });
  }
  for (const { pages, events } of cycles) {
    operations.push({ primitive: "whole-cycle", pages, counts: sum([...events.values()]) });
  }
  return { operations, pathLengths: start(1).machine.pathLengths };
}

/** A cycle as it repeats: after one that was the same. */
function steadyCycle(region: CheckpointedRegion, dirtyPages: number): Map<Phase, Float64Array> {
  const pages = spread(dirtyPages, region.pageCount);
  region.cycle(pages);
  return region.cycle(pages);
}

/** A machine with one protected region whose pages are all resident, armed once. */
class CheckpointedRegion {
  readonly machine: Machine;
  readonly pageCount: number;
  readonly #region: Region;

  constructor(
    { kernel, copy, gate, target }: PrimitiveOptions,
    environment: Environment,
    technique: TechniqueId,
    pageCount: number,
  ) {
    const startPages = pageCount + 2 * MARGIN_PAGES;
    this.machine = createMachine(
      { ...DEFAULT_MACHINE, environment, technique, kernel, copy, gate, target },
      { startPages, residentPages: [{ first: 0, pageCount: startPages }] },
    );
    this.pageCount = pageCount;
    const address = MARGIN_PAGES * 4096;
    this.#region = this.machine.engine.protect(
      { id: 0, group: "", address, bytes: pageCount * 4096, label: "region" },
      NO_SITE,
    );
    this.#checkpoint();
  }

  /** Writes these pages of the region and takes a checkpoint. @returns the events by phase */
  cycle(pages: readonly number[]): Map<Phase, Float64Array> {
    const before = this.#byPhase();
    for (const page of pages) this.#write(page);
    this.#checkpoint();
    const events = new Map<Phase, Float64Array>();
    for (const [name, counts] of this.#byPhase()) events.set(name, difference(counts, before.get(name)));
    return events;
  }

  /** Writes some pages, then one more. @returns the last write's events */
  dirtyAfter(others: readonly number[], page: number): Float64Array {
    for (const other of others) this.#write(other);
    const before = this.machine.ledger.totals();
    this.#write(page);
    return difference(this.machine.ledger.totals(), before);
  }

  #write(page: number): void {
    this.machine.store(MARGIN_PAGES + page, NO_SITE, 0);
  }

  #checkpoint(): void {
    this.machine.engine.save([this.#region], NO_SITE);
    this.machine.engine.commit(NO_SITE);
  }

  #byPhase(): Map<Phase, Float64Array> {
    const phases = new Map<Phase, Float64Array>();
    for (const row of this.machine.ledger.rows()) {
      phases.set(row.phase, sum([row.counts, ...(phases.has(row.phase) ? [phase(phases, row.phase)] : [])]));
    }
    return phases;
  }
}

/** This many of `pageCount` pages, evenly apart, ascending. */
function spread(count: number, pageCount: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor((i * pageCount) / count));
}

/**
 * The copies of a cycle until their bytes are where images are kept. To a device the hypervisor lets them cross as it copies;
 * what the process copies is only staged, and crosses in the commit. In memory nothing crosses.
 */
function copiesOf(events: ReadonlyMap<Phase, Float64Array>, target: CheckpointOptions["target"]): Float64Array {
  const counts = phase(events, "copy").slice();
  if (target !== "memory") counts[byteFromPage(target)] += phase(events, "commit")[byteFromPage(target)];
  return counts;
}

function phase(events: ReadonlyMap<Phase, Float64Array>, name: Phase): Float64Array {
  const counts = events.get(name);
  if (counts === undefined) throw new Error(`no event was charged in the phase ${name}`);
  return counts;
}

function sum(parts: readonly Float64Array[]): Float64Array {
  return parts[0].map((_, i) => parts.reduce((total, part) => total + part[i], 0));
}

function difference(after: Float64Array, before: Float64Array | undefined): Float64Array {
  return before === undefined ? after.slice() : after.map((count, i) => count - before[i]);
}

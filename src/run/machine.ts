import { CheckpointEngine } from "../checkpoint/engine.ts";
import { refusalOf } from "../checkpoint/refusal.ts";
import { type CheckpointOptions, DEFAULT_OPTIONS, type Environment } from "../checkpoint/technique.ts";
import { type TechniqueId, techniqueOf } from "../checkpoint/techniques.ts";
import { createGuest } from "../linux/guest.ts";
import type { GuestProcess } from "../linux/guest-process.ts";
import { PHASE_NUMBER, type Phase } from "../machine/context.ts";
import { Courses } from "../machine/courses.ts";
import { Ledger } from "../machine/ledger.ts";
import { PRIMITIVE_COUNT } from "../machine/primitives.ts";
import type { Recording } from "./recording.ts";
import { RefusedError } from "./refused-error.ts";

export type KernelVersion = "5.10" | "6.1";

/** How a program is hosted and checkpointed. */
export interface MachineOptions extends CheckpointOptions {
  readonly environment: Environment;
  readonly technique: TechniqueId;
  readonly kernel: KernelVersion;
}

export const DEFAULT_MACHINE: MachineOptions = {
  ...DEFAULT_OPTIONS,
  environment: "xen-pv",
  technique: "hv-protect",
  kernel: "6.1",
};

/** Virtual cycles of the program's clock in one nanosecond: what the program sees as time, whatever the price profile. */
export const GUEST_CYCLES_PER_NANOSECOND = 2;

/** A guest with one process, its checkpoint library and the ledger of what they do. */
export interface Machine {
  readonly options: MachineOptions;
  readonly ledger: Ledger;
  readonly process: GuestProcess;
  readonly engine: CheckpointEngine;
  /** Instructions of each step, by primitive number, in this guest's builds of Linux and Xen. */
  readonly pathLengths: Float64Array;
  /** Virtual page number of the program's page 0. */
  readonly base: number;
  /**
   * Stores of the program to a page of its linear memory that need the machine, at a virtual cycle.
   * @param bytes written on the page by all of them together (8 when left out)
   * @param stores how many (1 when left out)
   */
  store(page: number, site: number, cycle: number, bytes?: number, stores?: number): void;
  /** Stores that follow each other: entries of these columns, each as for `store`. */
  stores(columns: StoreColumns, from: number, to: number): void;
  /** The program's memory has grown to this many pages. */
  grow(pageCount: number): void;
  systemCall(site: number): void;
}

/** Columns of equal length, of which some entries are stores. */
export type StoreColumns = Pick<Recording, "argument" | "site" | "cycle" | "bytes">;

/**
 * @param start how much memory the program has when it starts, and what of it the loader has filled
 * @param ledger an empty one, where the caller wants one of its own kind
 * @param learns whether stores that are alike may be gone through once: then nobody is told of each charge
 * @throws RefusedError when the environment cannot offer the technique, or not with these options
 */
export function createMachine(
  options: MachineOptions,
  start: Pick<Recording, "startPages" | "residentPages">,
  ledger = new Ledger(PRIMITIVE_COUNT),
  learns = false,
): Machine {
  const definition = techniqueOf(options.technique);
  const refusal = refusalOf(definition, options);
  if (refusal !== undefined) throw new RefusedError(refusal);
  const guest = createGuest({ environment: options.environment, kernel: options.kernel }, ledger);
  const { process } = guest;
  const { table } = guest.kernel;
  const { states } = table;
  const loading = ledger.enter("run", LOADER_EPOCH, -1, -1);
  const base = process.mmap(start.startPages, "rw");
  for (const { first, pageCount } of start.residentPages) {
    for (let page = first; page < first + pageCount; page++) process.store(base + page);
  }
  const engine = new CheckpointEngine(definition, { process, xen: guest.xen, ledger, states, options }, base);
  ledger.restore(loading);
  const courses = learns && definition.keepsFlagsOnly === true ? new Courses(states, ledger, process) : undefined;
  // What an emulated store leads to depends on it; of any other, how much is written is nobody's business.
  const isBySize = definition.needsEveryWrite === true;
  const phaseOf = (page: number, site: number): Phase =>
    site === engine.reloadSite ? "restart" : engine.isArmed(page) ? "track" : "run";
  let { startPages: pageCount } = start;
  if (definition.class !== "transparent") {
    // The program pays for its memory once, whoever touches it first and whoever watches it.
    process.aroundFirstTouches((page, fault) => {
      const isOwn = page >= base && page < base + pageCount && FINDING.has(ledger.currentPhase);
      if (!isOwn) {
        fault();
        return;
      }
      const before = ledger.enterPhase("run");
      fault();
      ledger.restore(before);
    });
  }
  const storeTo = (
    page: number,
    site: number,
    cycle: number,
    bytes?: number,
    stores?: number,
    isFirstOfMany = false,
  ): void => {
    const phase = phaseOf(page, site);
    // Nobody's business, and the processor's without a trap.
    if (phase === "run" && process.completesStore(base + page)) return;
    const before = ledger.enter(phase, engine.epoch, site, engine.regionIndex.of(page));
    if (phase === "track" || phase === "restart") {
      engine.setCycle(cycle);
      engine.beforeWrite(page);
    }
    // One that only sets D bits is done sooner than it is compared.
    if (courses === undefined || (!isFirstOfMany && table.permitsStore(base + page)))
      process.store(base + page, bytes, stores);
    else if (isBySize) courses.store(base + page, bytes, stores);
    else courses.store(base + page);
    ledger.restore(before);
  };
  return {
    options,
    ledger,
    process,
    engine,
    pathLengths: guest.pathLengths,
    base,
    store: (page, site, cycle, bytes, stores) => storeTo(page, site, cycle, bytes, stores),
    stores({ argument: pages, site: sites, cycle, bytes }, from, to) {
      const before = ledger.currentRow;
      /** Where the library next writes an image back: that follows from the site, and no state tells it. */
      let reload = indexOf(sites, engine.reloadSite, from, to);
      for (let i = from; i < to; i++) {
        if (i > reload) reload = indexOf(sites, engine.reloadSite, i, to);
        // Nor what is still to be copied of a page.
        if (i < reload && courses?.mayTakeMany() === true && !engine.isCopying) {
          const contexts = { phase: phaseOf(pages[i], sites[i]), epoch: engine.epoch, regions: engine.regionIndex };
          i = courses.takeMany({ pages, base, sites, bytes: isBySize ? bytes : undefined }, i, reload, contexts);
        }
        if (i < to)
          storeTo(pages[i], sites[i], cycle[i], bytes[i], 1, to - i >= MANY && courses?.knowsNothing === true);
      }
      ledger.restore(before);
    },
    grow(newPageCount) {
      const before = ledger.enter("run", engine.epoch, -1, -1);
      process.extend(base, newPageCount);
      pageCount = newPageCount;
      ledger.restore(before);
    },
    systemCall(site) {
      const before = ledger.enter("run", engine.epoch, site, -1);
      process.nullSystemCall();
      ledger.restore(before);
    },
  };
}

/** So many stores that follow each other may be alike, and are worth finding out. */
const MANY = 32;

/** Phases, by number, in which a technique notices writes, and makes ready to. */
const FINDING: ReadonlySet<number> = new Set([PHASE_NUMBER.track, PHASE_NUMBER.register]);

/** The first place of a number from `from` on, before `to`; `to` where it is not. @param number NaN is nowhere */
function indexOf(numbers: Int32Array, number: number, from: number, to: number): number {
  if (Number.isNaN(number)) return to;
  for (let i = from; i < to; i++) if (numbers[i] === number) return i;
  return to;
}

/** Epoch of the charges before the program's first instruction; reports leave them out. */
export const LOADER_EPOCH = -1;

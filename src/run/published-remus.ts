import { CheckpointEngine } from "../checkpoint/engine.ts";
import { DEFAULT_OPTIONS } from "../checkpoint/technique.ts";
import { remus } from "../checkpoint/techniques/remus.ts";
import { createGuest } from "../linux/guest.ts";
import { Ledger } from "../machine/ledger.ts";
import { priceList } from "../machine/prices.ts";
import { PRIMITIVE_COUNT } from "../machine/primitives.ts";
import { costOf } from "./cycles.ts";
import type { Operation, Setting } from "./published-bench.ts";

const RATES_PER_SECOND = [10, 20, 30, 40] as const;

/**
 * A kernel build as writes: in an epoch it writes all of a hot set (stacks, allocators' heads, the kernel's busiest pages, the
 * buffers of files) and, in proportion to the time that it ran, pages that it did not write just before. Distinct pages grow
 * with the epoch at 35 MB/s from 2.1 MB on, and so less than in proportion.
 *
 * Estimates, of which the proportion of the two was chosen with the fitted bandwidth in view: four published figures test
 * that two numbers reproduce them, and that the rest of the mechanism does not stand in the way.
 */
const HOT_PAGES = 512;
const NEW_PAGES_PER_SECOND = 8500;
/** New pages come round again after so many. */
const BUILD_PAGES = 8192;
/** Epochs that are left out at first, and those that are measured. */
const FIRST_EPOCHS = 6;
const EPOCHS = 20;
/** System calls in an epoch; which ones does not matter, the pages that the kernel writes for them are the same. */
const SYSTEM_CALLS = 4;
/** Of 1 GbE, the headers of frames and TCP left out. */
const WIRE_BYTES_PER_SECOND = 119e6;

/** Remus, by the figures' case. */
export const REMUS_OPERATIONS: Readonly<Record<string, Operation | undefined>> = {
  "kernel build under Remus": (setting) =>
    Object.fromEntries(RATES_PER_SECOND.map((rate) => [`${rate} checkpoints per second`, overheadAt(rate, setting)])),
};

/**
 * Checkpoints are due at a rate by the clock, as Remus takes them: it waits for what is left of the interval since the last
 * one began. @returns overhead in percent of the time that the build itself runs
 */
function overheadAt(rate: number, { profile, kernel }: Setting): number {
  const ledger = new Ledger(PRIMITIVE_COUNT);
  const guest = createGuest({ environment: "xen-pv", kernel }, ledger);
  const { process, xen } = guest;
  const { states } = guest.kernel.table;
  const prices = priceList(profile, guest.pathLengths);
  const cyclesPerSecond = profile.ghz * 1e9;
  const options = {
    ...DEFAULT_OPTIONS,
    commit: "async",
    target: "replica",
    transferBytesPerCycle: WIRE_BYTES_PER_SECOND / cyclesPerSecond,
  } as const;
  const pages = HOT_PAGES + BUILD_PAGES;
  const base = process.mmap(pages, "rw");
  for (let page = base; page < base + pages; page++) process.store(page);
  const engine = new CheckpointEngine(remus, { process, xen, ledger, states, options }, base);
  const region = engine.protect({ id: 0, group: "", address: 0, bytes: 4096, label: "" }, -1);
  const store = (page: number) => {
    const before = ledger.enter(engine.isArmed(page) ? "track" : "run", engine.epoch, -1, -1);
    process.store(base + page);
    ledger.restore(before);
  };
  const paid = () =>
    costOf(
      ledger.totals(({ phase }) => phase !== "run" && phase !== "background"),
      prices,
    ).cycles;

  const interval = cyclesPerSecond / rate;
  let clock = 0;
  let run = interval / 2;
  let next = 0;
  let ran = 0;
  let cost = 0;
  for (let epoch = 0; epoch < FIRST_EPOCHS + EPOCHS; epoch++) {
    const before = paid();
    for (let page = 0; page < HOT_PAGES; page++) store(page);
    const fresh = Math.round((NEW_PAGES_PER_SECOND * run) / cyclesPerSecond);
    for (let i = 0; i < fresh; i++) store(HOT_PAGES + (next++ % BUILD_PAGES));
    for (let call = 0; call < SYSTEM_CALLS; call++) process.nullSystemCall();
    clock += run;
    engine.setCycle(clock);
    engine.save([region], -1);
    engine.commit(-1);
    const paused = paid() - before;
    clock += paused;
    if (epoch >= FIRST_EPOCHS) {
      ran += run;
      cost += paused;
    }
    // Remus lets the guest run a little, however late it is.
    run = Math.max(interval - paused, interval / 20);
  }
  return (100 * cost) / ran;
}

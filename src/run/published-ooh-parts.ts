import { VMA_UFFD_WP } from "../linux/vma-map.ts";
import { PML_ENTRIES } from "../machine/pml-buffer.ts";
import { priceList } from "../machine/prices.ts";
import { P } from "../machine/primitives.ts";
import { CODE } from "./prims-code.ts";
import { Bench, type Setting } from "./published-bench.ts";

/**
 * What precedes the first page of the array when the program runs alone: fork, exec, the dynamic linker. Fitted to the
 * overheads at 1 MB, which are relative to little else.
 */
const PROGRAM_START_CYCLES = 2_300_000;
/** Pages of the program's other mappings: what Linux gives a heap and a stack to begin with, text and data. */
const OTHER_PAGES = 120;
/** What the second-level TLB of this processor holds (Skylake client). */
const TLB_ENTRIES = 1536;
/** Instructions of the tracker for one entry of pagemap: pread through the C library, test, note address and frame. */
const PREAD_INSTRUCTIONS = 40;

/** A tick of the guest's timer at 250 Hz, after which Linux lets another process run. */
const SLICE_MS = 4;
/** "All results are mean of 5 runs." */
const RUNS = 5;
const GOLDEN_RATIO = (1 + Math.sqrt(5)) / 2;
/** open, mmap, munmap and close of the driver's device. */
const RING_CALLS = 4;
const RING_ENTRY_BYTES = 8;
/** What a copy has of one core's share of the third-level cache (i7-8565U: 8 MiB for four), with other data beside it. */
const CACHE_SHARE_BYTES = 0.75 * (2 << 20);
const LINE_BYTES = 64;
const PAGE_BYTES = 4096;
/** Each of the tracker's three tables (pml.h: frames, addresses, result), new and filled with zeros at each collection. */
const TABLE_BYTES = 1 << 21;
const BYTES_PER_STORE = 32;

/** Cycles of the parts of a tracked run. */
export interface Parts {
  /** The program without a tracker. */
  readonly alone: number;
  readonly clearRefs: number;
  /** Faults of written pages after clear_refs, whole. */
  readonly faults: number;
  /** Of these what the kernel's handler does between its entry and its exit: the paper's 0.13 us are less than those take. */
  readonly faultBodies: number;
  readonly walk: number;
  /** Faults of written pages that userfaultfd protects. */
  readonly threadFaults: number;
  /** One stop of the processor's log, when Tracked is switched out: the mean over those of a run. */
  readonly stopLog: number;
  /** One start. */
  readonly startLog: number;
  /** The log's ring, copied out. */
  readonly ringCopy: number;
  /** What the tracker does, beside the walk, to turn the frames of the ring into pages. */
  readonly search: number;
}

type LogParts = "stopLog" | "startLog" | "ringCopy" | "search";

const FAULT_BODY = [P.linux_fault, P.linux_vma_lookup_level, P.linux_fault_walk, P.linux_fault_reuse];

/** Several figures are made of the same parts: simulated once for each setting and size. */
const simulated = new WeakMap<Setting, Map<number, Parts>>();

export function partsOf(setting: Setting, pageCount: number): Parts {
  const ofSetting = simulated.get(setting) ?? new Map<number, Parts>();
  simulated.set(setting, ofSetting);
  const known = ofSetting.get(pageCount);
  if (known !== undefined) return known;
  const parts = {
    ...trackByProc(setting, pageCount),
    ...trackByUserfaultfd(setting, pageCount),
    ...trackByLog(setting, pageCount),
  };
  ofSetting.set(pageCount, parts);
  return parts;
}

function trackByProc(setting: Setting, pageCount: number): Omit<Parts, "threadFaults" | LogParts> {
  const bench = new Bench(setting, "xen-hap", pageCount);
  const { kernel } = bench.guest;
  const writeAll = () => {
    bench.ledger.charge(P.program_instruction, pageCount * CODE.store);
    bench.touchAll();
  };
  const others = bench.map(OTHER_PAGES);
  for (let page = 0; page < OTHER_PAGES; page++) kernel.store(others + page);
  const alone = PROGRAM_START_CYCLES + bench.cycles(writeAll);
  const clearRefs = bench.cycles(() => {
    bench.ledger.charge(P.program_instruction, CODE.clearRefs);
    bench.guest.process.clearRefs();
    bench.ledger.charge(P.cpu_nested_walk, Math.min(pageCount, TLB_ENTRIES));
  });
  const before = bench.ledger.totals();
  const faults = bench.cycles(writeAll);
  const after = bench.ledger.totals();
  const prices = priceList(setting.profile, bench.guest.pathLengths);
  const faultBodies = FAULT_BODY.reduce((sum, step) => sum + (after[step] - before[step]) * prices.cycles[step], 0);
  const walk = bench.cycles(() => {
    preadEach(bench, others, OTHER_PAGES);
    preadEach(bench, bench.region, pageCount);
  });
  return { alone, clearRefs, faults, faultBodies, walk };
}

/** The tracker reads pagemap entry by entry (`parse_proc_pagemap` of the authors' pml.h), into a variable. */
function preadEach(bench: Bench, first: number, pageCount: number): void {
  const { guest, ledger } = bench;
  ledger.charge(P.program_instruction, pageCount * PREAD_INSTRUCTIONS);
  ledger.charge(P.linux_copy_to_user, pageCount);
  for (let page = first; page < first + pageCount; page++) {
    guest.kernel.enter();
    guest.kernel.memory.readPagemap(page, 1);
    guest.kernel.leave();
  }
}

function trackByUserfaultfd(setting: Setting, pageCount: number): Pick<Parts, "threadFaults"> {
  const bench = new Bench(setting, "xen-hap", pageCount);
  const { kernel } = bench.guest;
  bench.touchAll();
  kernel.memory.changeFlags(bench.region, pageCount, VMA_UFFD_WP, 0);
  bench.writeProtect(bench.region, pageCount, true);
  kernel.setUserfaultThread((page) => {
    bench.ledger.charge(P.program_instruction, CODE.writeProtectHandler);
    bench.writeProtect(page, 1, false);
  });
  return { threadFaults: bench.cycles(() => bench.touchAll()) };
}

/**
 * SPML. The driver stops the processor's log whenever Tracked is switched out, which happens at the end of its time slices
 * while it goes through its pages, and twice besides, before its first page and after its last: then the log is empty.
 */
function trackByLog(setting: Setting, pageCount: number): Pick<Parts, LogParts> {
  const bench = new Bench(setting, "xen-hap", pageCount);
  const { ledger, guest } = bench;
  const log = guest.xen?.frameLog;
  if (log === undefined) throw new Error("a guest in xen-hap without the processor's log");
  const range = { first: bench.region, pageCount };
  bench.touchAll();
  log.register(range.first, pageCount);

  // A first pass tells how many pages fit in a slice.
  log.start([range]);
  const perPage = bench.cycles(() => bench.touchAll()) / pageCount;
  log.stop();
  const perSlice = (SLICE_MS * setting.profile.ghz * 1e6) / perPage;

  const switchOnce = () => bench.cycles(() => guest.kernel.switchProcess());
  const withoutLog = switchOnce();
  let stops = 0;
  let startLog = 0;
  let stopLog = 0;
  const switchAway = () => {
    stopLog += switchOnce() - withoutLog;
    startLog = switchOnce() - withoutLog;
    stops++;
  };
  // A slice ends anywhere between two times that the log is full: spread evenly over that.
  let slices = 0;
  const nextSlice = () => perSlice + PML_ENTRIES * (((++slices * GOLDEN_RATIO) % 1) - 0.5);
  for (let run = 0; run < RUNS; run++) {
    log.take();
    log.start([range]);
    switchAway();
    let end = nextSlice();
    for (let page = 0; page < pageCount; page++) {
      if (page >= end) {
        switchAway();
        end += nextSlice();
      }
      guest.kernel.store(bench.region + page);
    }
    // What the last slice left in the log is collected, by another call.
    log.stop();
    log.start([]);
    switchAway();
    log.stop();
  }
  const frames = log.take().length;
  const ringCopy = bench.cycles(() => {
    for (let call = 0; call < RING_CALLS; call++) {
      guest.kernel.enter();
      guest.kernel.leave();
    }
    ledger.charge(P.linux_mmap, 1);
    ledger.charge(P.linux_munmap, 1);
    ledger.charge(P.user_ring_entry, frames);
    const bytes = 2 * frames * RING_ENTRY_BYTES;
    if (bytes > CACHE_SHARE_BYTES) ledger.charge(P.user_line_fill, bytes / LINE_BYTES);
  });
  const search = bench.cycles(() => {
    for (let table = 0; table < 3; table++) {
      const first = bench.map(TABLE_BYTES / PAGE_BYTES);
      for (let page = 0; page < TABLE_BYTES / PAGE_BYTES; page++) guest.kernel.store(first + page);
      ledger.charge(P.program_instruction, TABLE_BYTES / BYTES_PER_STORE);
    }
    // Frame by frame from the table's start; those of the other mappings come first, and frames were logged in its order.
    ledger.charge(P.user_reverse_search, frames * OTHER_PAGES + (frames * (frames + 1)) / 2);
  });
  return { stopLog: stopLog / stops, startLog, ringCopy, search };
}

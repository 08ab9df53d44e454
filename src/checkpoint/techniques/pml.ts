/**
 * spml and epml: the processor writes down itself which pages are written to. Page-modification logging (PML) is Intel's
 * for the live migration of virtual machines: with each D bit that the processor sets in the hypervisor's second table it
 * writes the frame's address into a page of 512 entries, and exits when that is full. OoH ("Out of Hypervisor", Bitchebe and
 * Tchana, SC 2022) gives it to processes of the guest, through a driver of the guest's kernel, for checkpoints and garbage
 * collection. `spml` ("shadow") needs no other hardware; `epml` ("extended") is a processor of their proposal, and nobody
 * has built it.
 *
 * 1. Declaring a region: the library writes each page's own content to it, so that no kernel makes its entry anew later,
 *    and registers it with the driver.
 * 2. Arming: the D bits of the pages that were logged are cleared, and logging starts. `spml`: an ioctl and a hypercall, Xen
 *    changes the entries of its table and flushes. `epml`: an ioctl, the driver clears the D bits of the guest's own entries,
 *    flushes, and writes a field of a shadow VMCS.
 * 3. The first write to a page sets its D bit and takes a place in the log. When the log is full, `spml` exits and Xen moves
 *    its entries to a ring that the guest reads, each with a change of its own table; `epml` gets an interrupt without an
 *    exit, and the driver moves them. While another process runs, the driver stops the log.
 * 4. Collecting: logging stops, which moves what is left; the library copies the ring. `epml` has page numbers in it and is
 *    done. `spml` has numbers of frames: the library reads /proc/self/pagemap for the regions and searches each frame in
 *    it, one after the other as OoH does, which grows with the pages written times the pages registered. (A library whose
 *    pages stay in place could sort that table once, and keep it.)
 *
 * By OoH's figures `spml` loses to soft-dirty bits for large regions because of that search, and `epml` costs next to
 * nothing. A log wins where few of many pages are written, because nothing but that search goes by the pages registered.
 * Nobody learns of a write in time to copy the page first, so commits are synchronous.
 */
import { P } from "../../machine/primitives.ts";
import type { PageRange } from "../../xen/checkpoint-service.ts";
import type { PageLog } from "../../xen/page-log.ts";
import type { XenServices } from "../../xen/services.ts";
import { PageFlags } from "../page-flags.ts";
import { PagemapBuffer } from "../pagemap-buffer.ts";
import { mergeRanges, pagesIn, subtractRanges } from "../pages.ts";
import type { Technique, TechniqueDefinition, TechniqueMachine } from "../technique.ts";
import { touch } from "../touch.ts";

export const spml = definition(
  {
    id: "spml",
    title: "Processor's log of frames (SPML)",
    summary: "The processor logs written pages; Xen drains the log.",
    hypothetical: false,
  },
  (xen) => xen.frameLog,
);
export const epml = definition(
  {
    id: "epml",
    title: "Guest's own log of pages (EPML, no such processor)",
    summary: "The processor logs written pages; the guest drains the log.",
    hypothetical: true,
  },
  (xen) => xen.guestLog,
);

function definition<Id extends string>(
  own: Pick<TechniqueDefinition<Id>, "id" | "title" | "summary" | "hypothetical">,
  logOf: (xen: XenServices) => PageLog | undefined,
): TechniqueDefinition<Id> {
  const { id } = own;
  return {
    ...own,
    class: "hardware",
    noticesWrites: false,
    keepsFlagsOnly: true,
    unavailable: (environment) =>
      environment === "xen-hap"
        ? undefined
        : { need: "pageLog", techniques: ["soft-dirty", "full-copy"], environments: ["xen-hap"] },
    create(machine) {
      const log = machine.xen === undefined ? undefined : logOf(machine.xen);
      if (log === undefined) throw new Error(`${id} was created where no processor keeps a log`);
      return create(machine, log, id === "spml");
    },
  };
}

/** @param holdsFrames whether the log's entries are frames, and not pages */
function create(machine: TechniqueMachine, log: PageLog, holdsFrames: boolean): Technique {
  const { process, ledger } = machine;
  const armed = new PageFlags(machine.states);
  /** Pages that the ring held and nobody has collected yet. */
  const written = new PageFlags();
  const pagemap = new PagemapBuffer(process);
  let registered: PageRange[] = [];

  /** The pages that have these frames now. */
  function searchPages(frames: readonly number[]): Uint32Array {
    /** The table of what pagemap says, which the search goes through from its start: pages, and the frames that they have. */
    const pages = pagesIn(registered);
    const held = new Int32Array(pages.length);
    let read = 0;
    for (const { first, pageCount } of registered) {
      pagemap.inPieces(first, pageCount, (start, count, buffer) => {
        const found = process.readFrames(start, count, buffer);
        ledger.charge(P.user_pagemap_entry, count);
        held.set(found, read);
        read += count;
      });
    }
    /** By frame: how many entries the search has looked at when it finds it. */
    let last = -1;
    for (const frame of held) if (frame > last) last = frame;
    const place = new Int32Array(1 + last);
    for (let at = 0; at < held.length; at++) if (held[at] >= 0) place[held[at]] = at + 1;
    let compared = 0;
    const result = new Uint32Array(frames.length);
    for (let i = 0; i < frames.length; i++) {
      const looked = place[frames[i]] ?? 0;
      if (looked === 0) throw new Error(`frame ${frames[i]} was logged, and no registered page has it`);
      compared += looked;
      result[i] = pages[looked - 1];
    }
    ledger.charge(P.user_reverse_search, compared);
    return result;
  }

  function readRing(): void {
    const entries = log.take();
    if (entries.length === 0) return;
    ledger.charge(P.user_ring_entry, entries.length);
    for (const page of holdsFrames ? searchPages(entries) : entries) {
      armed.clear(page);
      written.set(page);
    }
  }

  return {
    register(ranges) {
      touch(machine, ranges);
      for (const { first, pageCount } of ranges) log.register(first, pageCount);
      registered = mergeRanges([...registered, ...ranges]);
    },
    unregister(ranges) {
      for (const { first, pageCount } of ranges) log.unregister(first, pageCount);
      readRing();
      registered = subtractRanges(registered, ranges);
      for (const { first, pageCount } of ranges) {
        armed.fill(first, pageCount, 0);
        written.fill(first, pageCount, 0);
      }
    },
    collect(ranges) {
      if (ranges.length === 0) return new Uint32Array();
      log.stop();
      readRing();
      const pages = written.take(ranges);
      ledger.charge(P.user_list_entry, pages.length);
      return pages;
    },
    arm(ranges) {
      const open = subtractRanges(ranges, armed.runsIn(ranges));
      log.start(open);
      for (const { first, pageCount } of open) armed.fill(first, pageCount, 1);
    },
    isArmed: (page) => armed.has(page),
  };
}

import type { CheckpointEngine } from "../checkpoint/engine.ts";
import { PAGE_BYTES } from "../checkpoint/pages.ts";
import type { Refusal } from "../checkpoint/refusal.ts";
import type { Region, SavedRegion } from "../checkpoint/regions.ts";
import { type TechniqueId, techniqueOf } from "../checkpoint/techniques.ts";
import type { Ledger } from "../machine/ledger.ts";
import { createMachine, type Machine, type MachineOptions } from "./machine.ts";
import { EVENT, type Recording } from "./recording.ts";
import { RefusedError } from "./refused-error.ts";

/** What one checkpoint saved, without its bytes. */
export interface CheckpointSummary {
  readonly name: string;
  readonly version: number;
  /** Epoch that it ended. */
  readonly epoch: number;
  /** Virtual cycle of the program. */
  readonly cycle: number;
  /** Pages that it copied: of the regions, each page for each of them, or of the whole guest where the technique saves that. */
  readonly pageCount: number;
  /** Bytes of those. */
  readonly copiedBytes: number;
  /** Bytes of the regions that were written, as `SavedRegion` counts them. */
  readonly dirtyBytes: number;
  /** Regions of which it saved something. */
  readonly saved: readonly SavedSummary[];
}

/** What a checkpoint has of one region, whatever else was copied for it. */
export interface SavedSummary {
  /** Number of the region. */
  readonly region: number;
  readonly pageCount: number;
  readonly copiedBytes: number;
  readonly dirtyBytes: number;
}

/** What a machine went through, live or in replay. */
export interface MachineHistory {
  readonly machine: Machine;
  readonly checkpoints: readonly CheckpointSummary[];
}

/** Looks on while a recording is replayed. */
export interface ReplayObserver {
  /** Charged with everything; empty at first. */
  readonly ledger: Ledger;
  /** Comes when all that the machine does before the program's first instruction is done. */
  begin(): void;
  /**
   * Comes after each event, and with the last once more when the program has ended; of an event that tells several writes, also
   * after each of them.
   * @param index of the event in the recording's columns
   * @param page that was stored to, or -1
   */
  after(index: number, page: number): void;
}

/** @returns why a recording cannot be taken through a technique, and what to do; undefined when it can */
export function replayRefusal(recording: Recording, technique: TechniqueId): Refusal | undefined {
  if (techniqueOf(technique).needsEveryWrite !== true || recording.writes !== undefined) return undefined;
  return { kind: "writes", technique };
}

/** Takes a recording through one technique in one environment. The ledger equals that of a live run, to the last count. */
export function replay(recording: Recording, options: MachineOptions, observer?: ReplayObserver): MachineHistory {
  const writes = techniqueOf(options.technique).needsEveryWrite === true ? recording.writes : undefined;
  const refusal = replayRefusal(recording, options.technique);
  if (refusal !== undefined) throw new RefusedError(refusal);
  const machine = createMachine(options, recording, observer?.ledger, observer === undefined);
  observer?.begin();
  const checkpoints: CheckpointSummary[] = [];
  const { kind, argument, site, cycle, bytes } = recording;
  /** Entries of the recording's writes that were taken. */
  let told = 0;
  let saved: SavedRegion[] = [];
  for (let i = 0; i < kind.length; i++) {
    switch (kind[i]) {
      case EVENT.store: {
        if (observer !== undefined) {
          machine.store(argument[i], site[i], cycle[i], bytes[i]);
          break;
        }
        const end = storesUntil(kind, i);
        machine.stores(recording, i, end);
        i = end - 1;
        break;
      }
      case EVENT.writes:
        // To whoever does not act on them these stores find open pages.
        if (writes === undefined) break;
        for (; told < argument[i]; told++) {
          machine.store(writes.page[told], writes.site[told], cycle[i], writes.bytes[told], writes.count[told]);
          observer?.after(i, writes.page[told]);
        }
        break;
      case EVENT.grow:
        machine.grow(argument[i]);
        break;
      case EVENT.systemCall:
        machine.systemCall(site[i]);
        break;
      case EVENT.call: {
        const call = recording.calls[argument[i]];
        const { engine } = machine;
        engine.setCycle(cycle[i]);
        switch (call.kind) {
          case "protect":
            engine.protect(call.spec, site[i]);
            break;
          case "unprotect":
            engine.unprotect(known(engine.regions.find(call.id, call.group)), site[i]);
            break;
          case "save": {
            const epoch = recording.epochs[call.epoch];
            engine.noteLines(epoch);
            engine.noteChanged(epoch.changed);
            if (epoch.written !== undefined) engine.noteWritten(epoch.written);
            const regions = call.regions.map(({ id, group }) => known(engine.regions.find(id, group)));
            saved.push(...engine.save(regions, site[i]));
            break;
          }
          case "commit":
            checkpoints.push(summaryOf(call.name, call.version, engine, cycle[i], saved));
            engine.commit(site[i]);
            saved = [];
            break;
          case "drain":
            engine.drain();
            break;
          case "abandon":
            engine.abandon();
            saved = [];
            break;
          case "reload":
            engine.reload(known(engine.regions.find(call.id, call.group)), call.bytes, site[i]);
            break;
        }
        break;
      }
      default:
        throw new Error(`event ${i} of the recording has the unknown kind ${kind[i]}`);
    }
    observer?.after(i, kind[i] === EVENT.store ? argument[i] : -1);
  }
  machine.engine.end(recording.programCycles);
  if (kind.length > 0) observer?.after(kind.length - 1, -1);
  // Names come last: a program may name a region after it was protected.
  for (const [number, { label }] of recording.labels.entries()) machine.engine.regions.relabel(number, label);
  return { machine, checkpoints };
}

/** Where stores that follow each other end. */
function storesUntil(kind: Uint8Array, from: number): number {
  let end = from;
  while (kind[end] === EVENT.store) end++;
  return end;
}

/** @param engine which has saved everything, and has not committed it */
export function summaryOf(
  name: string,
  version: number,
  { epoch, wholeGuestPages }: Pick<CheckpointEngine, "epoch" | "wholeGuestPages">,
  cycle: number,
  saved: readonly SavedRegion[],
): CheckpointSummary {
  const parts: SavedSummary[] = [];
  for (const { region, pages, bytes, dirtyBytes } of saved)
    if (pages.length > 0)
      parts.push({ region: region.number, pageCount: pages.length, copiedBytes: bytes, dirtyBytes });
  const copied =
    wholeGuestPages === undefined
      ? { pageCount: sum(parts, "pageCount"), copiedBytes: sum(parts, "copiedBytes") }
      : { pageCount: wholeGuestPages, copiedBytes: wholeGuestPages * PAGE_BYTES };
  return { name, version, epoch, cycle, ...copied, dirtyBytes: sum(parts, "dirtyBytes"), saved: parts };
}

function sum(parts: readonly SavedSummary[], figure: Exclude<keyof SavedSummary, "region">): number {
  return parts.reduce((total, part) => total + part[figure], 0);
}

function known(region: Region | undefined): Region {
  if (region === undefined) throw new Error("the recording names a region that is not protected there");
  return region;
}

import type { CheckpointImage } from "../../checkpoint/images.ts";
import { type CampaignInput, type Reference, referenceRun } from "../restart/reference.ts";
import type { WatchedProcess } from "../watcher.ts";
import { type ByteRange, mergedBytes } from "./byte-ranges.ts";
import type { Place } from "./findings.ts";
import { HeapBlocks } from "./heap-blocks.ts";
import { ReferenceMemory } from "./reference-memory.ts";
import type { FrameState, NamedState } from "./subjects.ts";

/** A region that an image holds, and where it lay. */
export interface SavedPlace {
  readonly id: number;
  readonly group: string;
  readonly address: number;
  readonly bytes: number;
}

/** The reference run's process at one of its checkpoints, but for its memory. */
export interface CheckpointState extends Omit<NamedState, "memory"> {
  readonly saved: readonly SavedPlace[];
  /** What calls left on the stack that had returned. */
  readonly deadStack: ByteRange;
}

/** Clang's stack pointer is the first global of WebAssembly, and its stack comes before the data. */
const STACK_POINTER = 0;

/** The reference run, with all that a restarted process is held against byte by byte. */
export class AuditedReference {
  readonly reference: Reference;
  readonly states: readonly CheckpointState[];
  readonly #memory: ReferenceMemory;
  #latest: { readonly commit: number; readonly memory: Uint8Array } | undefined;
  #shadow = new Uint8Array();

  constructor(input: CampaignInput, onCheckpoint?: (version: number) => void) {
    const states: CheckpointState[] = [];
    const memory = new ReferenceMemory();
    const heap = new HeapBlocks();
    const { language } = input.program;
    const isC = language === "c" || language === "c++";
    this.reference = referenceRun(input, {
      ...(onCheckpoint === undefined ? {} : { onCheckpoint }),
      watcher: {
        heap: (process, effect, site) => heap.note(effect, placeOf(process, site)),
        checkpointed(_, process) {
          const saved = savedPlaces(process, process.images.all.at(-1));
          memory.keep(process.mmu.memory, mergedBytes(saved.map(rangeOf)));
          const registers = registersOf(process);
          const pointer = isC ? Number((registers.globals.get(STACK_POINTER) ?? 0n) & 0xffffffffn) : 0;
          states.push({ ...registers, blocks: heap.list(), saved, deadStack: { start: 0, end: pointer } });
        },
      },
    });
    this.states = states;
    this.#memory = memory;
  }

  /** One byte for each of `byteCount` bytes of memory, all 0: the same ones each time. */
  statesOf(byteCount: number): Uint8Array {
    if (this.#shadow.length < byteCount) this.#shadow = new Uint8Array(byteCount);
    else this.#shadow.fill(0, 0, byteCount);
    return this.#shadow.subarray(0, byteCount);
  }

  /** The memory at a checkpoint; not to be changed, and good until another one's is asked for. */
  memoryAt(commit: number): Uint8Array {
    if (this.#latest?.commit !== commit) this.#latest = { commit, memory: this.#restored(commit) };
    return this.#latest.memory;
  }

  #restored(commit: number): Uint8Array {
    const { images } = this.reference.run;
    const image = images.all[commit];
    const saved = this.states[commit].saved.map(({ id, group, address }) => ({
      address,
      bytes: images.restore(image, id, group) ?? new Uint8Array(),
    }));
    return this.#memory.at(commit, saved);
  }
}

export function registersOf({ mmu }: WatchedProcess): {
  readonly frames: FrameState[];
  readonly globals: ReadonlyMap<number, bigint>;
} {
  return {
    frames: mmu.frames().map(({ functionIndex, locals }) => ({ functionIndex, locals })),
    globals: mmu.globals(),
  };
}

/** The user's place that a site stands for. */
export function placeOf(process: WatchedProcess, site: number): Place | undefined {
  const { file, line } = process.placeOf(site);
  return line === 0 ? undefined : { file, line };
}

export function rangeOf({ address, bytes }: { readonly address: number; readonly bytes: number }): ByteRange {
  return { start: address, end: address + bytes };
}

function savedPlaces({ regions }: WatchedProcess, image: CheckpointImage | undefined): SavedPlace[] {
  return (image?.regions ?? []).flatMap(({ id, group, sizeBytes }) => {
    const region = regions.find((other) => other.id === id && other.group === group);
    return region === undefined ? [] : [{ id, group, address: region.address, bytes: sizeBytes }];
  });
}

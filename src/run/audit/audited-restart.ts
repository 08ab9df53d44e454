import type { RegionName } from "../../checkpoint/api.ts";
import { HOST_SITE } from "../../guest/mmu.ts";
import type { SiteSource } from "../recording.ts";
import type { CampaignInput } from "../restart/reference.ts";
import { type Restart, restartFrom } from "../restart/restart.ts";
import { isLibrary } from "../sites.ts";
import type { WatchedProcess } from "../watcher.ts";
import { type AuditedReference, rangeOf } from "./audited-reference.ts";
import { type ByteRange, gapsOf, mergedBytes } from "./byte-ranges.ts";
import { LostPositions } from "./lost-positions.ts";
import { differences } from "./reference-memory.ts";
import { type RegisterRead, RegisterShadow } from "./register-shadow.ts";
import { type AccessPlace, type AccessRun, RestartShadow, Shadow } from "./restart-shadow.ts";

/** Stands for the reading of all protected bytes by a checkpoint. */
const CHECKPOINT_SITE = -2;
const CHECKPOINT: AccessPlace = { user: undefined, functionName: "VELOC_Checkpoint", isLibrary: true };

/** What a restart is made to have as it was at the checkpoint, as if it had been protected. */
export interface Repairs {
  readonly memory: readonly ByteRange[];
  /** Keys of registers. */
  readonly registers: ReadonlySet<string>;
}

export const NO_REPAIRS: Repairs = { memory: [], registers: new Set() };

/** What became of a restored region: by offset, `Shadow.live`, `.dead`, `.deadLater`, or `.restored` where nothing touched it. */
export interface RegionUse extends RegionName {
  readonly address: number;
  /** Good until the next restart. */
  readonly states: Uint8Array;
}

/** A restart, and what the restarted program's first accesses told. */
export interface AuditedRestart {
  readonly restart: Restart;
  /** Index of the checkpoint that it restored; undefined when it did not. */
  readonly commit: number | undefined;
  /** Where the restore was called. */
  readonly restoredAt: AccessPlace | undefined;
  /** Bytes that differed from the checkpoint's and were not restored. */
  readonly stale: readonly ByteRange[];
  readonly loads: readonly AccessRun[];
  readonly registerReads: readonly RegisterRead[];
  readonly regions: readonly RegionUse[];
  /** Stores that made restored bytes dead. */
  readonly overwrites: readonly AccessRun[];
  /** Files and standard input that were used from another position than the reference had come to, or with other contents. */
  readonly inputs: readonly InputUse[];
  /** What the image held and could not be restored, because it was not protected, or smaller, at that time. */
  readonly refused: readonly RefusedRegion[];
}

export interface InputUse {
  readonly path: string;
  /** Bytes from its start, in the reference at the checkpoint; undefined where it is the contents that are not what they were. */
  readonly expected: number | undefined;
  /** Of the first use. */
  readonly place: SiteSource | undefined;
}

export interface RefusedRegion extends RegionName {
  /** Index of the checkpoint. */
  readonly commit: number;
  readonly place: SiteSource | undefined;
}

export interface RestartOptions {
  readonly repairs: Repairs;
  /** Whether stale bytes and variables that are overwritten are followed to their next read. */
  readonly tracksOverwritten: boolean;
  /** Whether the same is done with restored bytes, of which it is not told then whether they are dead. */
  readonly tracksRestored: boolean;
  /** Whether a global of WebAssembly is the language's own. */
  skipsGlobal(index: number): boolean;
}

/** Restarts the program from a checkpoint and follows every stale and every restored byte to its first access. */
export function auditedRestart(
  input: CampaignInput,
  audited: AuditedReference,
  from: number,
  { repairs, tracksOverwritten, tracksRestored, skipsGlobal }: RestartOptions,
): AuditedRestart {
  const { commits } = audited.reference;
  let begun:
    | {
        readonly commit: number;
        readonly shadow: RestartShadow;
        readonly registers: RegisterShadow;
        readonly stale: readonly ByteRange[];
        readonly place: AccessPlace;
        readonly regions: readonly (RegionName & { readonly address: number; readonly bytes: number })[];
      }
    | undefined;
  const places = placeTable(input);
  const inputs = new LostPositions();
  const refused: RefusedRegion[] = [];
  let refusedAt: SiteSource | undefined;
  const restart = restartFrom(input, audited.reference, from, {
    restarted({ image, regions: restored, succeeded }, process) {
      const commit = commits.findLastIndex(
        ({ name, version }, i) => i <= from && name === image.name && version === image.version,
      );
      if (commit < 0) return undefined;
      if (!succeeded) {
        for (const { id, group, sizeBytes } of image.regions) {
          const now = process.regions.find((one) => one.id === id && one.group === group);
          if (now === undefined || now.bytes < sizeBytes) refused.push({ id, group, commit, place: refusedAt });
        }
        return undefined;
      }
      inputs.begin(commits[commit], process);
      const { mmu } = process;
      const reference = audited.memoryAt(commit);
      const regions = process.regions.flatMap(({ id, group, address }) => {
        const saved = image.regions.find((one) => one.id === id && one.group === group);
        const isRestored = restored.some((one) => one.id === id && one.group === group);
        return saved === undefined || !isRestored ? [] : [{ id, group, address, bytes: saved.sizeBytes }];
      });
      const held = mergedBytes(regions.map(rangeOf));
      const different = differences(mmu.memory, reference, mergedBytes([...held, audited.states[commit].deadStack]));
      const repaired = mergedBytes(repairs.memory);
      for (const { start, end } of repaired) {
        for (const gap of gapsOf(held, start, Math.min(end, mmu.memory.length)))
          mmu.memory.set(reference.subarray(gap.start, gap.end), gap.start);
      }
      const stale = different.flatMap(({ start, end }) => gapsOf(repaired, start, end));
      const mask = repaired.length === 0 ? undefined : maskOf(repaired, reference.length);
      const placeOf = (site: number) => (site === CHECKPOINT_SITE ? CHECKPOINT : places(process, site));
      const shadow = new RestartShadow(
        {
          watch: (address, bytes) => mmu.watched.set(address, bytes),
          unwatch: (address, bytes) => mmu.watched.clear(address, bytes),
          isWatched: (address) => mmu.watched.has(address),
          watchQuietly: (address, bytes) => mmu.watched.setQuietly(address, bytes),
          get quietlyLoaded() {
            return mmu.watched.quietlyLoaded;
          },
          get quietlyStored() {
            return mmu.watched.quietlyStored;
          },
        },
        reference,
        audited.statesOf(reference.length),
        placeOf,
        CHECKPOINT_SITE,
        { overwritten: tracksOverwritten, restored: tracksRestored },
        mask,
      );
      // Repaired bytes may be set to something else before they are read.
      shadow.add(tracksOverwritten ? different : stale, Shadow.stale);
      shadow.add(held, Shadow.restored);
      const registers = new RegisterShadow(placeOf, tracksOverwritten, repairs.registers);
      const { frames, globals } = audited.states[commit];
      registers.begin(mmu, frames, globals, skipsGlobal);
      begun = { commit, shadow, registers, stale: different, regions, place: placeOf(HOST_SITE) };
      return undefined;
    },
    checkpointed({ name, version }, process) {
      for (const region of process.regions) begun?.shadow.kept(rangeOf(region));
      // A program may take the checkpoint anew that it has restored.
      const restored = begun === undefined ? undefined : commits[begun.commit];
      if (restored?.name !== name || restored.version !== version) begun?.shadow.checkpointed();
    },
    ended(_ending, process) {
      for (const region of process.regions) begun?.shadow.kept(rangeOf(region));
      begun?.shadow.ended();
    },
    refused(_call, _reason, source) {
      refusedAt = source;
    },
    systemCall: (_name, source, process) => inputs.used(source, () => process.descriptors),
    entered: ({ mmu }, frame) => begun?.registers.entered(mmu, frame),
    access: ({ mmu }, address, size, site, isStore) => begun?.shadow.access(mmu.memory, address, size, site, isStore),
    local: (_, frame, index, site, isSet) => begun?.registers.local(frame, index, site, isSet),
    global: ({ mmu }, index, site, isSet) => begun?.registers.global(mmu, index, site, isSet),
  });
  const runs = begun?.shadow.runs ?? [];
  return {
    restart,
    commit: begun?.commit,
    restoredAt: begun?.place,
    stale: begun?.stale ?? [],
    loads: runs.filter(({ state }) => !isDead(state)),
    registerReads: begun?.registers.reads ?? [],
    regions: (begun?.regions ?? []).map(({ id, group, address, bytes }) => ({
      ...{ id, group, address },
      states: begun?.shadow.states.subarray(address, address + bytes) ?? new Uint8Array(),
    })),
    overwrites: runs.filter(({ state }) => isDead(state)),
    inputs: inputs.uses,
    refused,
  };
}

function isDead(state: number): boolean {
  return state === Shadow.dead || state === Shadow.deadLater;
}

function maskOf(ranges: readonly ByteRange[], size: number): Uint8Array {
  const mask = new Uint8Array(size);
  for (const { start, end } of ranges) mask.fill(1, start, end);
  return mask;
}

/** Places of accesses, one object for each. */
export function placeTable({
  instrumented,
  program,
}: CampaignInput): (process: WatchedProcess, site: number) => AccessPlace {
  /** By the user's place, and the function that stands for it. */
  const known = new Map<SiteSource, Map<number, AccessPlace>>();
  return (process, site) => {
    const source = process.placeOf(site);
    const { file, line } = source;
    const functionIndex = site === HOST_SITE ? -1 : instrumented.sites[site].functionIndex;
    let byFunction = known.get(source);
    if (byFunction === undefined) {
      byFunction = new Map();
      known.set(source, byFunction);
    }
    let place = byFunction.get(functionIndex);
    if (place === undefined) {
      const own = site === HOST_SITE ? undefined : program.lines.lookup(instrumented.sites[site].offset);
      place = {
        user: line === 0 ? undefined : { file, line },
        functionName: functionIndex < 0 ? "" : instrumented.functions[functionIndex].name,
        isLibrary: program.lines.kind !== "none" && (own === undefined || isLibrary(own.file)),
      };
      byFunction.set(functionIndex, place);
    }
    return place;
  };
}

import type { CheckpointEngine } from "./engine.ts";
import { ImageDraft, type LibraryMemory } from "./image-draft.ts";
import type { CheckpointImage, ImageStore } from "./images.ts";
import type { Region, RegionSpec, SavedRegion } from "./regions.ts";

export const SUCCESS = 0;
export const FAILURE = -1;

/** Which regions VELOC_Checkpoint_selective and VELOC_Recover_selective mean. */
export const SELECT_ALL = 0;
export const SELECT_SOME = 1;
export const SELECT_REST = 2;

/** A name of a checkpoint. */
const NAME = /^[A-Za-z0-9_.-]+$/;

/** What the library tells whoever records or reports the run; each call comes before the engine acts on it. */
export interface ApiObserver {
  protect(spec: RegionSpec, site: number): void;
  unprotect(id: number, group: string, site: number): void;
  /** The regions' stores up to here belong to the epoch that ends. */
  save(regions: readonly Region[], site: number): void;
  commit(name: string, version: number, site: number, saved: readonly SavedRegion[]): void;
  abandon(name: string, version: number, site: number): void;
  reload(id: number, group: string, bytes: number, site: number): void;
  /** Waits for an asynchronous commit. */
  drain(site: number): void;
  /**
   * The image is whole and safe: at the end of the call, or later where commits are asynchronous.
   * @param safeAt virtual cycle from which on it was; it may be told later
   */
  committed(image: CheckpointImage, safeAt: number): void;
  /**
   * The program has ended a restart from an image.
   * @param regions what was restored
   * @param succeeded whether that is all it asked for, and anything at all
   */
  restarted(image: CheckpointImage, regions: readonly RegionName[], succeeded: boolean): void;
  /** A call failed and the program was told -1: why, in one sentence. */
  refused(call: string, reason: string, site: number): void;
}

/** What tells regions apart. */
export type RegionName = Pick<RegionSpec, "id" | "group">;

interface OpenCheckpoint {
  readonly name: string;
  readonly version: number;
  readonly saved: SavedRegion[];
  readonly drafts: ImageDraft[];
}

/**
 * The meaning of VELOC 1.8's calls for one process. Every verb answers as VELOC's C function does: 0 (or a version, or a
 * size) when it worked, -1 when it did not; the reason of a failure goes to the observer.
 */
export class CheckpointApi {
  readonly #engine: CheckpointEngine;
  readonly #store: ImageStore;
  readonly #memory: LibraryMemory;
  readonly #observer: ApiObserver;
  readonly #cycle: () => number;
  #initialized = false;
  #open: OpenCheckpoint | undefined;
  /** Taken, and its bytes are still being copied. */
  #inFlight: (OpenCheckpoint & { readonly cycle: number }) | undefined;
  #restarting: CheckpointImage | undefined;
  /** Restored since the restart began, and whether something that was asked for was not. */
  #recovered: RegionName[] = [];
  #recoveryFailed = false;
  #labels = new Map<number, string>();

  constructor(
    engine: CheckpointEngine,
    store: ImageStore,
    memory: LibraryMemory,
    observer: ApiObserver,
    cycle: () => number,
  ) {
    this.#engine = engine;
    this.#store = store;
    this.#memory = memory;
    this.#observer = observer;
    this.#cycle = cycle;
    engine.copyListener = {
      beforeWrite: (page) => {
        for (const draft of this.#open?.drafts ?? []) draft.take(page, this.#memory);
        for (const draft of this.#inFlight?.drafts ?? []) draft.take(page, this.#memory);
      },
      finish: (safeAt) => this.#land(safeAt),
    };
  }

  init(): number {
    this.#initialized = true;
    return SUCCESS;
  }

  finalize(drain: boolean, site: number): number {
    if (!this.#ready("VELOC_Finalize", site)) return FAILURE;
    if (drain) this.wait(site);
    this.#initialized = false;
    return SUCCESS;
  }

  protect(id: number, address: number, count: number, baseSize: number, group: string, site: number): number {
    const call = group === "" ? "VELOC_Mem_protect" : "VELOC_Region_protect";
    if (!this.#ready(call, site)) return FAILURE;
    const bytes = count * baseSize;
    if (address + bytes > this.#memory.sizeBytes) {
      const end = `0x${(address + bytes).toString(16)}`;
      return this.#refuse(
        call,
        `region ${id} ends at ${end}, beyond the program's memory of ${this.#memory.sizeBytes} bytes`,
        site,
      );
    }
    const spec: RegionSpec = { id, group, address, bytes, label: this.#labels.get(id) ?? "" };
    this.#observer.protect(spec, site);
    this.#engine.protect(spec, site);
    return SUCCESS;
  }

  unprotect(id: number, group: string, site: number): number {
    const call = group === "" ? "VELOC_Mem_unprotect" : "VELOC_Region_unprotect";
    const region = this.#engine.regions.find(id, group);
    if (region === undefined) return this.#refuse(call, `no region with the id ${id} is protected`, site);
    this.#observer.unprotect(id, group, site);
    this.#engine.unprotect(region, site);
    return SUCCESS;
  }

  clear(group: string, site: number): number {
    for (const { spec } of [...this.#engine.regions.all])
      if (spec.group === group) this.unprotect(spec.id, group, site);
    return SUCCESS;
  }

  /** VELOC_Mem_name: what reports call a region. */
  name(id: number, label: string): number {
    this.#labels.set(id, label);
    const region = this.#engine.regions.find(id, "");
    if (region !== undefined) this.#engine.regions.relabel(region.number, label);
    return SUCCESS;
  }

  /** The name that the program gave a region, or nothing. */
  labelOf(id: number): string {
    return this.#labels.get(id) ?? "";
  }

  cleanup(name: string): number {
    this.#store.remove(name);
    return SUCCESS;
  }

  checkpoint(name: string, version: number, site: number): number {
    if (this.checkpointBegin(name, version, site) === FAILURE) return FAILURE;
    const saved = this.checkpointSelective(SELECT_ALL, [], site) === SUCCESS;
    return this.checkpointEnd(saved, site);
  }

  checkpointBegin(name: string, version: number, site: number): number {
    if (!this.#ready("VELOC_Checkpoint", site)) return FAILURE;
    if (this.#open !== undefined) {
      return this.#refuse(
        "VELOC_Checkpoint_begin",
        `checkpoint ${this.#open.version} of ${this.#open.name} is still open`,
        site,
      );
    }
    if (!NAME.test(name)) {
      return this.#refuse(
        "VELOC_Checkpoint_begin",
        `"${name}" is no name of a checkpoint: letters, digits, '_', '-' and '.' make one`,
        site,
      );
    }
    if (version < 0) return this.#refuse("VELOC_Checkpoint_begin", `the version ${version} is negative`, site);
    this.#open = { name, version, saved: [], drafts: [] };
    return SUCCESS;
  }

  checkpointSelective(mode: number, ids: readonly number[], site: number): number {
    const call = "VELOC_Checkpoint_selective";
    if (this.#open === undefined) return this.#refuse(call, "no checkpoint was begun", site);
    const open = this.#open;
    const regions = this.#select(this.#engine.regions.ofCheckpoint(open.name), mode, ids, call, site);
    if (regions === undefined) return FAILURE;
    const fresh = regions.filter((region) => !open.saved.some((saved) => saved.region === region));
    if (fresh.length === 0) {
      return this.#refuse(call, "nothing is protected: call VELOC_Mem_protect before the first checkpoint", site);
    }
    // Regions of one save are distinct.
    const isFirst = open.drafts.length === 0;
    this.#observer.save(fresh, site);
    for (const saved of this.#engine.save(fresh, site)) {
      const draft = new ImageDraft(saved);
      if (!this.#engine.copiesInBackground) draft.takeAll(this.#memory, this.#expected(open, draft.spec));
      // A region that was protected again since it was saved takes the place of what it was: an image holds an id once.
      const earlier = isFirst ? -1 : open.drafts.findIndex((other) => other.isOf(saved.region.spec));
      if (earlier >= 0) open.drafts.splice(earlier, 1);
      open.saved.push(saved);
      open.drafts.push(draft);
    }
    return SUCCESS;
  }

  checkpointEnd(success: boolean, site: number): number {
    if (this.#open === undefined) return this.#refuse("VELOC_Checkpoint_end", "no checkpoint was begun", site);
    const taken = this.#open;
    const { name, version } = taken;
    this.#open = undefined;
    if (!success) {
      this.#observer.abandon(name, version, site);
      this.#engine.abandon();
      return FAILURE;
    }
    this.#observer.commit(name, version, site, taken.saved);
    this.#engine.commit(site);
    this.#inFlight = { ...taken, cycle: this.#cycle() };
    if (!this.#engine.isCopying) this.#land(this.#cycle());
    return SUCCESS;
  }

  /**
   * Waits until no checkpoint is being copied any more. VELOC_Checkpoint_finished is answered so too: what a program does
   * must not depend on how it is checkpointed.
   */
  wait(site: number): number {
    this.#observer.drain(site);
    this.#engine.drain();
    return SUCCESS;
  }

  restartTest(name: string, limit: number, site: number): number {
    this.wait(site);
    return this.#store.newestVersion(name, limit) ?? FAILURE;
  }

  restart(name: string, version: number, site: number): number {
    if (this.restartBegin(name, version, site) === FAILURE) return FAILURE;
    const recovered = this.recoverSelective(SELECT_ALL, [], site);
    this.restartEnd();
    return recovered;
  }

  restartBegin(name: string, version: number, site: number): number {
    if (!this.#ready("VELOC_Restart", site)) return FAILURE;
    const image = this.#store.find(name, version);
    if (image === undefined) return this.#refuse("VELOC_Restart", `there is no version ${version} of ${name}`, site);
    this.#restarting = image;
    this.#recovered = [];
    this.#recoveryFailed = false;
    return SUCCESS;
  }

  recoverSize(id: number): number {
    return this.#restarting?.regions.find((region) => region.id === id)?.sizeBytes ?? FAILURE;
  }

  recoverSelective(mode: number, ids: readonly number[], site: number): number {
    const call = "VELOC_Recover_selective";
    const image = this.#restarting;
    if (image === undefined) return this.#refuse(call, "no restart was begun", site);
    const failedBefore = this.#recoveryFailed;
    this.#recoveryFailed = true;
    const wanted = image.regions.filter(({ id }) => selected(mode, ids, id));
    for (const saved of wanted) {
      const region = this.#engine.regions.find(saved.id, saved.group);
      if (region === undefined)
        return this.#refuse(call, `the image holds region ${saved.id}, which is not protected now`, site);
      if (region.spec.bytes < saved.sizeBytes) {
        return this.#refuse(
          call,
          `region ${saved.id} has ${region.spec.bytes} bytes now, and its image ${saved.sizeBytes}`,
          site,
        );
      }
    }
    for (const saved of wanted) {
      const region = this.#engine.regions.find(saved.id, saved.group);
      const bytes = this.#store.restore(image, saved.id, saved.group);
      if (region === undefined || bytes === undefined) return FAILURE;
      this.#observer.reload(saved.id, saved.group, bytes.length, site);
      this.#engine.reload(region, bytes.length, site);
      this.#memory.write(region.spec.address, bytes);
      this.#recovered.push({ id: saved.id, group: saved.group });
    }
    this.#recoveryFailed = failedBefore;
    return SUCCESS;
  }

  restartEnd(): number {
    if (this.#restarting !== undefined) {
      const succeeded = this.#recovered.length > 0 && !this.#recoveryFailed;
      this.#observer.restarted(this.#restarting, this.#recovered, succeeded);
    }
    this.#restarting = undefined;
    return SUCCESS;
  }

  #select(
    regions: readonly Region[],
    mode: number,
    ids: readonly number[],
    call: string,
    site: number,
  ): readonly Region[] | undefined {
    for (const id of mode === SELECT_ALL ? [] : ids) {
      if (regions.some(({ spec }) => spec.id === id)) continue;
      this.#refuse(call, `no region with the id ${id} is protected`, site);
      return undefined;
    }
    return regions.filter(({ spec }) => selected(mode, ids, spec.id));
  }

  /** Takes what is missing of the checkpoint in flight, and commits it. */
  #land(safeAt: number): void {
    for (const draft of this.#open?.drafts ?? []) draft.takeAll(this.#memory);
    if (this.#inFlight === undefined) return;
    const { name, version, cycle, drafts } = this.#inFlight;
    this.#inFlight = undefined;
    const regions = drafts.map((draft) => {
      draft.takeAll(this.#memory);
      return draft.image(this.labelOf(draft.spec.id));
    });
    const image: CheckpointImage = { name, version, cycle, regions };
    this.#store.commit(image);
    this.#observer.committed(image, Math.max(cycle, safeAt));
  }

  #expected({ name, version }: { readonly name: string; readonly version: number }, { id, group }: RegionName) {
    return this.#store.expectedBytes(name, version, id, group);
  }

  #ready(call: string, site: number): boolean {
    if (this.#initialized) return true;
    this.#refuse(call, "VELOC_Init was not called", site);
    return false;
  }

  #refuse(call: string, reason: string, site: number): -1 {
    this.#observer.refused(call, reason, site);
    return FAILURE;
  }
}

function selected(mode: number, ids: readonly number[], id: number): boolean {
  if (mode === SELECT_ALL) return true;
  return ids.includes(id) === (mode === SELECT_SOME);
}

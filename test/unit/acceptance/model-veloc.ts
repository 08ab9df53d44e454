/** A checkpoint in the model: every byte of every region that it saved. */
export interface ModelImage {
  readonly name: string;
  readonly version: number;
  /** By id and group. */
  readonly regions: ReadonlyMap<string, Uint8Array>;
}

/** The program's memory as the model reads and writes it. */
export interface ModelMemory {
  /** From address 0 to the end, as it is now. */
  readonly bytes: Uint8Array;
  write(address: number, bytes: Uint8Array): void;
}

interface ModelRegion {
  readonly id: number;
  readonly group: string;
  readonly address: number;
  readonly size: number;
}

export type VelocFunction = (...values: number[]) => number;

const NAME = /^[A-Za-z0-9_.-]+$/;

/**
 * What VELOC's calls mean, told in the plainest way: a checkpoint copies every byte of its regions, and nothing knows of
 * pages, epochs or deltas. It shares no code with the product, which must answer the same and restore the same bytes.
 */
export class ModelVeloc {
  /** In the order of their commits, removed ones too. */
  readonly images: ModelImage[];
  /** Each call with its answer. */
  readonly answers: string[] = [];
  readonly imports: Record<string, VelocFunction>;
  #memory: ModelMemory | undefined;
  #ready = false;
  #regions: ModelRegion[] = [];
  #removed = new Set<ModelImage>();
  #open: { name: string; version: number; regions: Map<string, Uint8Array>; saved: Set<ModelRegion> } | undefined;
  #restarting: ModelImage | undefined;

  /** @param afterCall comes when a call has been answered, still on the program's stack */
  constructor(images: readonly ModelImage[] = [], afterCall: (call: string) => void = () => {}) {
    this.images = [...images];
    this.imports = Object.fromEntries(
      Object.entries(this.#verbs()).map(([name, verb]) => [
        name,
        (...values: number[]) => {
          const answer = verb(...values);
          this.answers.push(`${name} ${answer}`);
          afterCall(name);
          return answer;
        },
      ]),
    );
  }

  bind(memory: ModelMemory): void {
    this.#memory = memory;
  }

  get #bytes(): Uint8Array {
    if (this.#memory === undefined) throw new Error("the model has no memory yet");
    return this.#memory.bytes;
  }

  #verbs(): Record<string, VelocFunction> {
    const begin = () => {
      this.#ready = true;
      return 0;
    };
    return {
      init: begin,
      init_single: begin,
      finalize: () => {
        if (!this.#ready) return -1;
        this.#ready = false;
        return 0;
      },
      mem_protect: (id, address, count, size) => this.#protect(id, address, count, size, ""),
      mem_unprotect: (id) => this.#unprotect(id, ""),
      mem_clear: () => this.#clear(""),
      region_protect: (id, address, count, size, name) => this.#protect(id, address, count, size, this.#text(name)),
      region_unprotect: (id, name) => this.#unprotect(id, this.#text(name)),
      region_clear: (name) => this.#clear(this.#text(name)),
      mem_name: () => 0,
      route_file: () => -1,
      cleanup: (name) => {
        for (const image of this.images) if (image.name === this.#text(name)) this.#removed.add(image);
        return 0;
      },
      checkpoint: (name, version) => {
        if (this.#begin(this.#text(name), version) < 0) return -1;
        return this.#end(this.#save(() => true) === 0);
      },
      checkpoint_begin: (name, version) => this.#begin(this.#text(name), version),
      checkpoint_mem: () => this.#save(() => true),
      checkpoint_selective: (mode, pointer, count) => this.#save(...this.#picked(mode, pointer, count)),
      checkpoint_end: (success) => this.#end(success !== 0),
      checkpoint_wait: () => 0,
      checkpoint_finished: () => 0,
      restart_test: (name, limit) => {
        const versions = this.#visible(this.#text(name)).map(({ version }) => version);
        return Math.max(-1, ...versions.filter((version) => limit <= 0 || version < limit));
      },
      restart: (name, version) => {
        if (this.#beginRestart(this.#text(name), version) < 0) return -1;
        const answer = this.#recover(() => true);
        this.#restarting = undefined;
        return answer;
      },
      restart_begin: (name, version) => this.#beginRestart(this.#text(name), version),
      recover_mem: () => this.#recover(() => true),
      recover_selective: (mode, pointer, count) => this.#recover(this.#picked(mode, pointer, count)[0]),
      recover_size: (id) => {
        for (const [key, bytes] of this.#restarting?.regions ?? []) if (key.startsWith(`${id} `)) return bytes.length;
        return -1;
      },
      restart_end: () => {
        this.#restarting = undefined;
        return 0;
      },
    };
  }

  #text(pointer: number): string {
    const start = pointer >>> 0;
    return Buffer.from(this.#bytes.subarray(start, this.#bytes.indexOf(0, start))).toString();
  }

  /** What the mode (all, some, rest) picks, and the ids that must be there. */
  #picked(mode: number, pointer: number, count: number): [(id: number) => boolean, readonly number[]] {
    if (mode === 0) return [() => true, []];
    const { buffer, byteOffset } = this.#bytes;
    const view = new DataView(buffer, byteOffset);
    const ids = Array.from({ length: count }, (_, i) => view.getInt32((pointer >>> 0) + 4 * i, true));
    return [(id) => ids.includes(id) === (mode === 1), ids];
  }

  #protect(id: number, address: number, count: number, size: number, group: string): number {
    const region = { id, group, address: address >>> 0, size: (count >>> 0) * (size >>> 0) };
    if (!this.#ready || region.address + region.size > this.#bytes.length) return -1;
    const index = this.#regions.findIndex((other) => other.id === id && other.group === group);
    const known = this.#regions[index];
    if (known === undefined) this.#regions.push(region);
    else if (known.address !== region.address || known.size !== region.size) this.#regions[index] = region;
    return 0;
  }

  #unprotect(id: number, group: string): number {
    const rest = this.#regions.filter((region) => region.id !== id || region.group !== group);
    const found = rest.length < this.#regions.length;
    this.#regions = rest;
    return found ? 0 : -1;
  }

  #clear(group: string): number {
    this.#regions = this.#regions.filter((region) => region.group !== group);
    return 0;
  }

  #begin(name: string, version: number): number {
    if (!this.#ready || this.#open !== undefined || !NAME.test(name) || version < 0) return -1;
    this.#open = { name, version, regions: new Map(), saved: new Set() };
    return 0;
  }

  #save(picks: (id: number) => boolean, named: readonly number[] = []): number {
    const open = this.#open;
    if (open === undefined) return -1;
    const own = this.#regions.filter((region) => region.group === open.name);
    const candidates = own.length > 0 ? own : this.#regions.filter((region) => region.group === "");
    if (named.some((id) => !candidates.some((region) => region.id === id))) return -1;
    const fresh = candidates.filter((region) => picks(region.id) && !open.saved.has(region));
    for (const region of fresh) {
      const { id, group, address, size } = region;
      open.saved.add(region);
      open.regions.delete(`${id} ${group}`); // what is saved last is also restored last
      open.regions.set(`${id} ${group}`, this.#bytes.slice(address, address + size));
    }
    return fresh.length > 0 ? 0 : -1;
  }

  #end(success: boolean): number {
    if (this.#open === undefined) return -1;
    const { name, version, regions } = this.#open;
    if (success) this.images.push({ name, version, regions });
    this.#open = undefined;
    return success ? 0 : -1;
  }

  #visible(name: string): ModelImage[] {
    return this.images.filter((image) => image.name === name && !this.#removed.has(image));
  }

  #beginRestart(name: string, version: number): number {
    const image = this.#visible(name).findLast((candidate) => candidate.version === version);
    if (!this.#ready || image === undefined) return -1;
    this.#restarting = image;
    return 0;
  }

  #recover(picks: (id: number) => boolean): number {
    if (this.#restarting === undefined) return -1;
    const writes: { address: number; bytes: Uint8Array }[] = [];
    for (const [key, bytes] of this.#restarting.regions) {
      const region = this.#regions.find(({ id, group }) => `${id} ${group}` === key);
      if (!picks(Number.parseInt(key, 10))) continue;
      if (region === undefined || region.size < bytes.length) return -1;
      writes.push({ address: region.address, bytes });
    }
    for (const { address, bytes } of writes) this.#memory?.write(address, bytes);
    return 0;
  }
}

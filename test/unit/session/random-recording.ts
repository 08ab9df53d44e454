import { refusalOf } from "../../../src/checkpoint/refusal.ts";
import { ENVIRONMENTS, TARGETS } from "../../../src/checkpoint/technique.ts";
import { TECHNIQUE_IDS, techniqueOf } from "../../../src/checkpoint/techniques.ts";
import { DEFAULT_MACHINE, type MachineOptions } from "../../../src/run/machine.ts";
import { type ApiCall, type EpochPages, EVENT, EventColumns, type Recording } from "../../../src/run/recording.ts";
import { GATES } from "../../../src/xen/checkpoint-service.ts";

/** Numbers from a seed: xorshift of 32 bits. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed * 2654435761 || 1;
  }

  /** A whole number from 0 to limit - 1. */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  bits(): number {
    return (this.below(1 << 16) * 65536 + this.below(1 << 16)) >>> 0;
  }
}

const FILES = ["a.c", "b.c", ""];
const FUNCTIONS = ["main", "fill", "take"];

/**
 * A recording as a program could have made it: regions that are protected, protected again elsewhere, and given up; whole,
 * selective and abandoned checkpoints; memory that grows; a restart; system calls; sites with and without lines.
 */
export function randomRecording(seed: number): Recording {
  const random = new Random(seed);
  const events = new EventColumns();
  const calls: ApiCall[] = [];
  const epochs: EpochPages[] = [];
  const startPages = 4 + random.below(60);
  let pageCount = startPages;
  let cycle = 0;
  let written: number[] = [];
  const labels: { id: number; label: string }[] = [];
  const regions = new Map<number, { address: number; bytes: number }>();
  const sites = Array.from({ length: 3 + random.below(12) }, () => {
    const file = FILES[random.below(3)];
    return { file, line: file === "" ? 0 : 1 + random.below(9), function: FUNCTIONS[random.below(3)] };
  });
  const site = () => (random.chance(3) ? -1 : random.below(sites.length));
  const writes = { page: [] as number[], site: [] as number[], count: [] as number[], bytes: [] as number[] };
  let told = 0;
  const push = (kind: number, argument: number, at = site()) => {
    cycle += random.below(1000);
    if (writes.page.length > told) events.push(EVENT.writes, writes.page.length, -1, cycle);
    told = writes.page.length;
    events.push(kind, argument, at, cycle, kind === EVENT.store ? 1 + random.below(16) : 0);
  };
  /** Further writes to a page of the interval. */
  const writeAgain = () => {
    const count = 1 + random.below(random.chance(20) ? 1000 : 3);
    writes.page.push(written[random.below(written.length)]);
    writes.site.push(site());
    writes.count.push(count);
    writes.bytes.push(count * (1 + random.below(16)));
  };
  const call = (what: ApiCall) => push(EVENT.call, calls.push(what) - 1);
  const endInterval = () => {
    const pages = Uint32Array.from(written);
    const mask = () => Uint32Array.from(written, () => random.bits() & random.bits());
    const low = mask().map((word) => word | 1);
    const changed = Uint32Array.from(written.filter(() => random.chance(70))).sort();
    const address = pages.slice().sort();
    for (let i = 0; i < address.length; i++) address[i] = address[i] * 4096 + random.below(4000);
    const bytes = address.map(() => 1 + random.below(96));
    const stores = Uint32Array.from(written, () => 1 + random.below(50));
    epochs.push({ pages, low, high: mask(), stores, changed, written: { address, bytes } });
    written = [];
  };
  const store = (page: number, at = site()) => {
    if (written.includes(page)) return;
    written.push(page);
    push(EVENT.store, page, at);
    while (random.chance(40)) writeAgain();
  };
  const save = (ids: readonly number[]) => {
    call({ kind: "save", regions: ids.map((id) => ({ id, group: "" })), epoch: epochs.length });
    endInterval();
  };
  const protect = () => {
    const id = random.below(4);
    const address = random.below(pageCount * 4096 - 1);
    const bytes = 1 + random.below(Math.min(pageCount * 4096 - address, 12 * 4096));
    if (!labels.some((label) => label.id === id)) labels.push({ id, label: random.chance(50) ? `region ${id}` : "" });
    regions.set(id, { address, bytes });
    call({ kind: "protect", spec: { id, group: "", address, bytes, label: "" } });
  };
  protect();
  const checkpoints = random.below(6);
  for (let version = 1; version <= checkpoints; version++) {
    for (let i = random.below(80); i > 0; i--) store(random.below(pageCount));
    if (random.chance(30)) push(EVENT.systemCall, 0);
    if (random.chance(30)) {
      pageCount += 1 + random.below(16);
      push(EVENT.grow, pageCount, -1);
    }
    if (random.chance(40)) protect();
    if (random.chance(10) && regions.size > 1) {
      const [id] = regions.keys();
      regions.delete(id);
      call({ kind: "unprotect", id, group: "" });
    }
    const ids = [...regions.keys()];
    if (random.chance(30) && ids.length > 1) {
      save(ids.slice(0, 1));
      for (let i = random.below(10); i > 0; i--) store(random.below(pageCount));
      save(ids.slice(1));
    } else save(ids);
    call(random.chance(85) ? { kind: "commit", name: "state", version } : { kind: "abandon", name: "state", version });
    if (random.chance(20)) call({ kind: "drain" });
    if (random.chance(15)) {
      const [id, { address, bytes }] = [...regions][0];
      const at = random.below(sites.length);
      push(EVENT.call, calls.push({ kind: "reload", id, group: "", bytes }) - 1, at);
      for (let page = address >> 12; page <= (address + bytes - 1) >> 12; page++) store(page, at);
    }
  }
  for (let i = random.below(80); i > 0; i--) store(random.below(pageCount));
  if (random.chance(50)) call({ kind: "drain" });
  endInterval();
  const lines = new Map(
    sites
      .filter(({ line }) => line > 0)
      .map((source) => [
        `${source.file}:${source.line}`,
        { ...source, stores: random.below(1000), cycles: random.below(9999) },
      ]),
  );
  return {
    startPages,
    residentPages: [{ first: 0, pageCount: 1 + random.below(startPages) }],
    endPages: pageCount,
    ...events.columns(),
    writes: {
      page: Uint32Array.from(writes.page),
      site: Int32Array.from(writes.site),
      count: Uint32Array.from(writes.count),
      bytes: Float64Array.from(writes.bytes),
    },
    calls,
    systemCalls: ["fd_write"],
    epochs,
    sites,
    lines: [...lines.values()],
    programCycles: cycle + 10 * random.below(2),
    labels,
  };
}

/** A machine that the simulator can be. */
export function randomMachine(random: Random): MachineOptions {
  for (;;) {
    const options: MachineOptions = {
      ...DEFAULT_MACHINE,
      environment: ENVIRONMENTS[random.below(ENVIRONMENTS.length)],
      technique: TECHNIQUE_IDS[random.below(TECHNIQUE_IDS.length)],
      commit: random.chance(50) ? "async" : "sync",
      gate: GATES[random.below(GATES.length)],
      target: TARGETS[random.below(TARGETS.length)],
      copy: random.chance(50) ? "guest" : "hypervisor",
    };
    if (refusalOf(techniqueOf(options.technique), options) === undefined) return options;
  }
}

/** Runs a check on recordings of many seeds; a failure names its seed. */
export function forSeeds(count: number, check: (recording: Recording, random: Random, seed: number) => void): void {
  for (let seed = 1; seed <= count; seed++) {
    try {
      check(randomRecording(seed), new Random(seed + 1_000_000), seed);
    } catch (error) {
      throw new Error(`with seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
}

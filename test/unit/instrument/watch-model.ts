// What `watch` must tell, told by the program itself (see `traced-module.ts`), and somebody who looks on at either.
import type { GuestFrame } from "../../../src/guest/guest-frames.ts";
import type { Mmu, WatchHandlers } from "../../../src/guest/mmu.ts";
import type { InstrumentOptions } from "../../../src/program/instrument/types.ts";
import { assemble, memoryOf, outcome, plain, run } from "./harness.ts";
import { createRandom } from "./random-module.ts";
import type { TracedModule } from "./traced-module.ts";

type ModelFrame = Pick<GuestFrame, "functionIndex" | "locals" | "setLocal" | "watchLocal">;

/** What somebody who looks on sees and changes: an `Mmu`, or the model of one. */
export interface Process extends Pick<Mmu, "watchGlobal" | "globals" | "setGlobal"> {
  readonly memory: Uint8Array;
  readonly watched: Pick<Mmu["watched"], "set" | "clear" | "has">;
  frames(): ModelFrame[];
}

/** Is told what `WatchHandlers` are, with instructions counted in the order of the code in place of sites. */
export interface Onlooker {
  access(address: number, size: number, instruction: number, isStore: boolean): void;
  local(frame: ModelFrame, local: number, instruction: number, isSet: boolean): void;
  global(global: number, instruction: number, isSet: boolean): void;
  /** The program calls `look`. */
  look(): void;
}

export type MakeOnlooker = (process: Process) => Onlooker;

export interface Watched {
  readonly result: string;
  readonly memory: Uint8Array;
  readonly globals: string;
}

const HOST = -1;
const globalsOf = (process: Process) => [...process.globals()].map(([index, bits]) => `${index}=${bits}`).join();

/** Runs the module in `watch` mode. */
export function runWatched(wasm: Uint8Array, options: Omit<InstrumentOptions, "mode">, make: MakeOnlooker): Watched {
  const look = (value: number) => {
    onlooker.look();
    return (value * 31) | 0;
  };
  const env = {
    look,
    write(address: number, size: number) {
      running.mmu.hostWrite(address, size);
      running.mmu.memory.fill(size & 255, address, address + size);
    },
    read: (address: number, size: number) => running.mmu.hostRead(address, size),
  };
  let active = false;
  const handlers: WatchHandlers = {
    access: (address, size, site, isStore) => onlooker.access(address, size, instructions[site] ?? HOST, isStore),
    local: (frame, local, site, isSet) => onlooker.local(frame, local, instructions[site], isSet),
    global: (global, site, isSet) => onlooker.global(global, instructions[site], isSet),
    entered() {},
    heap() {},
  };
  const quiet: Onlooker = { access() {}, local() {}, global() {}, look() {} };
  const running = run(wasm, { ...options, mode: "watch" }, { env, veloc: { look } }, handlers);
  const instructions = numbersOf(running.module.sites);
  const made = make(running.mmu);
  const onlooker = new Proxy(made, { get: (target, name: keyof Onlooker) => (active ? target : quiet)[name] });
  active = true;
  const result = outcome(() => running.exports.main(12345));
  return { result, memory: running.mmu.memory.slice(), globals: globalsOf(running.mmu) };
}

/** By site: its instruction's number among those that use memory, or among those that use variables. */
function numbersOf(sites: readonly { readonly offset: number; readonly kind: string }[]): number[] {
  const isVariable = (kind: string) => kind === "get" || kind === "set";
  const ranks = [true, false].map((ofVariables) => {
    const offsets = sites.filter(({ kind }) => isVariable(kind) === ofVariables).map(({ offset }) => offset);
    return new Map([...new Set(offsets)].sort((x, y) => x - y).map((offset, rank) => [offset, rank]));
  });
  return sites.map(({ kind, offset }) => ranks[isVariable(kind) ? 0 : 1].get(offset) ?? HOST);
}

interface Activation {
  readonly parent: number;
  readonly functionIndex: number;
  readonly values: Map<number, bigint>;
  readonly flags: Set<number>;
  /** What variables get when the call that runs has returned. */
  pending: Map<number, bigint> | undefined;
}

/** Runs the traced module as it is; everything that is watched is looked up here, byte by byte. */
export function runModel({ wat, accesses, framed }: TracedModule, limitBytes: number, make: MakeOnlooker): Watched {
  const bits = new Uint8Array(limitBytes);
  const watchedGlobals = new Set<number>();
  const activations: Activation[] = [];
  const NOBODY = -1;
  let current = NOBODY;
  let active = false;

  const frameOf = (id: number, now?: { readonly local: number; bits: bigint }): ModelFrame => {
    const { functionIndex, values, flags } = activations[id];
    const types = framed.get(functionIndex)?.locals ?? [];
    return {
      functionIndex,
      locals: types.map((_, i) => (now?.local === i ? now.bits : (activations[id].pending?.get(i) ?? values.get(i)))),
      setLocal(local, value) {
        const kept = types[local] === "i32" || types[local] === "f32" ? value & 0xffffffffn : value;
        if (now?.local === local) now.bits = kept;
        else {
          activations[id].pending ??= new Map();
          activations[id].pending?.set(local, kept);
        }
      },
      watchLocal: (local, isWatched) => void (isWatched ? flags.add(local) : flags.delete(local)),
    };
  };
  const anyWatched = (start: number, end: number) => bits.subarray(start, end).some((bit) => bit !== 0);
  /** One access in each page. */
  const range = (address: number, size: number, instruction: number, isStore: boolean) => {
    for (let at = address; at < address + size; ) {
      const next = Math.min((Math.floor(at / 4096) + 1) * 4096, address + size);
      if (anyWatched(at, next)) onlooker.access(at, next - at, instruction, isStore);
      at = next;
    }
  };

  const traced = {
    access(number: number, first: number, second: number, third: number) {
      if (!active) return;
      const { kind, size, offset } = accesses[number];
      const memoryBytes = memoryOf(exports).length;
      const [address, source, length] = [first >>> 0, second >>> 0, third >>> 0];
      if (kind === "load" || kind === "store") {
        const at = address + offset;
        if (at + size <= memoryBytes && anyWatched(at, at + size)) onlooker.access(at, size, number, kind === "store");
        return;
      }
      if (address + length > memoryBytes) return;
      if (kind === "copy" && source + length > memoryBytes) return;
      if (kind === "init" && source + length > PASSIVE_BYTES) return;
      if (kind === "copy") range(source, length, number, false);
      range(address, length, number, true);
    },
    enter: (functionIndex: number) =>
      activations.push({
        parent: current,
        functionIndex,
        values: new Map(),
        flags: new Set(),
        pending: undefined,
      }) - 1,
    calling(id: number) {
      current = id;
    },
    value: (local: number, value: bigint) => void activations[current].values.set(local, BigInt.asUintN(64, value)),
    reload(id: number, local: number, value: bigint) {
      return activations[id].pending?.get(local) ?? value;
    },
    reloaded(id: number) {
      activations[id].pending = undefined;
    },
    local(id: number, local: number, number: number, isSet: number, value: bigint) {
      if (!activations[id].flags.has(local)) return value;
      const now = { local, bits: BigInt.asUintN(64, value) };
      onlooker.local(frameOf(id, now), local, number, isSet !== 0);
      return now.bits;
    },
    global(global: number, number: number, isSet: number) {
      if (active && watchedGlobals.has(global)) onlooker.global(global, number, isSet !== 0);
    },
  };
  const look = (value: number) => {
    if (active) onlooker.look();
    return (value * 31) | 0;
  };
  const env = {
    look,
    write(address: number, size: number) {
      const memory = memoryOf(exports);
      if (address + size > memory.length)
        throw new RangeError(`write of ${size} bytes at ${address} is outside of the ${memory.length} bytes of memory`);
      range(address, size, HOST, true);
      memory.fill(size & 255, address, address + size);
    },
    read(address: number, size: number) {
      if (anyWatched(address, address + size)) onlooker.access(address, size, HOST, false);
    },
  };
  const exports = plain(assemble(wat), { traced, env, veloc: { look } });
  const globalTypes = Object.entries(exports as unknown as Record<string, WebAssembly.Global>).flatMap(([name, one]) =>
    name.startsWith("traced.global.") ? [{ index: Number(name.slice("traced.global.".length)), one }] : [],
  );
  const process: Process = {
    get memory() {
      return memoryOf(exports);
    },
    watched: {
      set: (address, size) => void bits.fill(1, address, address + size),
      clear: (address, size) => void bits.fill(0, address, address + size),
      has: (address) => bits[address] !== 0,
    },
    frames() {
      const frames: ModelFrame[] = [];
      for (let id = current; id !== NOBODY; id = activations[id].parent) frames.unshift(frameOf(id));
      return frames;
    },
    watchGlobal: (global, isWatched) => void (isWatched ? watchedGlobals.add(global) : watchedGlobals.delete(global)),
    globals: () =>
      new Map(
        globalTypes.map(({ index, one }) => [
          index,
          typeof one.value === "bigint" ? BigInt.asUintN(64, one.value) : BigInt.asUintN(32, BigInt(Number(one.value))),
        ]),
      ),
    setGlobal(global, value) {
      const found = globalTypes.find(({ index }) => index === global)?.one;
      if (found === undefined) return;
      found.value = typeof found.value === "bigint" ? BigInt.asIntN(64, value) : Number(BigInt.asIntN(32, value));
    },
  };
  const onlooker = make(process);
  active = true;
  const result = outcome(() => exports.main(12345));
  return { result, memory: memoryOf(exports).slice(), globals: globalsOf(process) };
}

/** Of the only passive segment that traced modules have. */
const PASSIVE_BYTES = "the bytes of a passive segment".length;

export interface OnlookerOptions {
  readonly seed: number;
  /** Bytes that may be watched from the start on, and later. */
  readonly limitBytes: number;
  /** Whether all bytes are watched, all the time, and nothing is changed. */
  readonly everything: boolean;
  /** Whether memory and variables are given other values. */
  readonly changes: boolean;
  /** Whether local and global variables are watched. */
  readonly variables: boolean;
}

/** Notes all that it is told; watches and changes this and that by the way, the same for the same seed. */
export function randomOnlooker(options: OnlookerOptions, log: string[]): MakeOnlooker {
  const { seed, limitBytes, everything, changes, variables } = options;
  return (process) => {
    const random = createRandom(seed);
    const near = [0, 4080, 4090, 4096, 8188, 12287, 20000, 65530, 131060];
    const somewhere = (): [number, number] => {
      const start = (random.chance(2) ? random.pick(near) : random.below(limitBytes)) + random.below(40);
      return [start, Math.min(1 + random.below(random.pick([1, 9, 70, 9000])), limitBytes - start)];
    };
    const watchSome = () => {
      for (let left = random.below(4); left > 0; left--) process.watched.set(...somewhere());
      if (random.chance(2)) process.watched.clear(...somewhere());
    };
    if (everything) process.watched.set(0, limitBytes);
    else for (let left = random.below(12); left > 0; left--) process.watched.set(...somewhere());
    const watchGlobals = () => {
      for (const index of process.globals().keys()) process.watchGlobal(index, random.chance(2));
    };
    if (variables) watchGlobals();
    const note = (line: string) => void log.push(line);
    return {
      access(address, size, instruction, isStore) {
        note(`${isStore ? "store" : "load"} ${address}+${size} @${instruction}`);
        if (everything) return;
        if (random.chance(3)) process.watched.clear(address, size);
        if (random.chance(9)) watchSome();
        if (changes && random.chance(3)) process.memory[address + random.below(size)] = random.next();
      },
      local(frame, local, instruction, isSet) {
        const bits = frame.locals[local];
        note(`${isSet ? "set" : "get"} local ${frame.functionIndex}.${local} ${bits} @${instruction}`);
        if (changes && random.chance(2)) frame.setLocal(local, randomBits(random, bits));
        if (random.chance(4)) frame.watchLocal(local, false);
        if (random.chance(5)) frame.watchLocal(random.below(frame.locals.length), true);
      },
      global(global, instruction, isSet) {
        const bits = process.globals().get(global);
        note(`${isSet ? "set" : "get"} global ${global} ${bits} @${instruction}`);
        // The last one limits how long the program runs.
        if (changes && global < 2 && random.chance(2)) process.setGlobal(global, randomBits(random, bits));
        if (random.chance(4)) process.watchGlobal(global, false);
      },
      look() {
        note("look");
        if (!everything) watchSome();
        if (!variables) return;
        for (const frame of process.frames()) {
          note(`frame ${frame.functionIndex}: ${frame.locals.join()}`);
          for (const [local, bits] of frame.locals.entries()) {
            if (random.chance(2)) frame.watchLocal(local, !random.chance(3));
            if (changes && random.chance(12)) frame.setLocal(local, randomBits(random, bits));
          }
        }
        if (random.chance(2)) watchGlobals();
      },
    };
  };
}

/** Close to what it was, and no 0 that was none: loops that count down shall end all the same. */
function randomBits({ below }: ReturnType<typeof createRandom>, bits: bigint | undefined): bigint {
  return (bits ?? 0n) | (1n << BigInt(below(3)));
}

import {
  type Element,
  type Expression,
  type Operator,
  RESULT,
  type RestartProgram,
  STEP,
  type Statement,
  sizeOf,
} from "./random-restart-program.ts";
import { FIRST_LOCAL, FOUND_LOCAL, HOST_WRITES, INDEX_LOCAL } from "./restart-program-text.ts";

/** Of the memory of 64 KiB, what programs touch. */
const MEMORY_BYTES = 16384;

/**
 * Everything that a program lives on, by number: the bytes of its memory, then each global, then each local (a global or a local
 * is one place). A local's number in the module is that of its place.
 */
export interface Places {
  readonly globals: number;
  readonly locals: number;
  readonly end: number;
}

export function placesOf({ globalCount, localCount }: RestartProgram): Places {
  const locals = MEMORY_BYTES + globalCount;
  return { globals: MEMORY_BYTES, locals, end: locals + FIRST_LOCAL + localCount };
}

/** What became of a place after a restore. Stale: not restored, and not what it was at the checkpoint. */
export const Fate = {
  UNWATCHED: 0,
  STALE: 1,
  RESTORED: 2,
  STALE_READ: 3,
  STALE_OVERWRITTEN: 4,
  RESTORED_READ: 5,
  RESTORED_OVERWRITTEN: 6,
} as const;

export interface Image {
  readonly version: number;
  readonly regions: readonly { readonly id: number; readonly bytes: Uint8Array }[];
  /** Every place, as it was at the checkpoint. */
  readonly state: Int32Array;
}

export interface ModelRun {
  readonly output: Uint8Array;
  readonly memory: Uint8Array;
  readonly images: readonly Image[];
  readonly restored: boolean;
  /** By place. */
  readonly fates: Uint8Array;
  /** Stale bytes that nobody had touched when a checkpoint saved them, or when the program ended with them in a region. */
  readonly carried: ReadonlySet<number>;
}

/**
 * Runs a program statement by statement, and watches after a restore what it reads and overwrites first: the definition of the
 * audit's findings, with nothing else around it.
 *
 * @param found the image that the program finds; without one it begins anew
 * @param repaired places that get back what they were at the checkpoint, as soon as the restore is done
 */
export function runRestartModel(program: RestartProgram, found?: Image, repaired: Iterable<number> = []): ModelRun {
  const { variables, regions, steps, stepsPerCheckpoint } = program;
  const places = placesOf(program);
  const state = new Int32Array(places.end);
  const fates = new Uint8Array(places.end);
  const images: Image[] = [];
  const isProtected: number[] = [];
  const carried = new Set<number>();
  let restored = false;
  let output = new Uint8Array(0);

  function read(place: number): number {
    if (fates[place] === Fate.STALE) fates[place] = Fate.STALE_READ;
    if (fates[place] === Fate.RESTORED) fates[place] = Fate.RESTORED_READ;
    return state[place];
  }
  function write(place: number, value: number): void {
    if (fates[place] === Fate.STALE) fates[place] = Fate.STALE_OVERWRITTEN;
    if (fates[place] === Fate.RESTORED) fates[place] = Fate.RESTORED_OVERWRITTEN;
    state[place] = value;
  }
  function load(address: number, width: number): number {
    let value = 0;
    for (let i = 0; i < width; i++) {
      const byte = read(address + i);
      if (i < 4) value |= byte << (8 * i);
    }
    return value;
  }
  function store(address: number, width: number, value: number): void {
    for (let i = 0; i < width; i++) write(address + i, i < 4 ? (value >>> (8 * i)) & 255 : 0);
  }
  const loopIndex = places.locals + INDEX_LOCAL;
  const firstLocal = places.locals + FIRST_LOCAL;

  function addressOf({ variable, base, stride }: Element): number {
    const { address, width, count } = variables[variable];
    const index = stride === 0 ? base : (base + read(loopIndex) * stride) % count;
    return address + width * index;
  }

  function evaluate(value: Expression): number {
    switch (value.kind) {
      case "constant":
        return value.value;
      case "load":
        return load(addressOf(value.element), variables[value.element.variable].width);
      case "global":
        return read(places.globals + value.index);
      case "local":
        return read(firstLocal + value.index);
      case "loop index":
        return read(loopIndex);
      default: {
        const left = evaluate(value.left);
        return operate(value.kind, left, evaluate(value.right));
      }
    }
  }

  function run(statements: readonly Statement[]): void {
    for (const one of statements) execute(one);
  }
  function execute(one: Statement): void {
    switch (one.kind) {
      case "store": {
        const address = addressOf(one.element);
        store(address, variables[one.element.variable].width, evaluate(one.value));
        return;
      }
      case "set global":
        write(places.globals + one.index, evaluate(one.value));
        return;
      case "set local":
        write(firstLocal + one.index, evaluate(one.value));
        return;
      case "loop":
        write(loopIndex, 0);
        do {
          run(one.body);
          write(loopIndex, read(loopIndex) + 1);
        } while (read(loopIndex) < one.count);
        return;
      case "if":
        if (evaluate(one.condition) !== 0) run(one.body);
        return;
      case "copy": {
        const bytes = Array.from({ length: one.bytes }, (_, i) => read(variables[one.from].address + i));
        for (const [i, byte] of bytes.entries()) write(variables[one.to].address + i, byte);
        return;
      }
      case "fill": {
        const byte = evaluate(one.value) & 255;
        for (let i = 0; i < sizeOf(variables[one.variable]); i++) write(variables[one.variable].address + i, byte);
        return;
      }
      case "protect":
        if (!isProtected.includes(one.region)) isProtected.push(one.region);
    }
  }

  function restore(image: Image): boolean {
    const wanted = image.regions.filter(({ id }) => program.recovers?.includes(id) ?? true);
    if (!wanted.every(({ id }) => isProtected.includes(id))) return false;
    for (const { id, bytes } of wanted) {
      state.set(bytes, regions[id].address);
      fates.fill(Fate.RESTORED, regions[id].address, regions[id].address + bytes.length);
    }
    for (const place of repaired) {
      if (fates[place] !== Fate.RESTORED) state[place] = image.state[place];
    }
    for (let place = 0; place < places.end; place++) {
      if (fates[place] !== Fate.RESTORED && state[place] !== image.state[place]) fates[place] = Fate.STALE;
    }
    return true;
  }

  function carry(): void {
    for (const id of isProtected) {
      const { address, bytes } = regions[id];
      for (let at = address; at < address + bytes; at++) if (fates[at] === Fate.STALE) carried.add(at);
    }
  }

  function checkpoint(version: number): void {
    carry();
    const saved = isProtected.map((id) => {
      const { address, bytes } = regions[id];
      return { id, bytes: Uint8Array.from(state.subarray(address, address + bytes)) };
    });
    images.push({ version, regions: saved, state: state.slice() });
  }

  const step = variables[STEP].address;
  run(program.init);
  for (const region of program.early) execute({ kind: "protect", region });
  write(places.locals + FOUND_LOCAL, found?.version ?? -1);
  restored = found !== undefined && restore(found);
  run(restored ? program.resume : program.fresh);
  run(program.always);
  while (load(step, 4) < steps) {
    run(program.body);
    store(step, 4, load(step, 4) + 1);
    if (load(step, 4) % stepsPerCheckpoint === 0) checkpoint(load(step, 4) / stepsPerCheckpoint);
  }
  run(program.finish);
  const { address } = variables[RESULT];
  output = Uint8Array.from({ length: sizeOf(variables[RESULT]) }, (_, i) => read(address + i));
  store(HOST_WRITES.address, HOST_WRITES.bytes, output.length);
  carry();
  return { output, memory: Uint8Array.from(state.subarray(0, MEMORY_BYTES)), images, restored, fates, carried };
}

function operate(operator: Operator, left: number, right: number): number {
  switch (operator) {
    case "add":
      return (left + right) | 0;
    case "sub":
      return (left - right) | 0;
    case "mul":
      return Math.imul(left, right);
    case "xor":
      return left ^ right;
    case "rotl":
      return (left << (right & 31)) | (left >>> (-right & 31));
    case "rem_u":
      return ((left >>> 0) % (right >>> 0)) | 0;
    case "eq":
      return left === right ? 1 : 0;
    case "lt_u":
      return left >>> 0 < right >>> 0 ? 1 : 0;
  }
}

/** What an audit must find of one restart. */
export interface Prediction {
  readonly version: number;
  readonly restored: boolean;
  /** Places, ascending, that are read stale in the restart as it is. */
  readonly unprotected: readonly number[];
  /** Those and the ones that come to light when the former are repaired. */
  readonly needed: readonly number[];
  /** With those repaired, what is saved stale, or is protected and stale in the end, though the program never reads it. */
  readonly carried: readonly number[];
  /** Restored bytes that are overwritten unread. */
  readonly dead: readonly number[];
  /** Whether output, later checkpoints or protected memory in the end are others than the reference's. */
  readonly differs: boolean;
}

/** Crashes right after each checkpoint. */
export function predictRestarts(program: RestartProgram, reference: ModelRun): Prediction[] {
  return reference.images.map((image) => {
    const run = runRestartModel(program, image);
    const unprotected = withFate(run, Fate.STALE_READ);
    const needed = new Set(unprotected);
    let repaired = run;
    for (let more = unprotected; more.length > 0; ) {
      repaired = runRestartModel(program, image, needed);
      more = withFate(repaired, Fate.STALE_READ);
      for (const place of more) needed.add(place);
    }
    return {
      version: image.version,
      restored: run.restored,
      unprotected,
      needed: ascending(needed),
      carried: ascending(repaired.carried),
      dead: withFate(run, Fate.RESTORED_OVERWRITTEN),
      differs: isDifferent(program, reference, run),
    };
  });
}

function ascending(places: Iterable<number>): number[] {
  return [...places].sort((a, b) => a - b);
}

export function withFate({ fates }: ModelRun, fate: number): number[] {
  const places: number[] = [];
  for (const [place, found] of fates.entries()) if (found === fate) places.push(place);
  return places;
}

/** The variables that places belong to: by name, `global 0`, `local 0`, or `address 40` for memory that is no variable. */
export function variablesAt(program: RestartProgram, places: Iterable<number>): string[] {
  const { globals, locals } = placesOf(program);
  const names = new Set<string>();
  for (const place of places) {
    const variable = program.variables.find((one) => place >= one.address && place < one.address + sizeOf(one));
    if (place >= locals) names.add(`local ${place - locals - FIRST_LOCAL}`);
    else if (place >= globals) names.add(`global ${place - globals}`);
    else names.add(variable?.name ?? `address ${place}`);
  }
  return [...names];
}

/** Whether a restarted run's output, checkpoints or protected memory in the end are others than the reference's. */
export function isDifferent({ regions }: RestartProgram, reference: ModelRun, run: ModelRun): boolean {
  if (!equal(reference.output, run.output)) return true;
  for (const image of run.images) {
    const expected = reference.images.find(({ version }) => version === image.version);
    if (expected?.regions.length !== image.regions.length) return true;
    for (const { id, bytes } of image.regions) {
      const other = expected.regions.find((region) => region.id === id);
      if (other === undefined || !equal(other.bytes, bytes)) return true;
    }
  }
  const saved = new Set(reference.images.flatMap((image) => image.regions.map(({ id }) => id)));
  return [...saved].some((id) => {
    const { address, bytes } = regions[id];
    return !equal(reference.memory.subarray(address, address + bytes), run.memory.subarray(address, address + bytes));
  });
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.length).equals(b);
}

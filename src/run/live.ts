import { type ApiObserver, CheckpointApi } from "../checkpoint/api.ts";
import type { LibraryMemory } from "../checkpoint/image-draft.ts";
import type { CheckpointImage, ImageStore } from "../checkpoint/images.ts";
import { techniqueOf } from "../checkpoint/techniques.ts";
import { createMmu, HOST_SITE, type Mmu } from "../guest/mmu.ts";
import { VELOC_MODULE, velocImports } from "../guest/veloc.ts";
import { createWasi } from "../guest/wasi/create-wasi.ts";
import type { FileTree } from "../guest/wasi/file-tree.ts";
import { ProcessExit, WASI_MODULE, type Wasi, type WasiUsage } from "../guest/wasi/types.ts";
import { firstDifference, words } from "../machine/bytes.ts";
import { NO_REGION, NO_SITE } from "../machine/context.ts";
import type { InstrumentedModule } from "../program/instrument/types.ts";
import { BadInputError, type Program } from "../program/program.ts";
import { type ClockOptions, GuestClock } from "./guest-clock.ts";
import { lineCounts } from "./line-counts.ts";
import { createMachine, GUEST_CYCLES_PER_NANOSECOND, type Machine, type MachineOptions } from "./machine.ts";
import { MACHINE_BIT, RECORDED, RECORDER_BIT, Recorder, WRITES_BIT } from "./recorder.ts";
import type { Recording, SiteSource } from "./recording.ts";
import { type CheckpointSummary, type MachineHistory, summaryOf } from "./replay.ts";
import { SavedContents } from "./saved-contents.ts";
import { type Frame, SiteTable, STACK_FRAMES } from "./sites.ts";
import type { EndedRestart, RunWatcher, WatchedProcess } from "./watcher.ts";

/** Bits that tell a page's further writes from its first in an epoch. */
const FURTHER_WRITE = RECORDER_BIT | WRITES_BIT;

export interface LiveInput {
  readonly program: Program;
  /** Made to record. Where its every store traps (`trapsEachStore`), the recording has every write. */
  readonly instrumented: InstrumentedModule;
  readonly options: MachineOptions;
  /** Images that a restarting program finds; new ones are added to it. */
  readonly images: ImageStore;
  /** Without the program's name, which comes first by itself. */
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly stdin: Uint8Array;
  readonly files: FileTree;
  /** Seed of the guest's random numbers. */
  readonly seed: number;
  /** Virtual cycles after which the program is stopped; Infinity for none. */
  readonly maxCycles: number;
  /** Where that limit comes from, for the sentence that says that it was reached; unless given, the option that sets it. */
  readonly maxCyclesFrom?: string;
  /** The guest's clock; `DEFAULT_CLOCK` unless given. */
  readonly clock?: ClockOptions | undefined;
  readonly watcher?: RunWatcher | undefined;
  /** Comes after each checkpoint, with the virtual cycle, and that from which on its image was safe. */
  onCheckpoint?(version: number, cycle: number, safeAt: number): void;
}

/** How the program ended. */
export type Ending =
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "trap"; readonly message: string; readonly frames: readonly Frame[] }
  | { readonly kind: "limit"; readonly message: string; readonly frames: readonly Frame[] };

/** Something that a user should know, with its place. */
export interface Warning {
  readonly message: string;
  readonly file: string;
  readonly line: number;
}

export interface LiveRun extends MachineHistory {
  readonly ending: Ending;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly recording: Recording;
  readonly images: ImageStore;
  readonly warnings: readonly Warning[];
  readonly usage: WasiUsage;
}

const NOWHERE: SiteSource = { file: "", line: 0, function: "" };

const NO_PAGES = new Uint32Array();

/** A limit that the user set was reached. */
class LimitReached extends Error {}

/**
 * Runs a program once on a new guest, under one technique, recording as it goes. The same program, input and options give
 * the same result, byte for byte.
 *
 * @throws BadInputError when the program imports what nothing here provides, or the environment lacks the technique
 */
export function runLive(input: LiveInput): LiveRun {
  const { program, instrumented, options, watcher } = input;
  if (techniqueOf(options.technique).needsEveryWrite === true && !instrumented.trapsEachStore) {
    throw new Error(`${options.technique} needs a program whose every store traps`);
  }
  if (instrumented.mode === "watch" && options.technique !== "full-copy") {
    throw new Error("a program whose accesses are watched tells no technique of its writes");
  }
  const sites = new SiteTable(instrumented, program.lines, () => mmu.cycles());
  const warnings: Warning[] = [];
  const checkpoints: CheckpointSummary[] = [];
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  const written = { stdout: 0, stderr: 0 };
  const clock = new GuestClock(() => mmu.cycles(), input.clock);
  const stackTraceLimit = (Error as { stackTraceLimit?: number }).stackTraceLimit;
  (Error as { stackTraceLimit?: number }).stackTraceLimit = STACK_FRAMES;

  const isPlainStore = (site: number) => site !== HOST_SITE && instrumented.sites[site].kind === "store";
  let machine: Machine;
  let library: CheckpointApi | undefined;
  let hostSite = HOST_SITE;
  const mmu: Mmu = createMmu(instrumented, {
    trap(page, address, size, site) {
      const bits = mmu.protection[page];
      const number =
        site === HOST_SITE ? hostSite : sites.ofStore(site, (bits & FURTHER_WRITE) === WRITES_BIT ? page : undefined);
      // Of a store into two pages each is told its part.
      const start = Math.max(address, page * 4096);
      const bytes = Math.min(address + size, (page + 1) * 4096) - start;
      if ((bits & RECORDED) === WRITES_BIT) {
        recorder.further(page, number, start, bytes, isPlainStore(site) ? site : undefined);
      } else if ((bits & RECORDED) !== 0) recorder.store(page, number, start, bytes);
      if ((bits & MACHINE_BIT) !== 0) machine.store(page, number, mmu.cycles(), bytes);
    },
    tick() {
      throw new LimitReached(
        `the program was stopped after ${input.maxCycles} virtual cycles, ${input.maxCyclesFrom ?? "the limit set by --max-cycles"}`,
      );
    },
    grown(oldPageCount, newPageCount) {
      machine.grow(newPageCount);
      machine.process.watchStores(machine.base, mmu.protection.subarray(0, mmu.pageCount), MACHINE_BIT);
      recorder.grow(oldPageCount, newPageCount);
    },
    refused(pageCount) {
      const limit = instrumented.layout.maxMemoryPages * 16;
      if (pageCount <= limit) return;
      throw new LimitReached(
        `the program was stopped when it asked for ${Math.ceil(pageCount / 256)} MiB of memory, ` +
          `more than the ${limit / 256} MiB that --max-memory allows`,
      );
    },
    watch: {
      access: (...access) => watcher?.access?.(process, ...access),
      local: (...access) => watcher?.local?.(process, ...access),
      global: (...access) => watcher?.global?.(process, ...access),
      entered: (...frame) => watcher?.entered?.(process, ...frame),
      heap: (...effect) => watcher?.heap?.(process, ...effect),
    },
  });
  /** What the call that is being answered has done. */
  let checkpointed: Pick<CheckpointImage, "name" | "version"> | undefined;
  let restarted: EndedRestart | undefined;
  const recorder = new Recorder(mmu, instrumented.trapsEachStore);
  const contents = new SavedContents();

  const memory: LibraryMemory = {
    get sizeBytes() {
      return mmu.memory.length;
    },
    read(address, bytes, like) {
      const now = mmu.memory.subarray(address, address + bytes);
      return like !== undefined && firstDifference(now, like) === undefined ? like : now.slice();
    },
    copy(address, bytes, into, at) {
      into.set(mmu.memory.subarray(address, address + bytes), at);
    },
    write(address, bytes) {
      if (bytes.length === 0) return;
      mmu.hostWrite(address, bytes.length);
      mmu.memory.set(bytes, address);
    },
  };

  const observer: ApiObserver = {
    ...recorder.calls,
    save(regions, site) {
      const { engine } = machine;
      recorder.save(regions, site, (writes) => {
        engine.noteLines(writes);
        if (writes.written !== undefined) engine.noteWritten(writes.written);
        // Nobody replays what was watched.
        const changed = instrumented.mode === "watch" ? NO_PAGES : contents.save(regions, mmu.memory);
        engine.noteChanged(changed);
        return changed;
      });
    },
    commit(name, version, site, saved) {
      recorder.calls.commit(name, version, site, saved);
      checkpointed = { name, version };
      checkpoints.push(summaryOf(name, version, machine.engine, mmu.cycles(), saved));
    },
    committed(image, safeAt) {
      input.onCheckpoint?.(image.version, image.cycle, safeAt);
    },
    restarted(image, regions, succeeded) {
      restarted = { image, regions, succeeded };
    },
    refused(call, reason, site) {
      const place = sites.sources[site];
      watcher?.refused?.(call, reason, place);
      warnings.push({ message: `${call} failed: ${reason}`, file: place?.file ?? "", line: place?.line ?? 0 });
    },
  };

  const wasi: Wasi = createWasi({
    args: [program.path, ...input.args],
    env: input.env,
    stdin: input.stdin,
    stdout(bytes) {
      stdout.push(bytes);
      written.stdout += bytes.length;
    },
    stderr(bytes) {
      stderr.push(bytes);
      written.stderr += bytes.length;
    },
    clockNanoseconds: () => clock.read(),
    advanceClock: (nanoseconds) => mmu.charge(Number(nanoseconds) * GUEST_CYCLES_PER_NANOSECOND),
    seed: input.seed,
    files: input.files,
    onSystemCall(name) {
      if (hostSite === HOST_SITE) hostSite = sites.ofCaller(name);
      recorder.systemCall(name, hostSite);
      machine.systemCall(hostSite);
      watcher?.systemCall?.(name, sites.sources[hostSite], process);
      hostSite = HOST_SITE;
    },
  });

  const process: WatchedProcess = {
    mmu,
    get regions() {
      return machine.engine.regions.all.map(({ spec }) => spec);
    },
    get cycle() {
      return mmu.cycles();
    },
    get stdoutBytes() {
      return written.stdout;
    },
    get stderrBytes() {
      return written.stderr;
    },
    images: input.images,
    files: input.files,
    get descriptors() {
      return wasi.openDescriptors();
    },
    get world() {
      return { clock: clock.position(), random: wasi.randomPosition };
    },
    placeOf(site) {
      const number = site === HOST_SITE ? hostSite : sites.ofStore(site);
      return sites.sources[number] ?? NOWHERE;
    },
  };

  /** Tells what a call of the checkpoint interface has done, before the program runs on. */
  function tellWatcher(): void {
    const [taken, back] = [checkpointed, restarted];
    checkpointed = undefined;
    restarted = undefined;
    if (taken !== undefined) watcher?.checkpointed?.(taken, process);
    const world = back === undefined ? undefined : watcher?.restarted?.(back, process);
    if (world === undefined) return;
    clock.pin(world.clock);
    wasi.randomPosition = world.random;
  }

  try {
    const compiled = compiledOf(instrumented);
    const veloc = velocImports({
      get api() {
        library ??= new CheckpointApi(machine.engine, input.images, memory, observer, () => mmu.cycles());
        return library;
      },
      get memory() {
        return mmu.memory;
      },
      begin(call) {
        hostSite = sites.ofCaller(call);
        machine.engine.setCycle(mmu.cycles());
        return hostSite;
      },
      end() {
        hostSite = HOST_SITE;
        sites.forgetCallers();
        recorder.endCall((page) => machine.engine.regionIndex.of(page) !== NO_REGION);
        mmu.protectionChanged(0, mmu.pageCount);
        tellWatcher();
      },
      refused: observer.refused,
    });
    const imports = linkImports(compiled, { ...mmu.imports, [WASI_MODULE]: wasi.imports, [VELOC_MODULE]: veloc });
    const instance = new WebAssembly.Instance(compiled, imports);
    mmu.attach(instance);
    const start = { startPages: mmu.pageCount, residentPages: residentPages(instrumented, mmu.memory) };
    machine = createMachine(options, start);
    machine.process.watchStores(machine.base, mmu.protection.subarray(0, mmu.pageCount), MACHINE_BIT);
    recorder.begin();
    wasi.bind({
      get buffer() {
        return mmu.memory.buffer as ArrayBuffer;
      },
      get baseOffset() {
        return mmu.memory.byteOffset;
      },
      get sizeBytes() {
        return mmu.memory.length;
      },
      beforeWrite(address, length) {
        if (hostSite === HOST_SITE) hostSite = sites.ofCaller("system call");
        mmu.hostWrite(address, length);
      },
      beforeRead(address, length) {
        if (instrumented.mode !== "watch") return;
        if (hostSite === HOST_SITE) hostSite = sites.ofCaller("system call");
        mmu.hostRead(address, length);
      },
    });
    if (Number.isFinite(input.maxCycles)) mmu.setDeadline(input.maxCycles);
    watcher?.begin?.(process);
    const ending = runToEnd(() => {
      mmu.start();
      return callEntry(instance);
    }, sites);
    // The library's own exit handler: a checkpoint in flight is waited for, unless the program died.
    if (ending.kind === "exit") library?.wait(NO_SITE);
    machine.engine.end(mmu.cycles());
    watcher?.ended?.(ending, process);
    const recording = recorder.finish({
      ...start,
      labels: machine.engine.regions.history.map(({ id, label }) => ({ id, label })),
      sites: sites.sources,
      lines: lineCounts(instrumented, program.lines, mmu.blockCounts),
    });
    return {
      machine,
      checkpoints,
      ending,
      stdout: concatenate(stdout),
      stderr: concatenate(stderr),
      recording,
      images: input.images,
      warnings,
      usage: wasi.usage(),
    };
  } finally {
    (Error as { stackTraceLimit?: number }).stackTraceLimit = stackTraceLimit ?? 10;
  }
}

function runToEnd(program: () => number, sites: SiteTable): Ending {
  try {
    return { kind: "exit", code: program() };
  } catch (error) {
    if (error instanceof ProcessExit) return { kind: "exit", code: error.code };
    const frames = error instanceof Error ? sites.frames(error.stack ?? "") : [];
    if (error instanceof LimitReached) return { kind: "limit", message: error.message, frames };
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
      return { kind: "trap", message: error.message, frames };
    }
    throw error;
  }
}

/** `_start`, or else `main`. @returns the exit code */
function callEntry(instance: WebAssembly.Instance): number {
  const { _start, _initialize, main } = instance.exports;
  if (typeof _start === "function") {
    _start();
    return 0;
  }
  if (typeof _initialize === "function") _initialize();
  if (typeof main === "function") {
    const code: unknown = main(0, 0);
    return typeof code === "number" ? code & 0xff : 0;
  }
  throw new BadInputError("the program exports neither _start nor main: there is nothing to run");
}

/** A program that is run again need not be compiled again. */
const knownCompiled = new WeakMap<InstrumentedModule, WebAssembly.Module>();

/** Has V8 translate a program, so that runs need not wait for it. Ends when that is done. */
export async function readyToRun(module: InstrumentedModule): Promise<void> {
  if (!knownCompiled.has(module)) knownCompiled.set(module, await WebAssembly.compile(module.bytes));
}

function compiledOf(module: InstrumentedModule): WebAssembly.Module {
  const compiled = knownCompiled.get(module) ?? new WebAssembly.Module(module.bytes);
  knownCompiled.set(module, compiled);
  return compiled;
}

const WORDS_OF_PAGE = 1024;
type PageRun = Recording["residentPages"][number];
/** A program always starts with the same memory. */
const knownResident = new WeakMap<InstrumentedModule, readonly PageRun[]>();

/** Runs of pages that the loader has put something on. */
function residentPages(module: InstrumentedModule, memory: Uint8Array): readonly PageRun[] {
  const known = knownResident.get(module);
  if (known !== undefined) return known;
  const all = words(memory);
  const runs: { first: number; pageCount: number }[] = [];
  for (let at = 0; at < all.length; at++) {
    if (all[at] === 0) continue;
    const page = Math.floor(at / WORDS_OF_PAGE);
    at = (page + 1) * WORDS_OF_PAGE - 1;
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.pageCount === page) last.pageCount++;
    else runs.push({ first: page, pageCount: 1 });
  }
  knownResident.set(module, runs);
  return runs;
}

/** The imports that the module asks for, each looked up in what is provided. */
function linkImports(
  module: WebAssembly.Module,
  provided: Record<string, Readonly<Record<string, unknown>>>,
): Record<string, Record<string, unknown>> {
  const linked: Record<string, Record<string, unknown>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    const value =
      Object.hasOwn(provided, from) && Object.hasOwn(provided[from], name) ? provided[from][name] : undefined;
    if (value === undefined) {
      throw new BadInputError(
        `the program imports the ${kind} ${from}.${name}, which nothing here provides: ` +
          `only ${WASI_MODULE} and ${VELOC_MODULE} are there`,
      );
    }
    linked[from] ??= {};
    linked[from][name] = value;
  }
  return linked;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

import { createWasi } from "../../../src/guest/wasi/create-wasi.ts";
import type { DirectoryNode, FileTree } from "../../../src/guest/wasi/file-tree.ts";
import { FileTree as EmptyTree } from "../../../src/guest/wasi/file-tree.ts";
import { type GuestMemory, ProcessExit, WASI_MODULE } from "../../../src/guest/wasi/types.ts";
import { exposeGlobals } from "./expose-globals.ts";
import { type ModelImage, type ModelMemory, ModelVeloc } from "./model-veloc.ts";

/** A program and all that it sees. */
export interface RunInput {
  readonly name: string;
  readonly wasm: Uint8Array;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Uint8Array;
  /** A new tree each time: the run changes it. */
  files?(): FileTree;
  /** Checkpoints that a restarting program finds. */
  readonly images?: readonly ModelImage[];
}

/** How a run ended and what it left. */
export interface Ending {
  readonly how: string;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** Contents by path; folders and links as text. */
  readonly files: ReadonlyMap<string, Uint8Array | string>;
  readonly memory: Uint8Array;
  /** Mutable globals by index. */
  readonly globals: ReadonlyMap<number, string>;
}

export interface ModelEnding extends Ending {
  /** Answers of the checkpoint interface, in order. */
  readonly answers: readonly string[];
  readonly images: readonly ModelImage[];
}

/** What both the plain and the instrumented program run against. */
export interface Host {
  readonly imports: Record<string, Record<string, unknown>>;
  readonly veloc: ModelVeloc;
  bind(memory: GuestMemory & ModelMemory): void;
  output(): { readonly stdout: Uint8Array; readonly stderr: Uint8Array };
  files(): Map<string, Uint8Array | string>;
}

/**
 * System calls and the model's checkpoint interface. The clock moves on by a microsecond with each reading and by what
 * the program sleeps, so that it does not tell a slow run from a fast one.
 * @param guestClock nanoseconds to tell instead
 */
export function createHost(
  input: RunInput,
  afterCall: (call: string) => void = () => {},
  guestClock?: () => bigint,
): Host {
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  const tree = input.files?.() ?? new EmptyTree();
  let clock = 0n;
  const wasi = createWasi({
    args: [input.name, ...(input.args ?? [])],
    env: new Map(Object.entries(input.env ?? {})),
    stdin: input.stdin ?? new Uint8Array(),
    stdout: (bytes) => stdout.push(bytes),
    stderr: (bytes) => stderr.push(bytes),
    clockNanoseconds:
      guestClock ??
      (() => {
        clock += 1000n;
        return clock;
      }),
    advanceClock: (nanoseconds) => {
      clock += nanoseconds;
    },
    seed: 1,
    files: tree,
    onSystemCall: (name) => afterCall(name),
  });
  const veloc = new ModelVeloc(input.images, afterCall);
  return {
    imports: { [WASI_MODULE]: wasi.imports, veloc: veloc.imports },
    veloc,
    bind(memory) {
      wasi.bind(memory);
      veloc.bind(memory);
    },
    output: () => ({ stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }),
    files: () => contentsOf(tree),
  };
}

/** Runs the module as its compiler made it (with its globals exported: no instruction is touched). */
export function runPlain(input: RunInput): ModelEnding {
  const host = createHost(input);
  const { bytes, mutableGlobals } = exposeGlobals(input.wasm);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), linked(bytes, host.imports));
  const memory = instance.exports.memory as WebAssembly.Memory;
  host.bind({
    get buffer() {
      return memory.buffer;
    },
    baseOffset: 0,
    get sizeBytes() {
      return memory.buffer.byteLength;
    },
    beforeWrite: () => {},
    get bytes() {
      return new Uint8Array(memory.buffer);
    },
    write: (address, written) => new Uint8Array(memory.buffer).set(written, address),
  });
  const how = runEntry(instance.exports);
  const globals = new Map<number, string>();
  for (const { index, exportName } of mutableGlobals) globals.set(index, globalText(instance.exports[exportName]));
  return {
    how,
    ...host.output(),
    files: host.files(),
    memory: new Uint8Array(memory.buffer).slice(),
    globals,
    answers: host.veloc.answers,
    images: host.veloc.images,
  };
}

/** Only the imports that the module asks for; an engine would take more, but would not say which are missing. */
export function linked(
  bytes: Uint8Array,
  provided: Record<string, Readonly<Record<string, unknown>>>,
): Record<string, Record<string, unknown>> {
  const imports: Record<string, Record<string, unknown>> = {};
  for (const { module, name } of WebAssembly.Module.imports(new WebAssembly.Module(bytes))) {
    const value = provided[module]?.[name];
    if (value === undefined) throw new Error(`the program imports ${module}.${name}`);
    imports[module] ??= {};
    imports[module][name] = value;
  }
  return imports;
}

/** `_start`, or else `main`. @returns how it ended */
export function runEntry(exports: Record<string, unknown>): string {
  const { _start, main } = exports;
  try {
    if (typeof _start === "function") {
      _start();
      return "exit 0";
    }
    if (typeof main !== "function") throw new Error("the program has no entry");
    return `exit ${Number(main(0, 0)) & 0xff}`;
  } catch (error) {
    if (error instanceof ProcessExit) return `exit ${error.code}`;
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return `trap: ${error.message}`;
    throw error;
  }
}

export function globalText(global: unknown): string {
  if (!(global instanceof WebAssembly.Global)) throw new Error("a global is not exported");
  const { value } = global;
  // The bits of a number, so that a NaN equals itself and -0 is not 0.
  return typeof value === "number" ? Buffer.from(Float64Array.of(value).buffer).toString("hex") : String(value);
}

export function contentsOf(tree: FileTree): Map<string, Uint8Array | string> {
  const contents = new Map<string, Uint8Array | string>();
  const visit = (directory: DirectoryNode, path: string) => {
    for (const [name, node] of directory.entries) {
      const at = `${path}/${name}`;
      if (node.kind === "file") contents.set(at, node.content.bytes());
      else if (node.kind === "symlink") contents.set(at, `-> ${node.target}`);
      else {
        contents.set(at, "folder");
        visit(node, at);
      }
    }
  };
  for (const { guestPath, root } of tree.preopens) visit(root, guestPath);
  return contents;
}

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commands } from "@yowasp/clang";
import { createWasi } from "../../../src/guest/wasi/create-wasi.ts";
import { FileTree } from "../../../src/guest/wasi/file-tree.ts";
import { ProcessExit, WASI_MODULE, type Wasi, type WasiOptions } from "../../../src/guest/wasi/types.ts";
import { Wasm, type WasmMemory } from "./wasm-api.ts";
import { WatchedMemory } from "./watched-memory.ts";

export interface Outcome {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

export interface Input {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Uint8Array;
}

export async function compile(name: string): Promise<Uint8Array> {
  const source = readFileSync(new URL(`programs/${name}.c`, import.meta.url), "utf8");
  let errors = "";
  const files = await commands.clang(
    ["-O1", "-D_GNU_SOURCE", "-Wno-everything", "program.c", "-o", "program.wasm"],
    { "program.c": source },
    {
      stderr: (bytes) => {
        errors += bytes === null ? "" : new TextDecoder().decode(bytes);
      },
      fetchProgress: () => {},
    },
  );
  const wasm = files?.["program.wasm"];
  assert.ok(wasm instanceof Uint8Array, errors);
  return wasm;
}

/** Runs under our calls; a clock that moves on by a microsecond each time it is read, and by what the program sleeps. */
export function runOurs(
  wasm: Uint8Array,
  input: Input = {},
  files = new FileTree(),
  more: Partial<WasiOptions> = {},
): Outcome & { wasi: Wasi; memory: WatchedMemory } {
  const out: Uint8Array[] = [];
  const err: Uint8Array[] = [];
  let clock = 0n;
  const wasi = createWasi({
    args: input.args ?? ["program"],
    env: new Map(Object.entries(input.env ?? {})),
    stdin: input.stdin ?? new Uint8Array(),
    stdout: (bytes) => out.push(bytes),
    stderr: (bytes) => err.push(bytes),
    clockNanoseconds: () => {
      clock += 1000n;
      return clock;
    },
    advanceClock: (nanoseconds) => {
      clock += nanoseconds;
    },
    seed: 1,
    files,
    ...more,
  });
  const instance = new Wasm.Instance(new Wasm.Module(wasm), { [WASI_MODULE]: wasi.imports });
  const memory = new WatchedMemory(instance.exports.memory as WasmMemory);
  wasi.bind(memory);
  let code = 0;
  try {
    (instance.exports._start as () => void)();
  } catch (error) {
    if (!(error instanceof ProcessExit)) throw error;
    code = error.code;
  }
  return { code, stdout: Buffer.concat(out), stderr: Buffer.concat(err), wasi, memory };
}

/** What the process that Node's own WASI runs in does with a module and its input. */
const NODE_WASI = `
  import { readFileSync } from "node:fs";
  import { WASI } from "node:wasi";
  const { wasm, ...options } = JSON.parse(process.argv[1]);
  const wasi = new WASI({ version: "preview1", returnOnExit: true, ...options });
  const module = new WebAssembly.Module(readFileSync(wasm));
  process.exit(wasi.start(new WebAssembly.Instance(module, wasi.getImportObject())));`;
/** Node's WASI is native code, and has ended its process by a segmentation fault. */
const MOST_TRIES = 3;

/** Runs under Node's own WASI, in a process of its own. */
export function runNode(wasm: Uint8Array, input: Input = {}, preopens: Record<string, string> = {}): Outcome {
  const folder = mkdtempSync(join(tmpdir(), "lens-wasi-"));
  const at = (name: string) => join(folder, name);
  try {
    writeFileSync(at("stdin"), input.stdin ?? new Uint8Array());
    writeFileSync(at("program.wasm"), wasm);
    const options = { wasm: at("program.wasm"), args: input.args ?? ["program"], env: input.env ?? {}, preopens };
    const args = ["--no-warnings", "--input-type=module", "-e", NODE_WASI, JSON.stringify(options)];
    for (let attempt = 1; ; attempt++) {
      const stdio = [openSync(at("stdin"), "r"), openSync(at("stdout"), "w"), openSync(at("stderr"), "w")];
      const { status, signal } = spawnSync(process.execPath, args, { stdio });
      for (const fd of stdio) closeSync(fd);
      if (status === null && attempt < MOST_TRIES) continue;
      assert.ok(status !== null, `Node's WASI ended by ${signal}`);
      return { code: status, stdout: readFileSync(at("stdout")), stderr: readFileSync(at("stderr")) };
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

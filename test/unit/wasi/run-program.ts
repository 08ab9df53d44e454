import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WASI } from "node:wasi";
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

/** Runs under Node's own WASI. */
export function runNode(wasm: Uint8Array, input: Input = {}, preopens: Record<string, string> = {}): Outcome {
  const folder = mkdtempSync(join(tmpdir(), "lens-wasi-"));
  try {
    writeFileSync(join(folder, "stdin"), input.stdin ?? new Uint8Array());
    const [stdin, stdout, stderr] = ["stdin", "stdout", "stderr"].map((name) =>
      openSync(join(folder, name), name === "stdin" ? "r" : "w"),
    );
    const wasi = new WASI({
      version: "preview1",
      args: [...(input.args ?? ["program"])],
      env: { ...input.env },
      preopens,
      stdin,
      stdout,
      stderr,
      returnOnExit: true,
    });
    const instance = new Wasm.Instance(new Wasm.Module(wasm), wasi.getImportObject() as Record<string, object>);
    const code = Number(wasi.start(instance));
    for (const fd of [stdin, stdout, stderr]) closeSync(fd);
    return { code, stdout: readFileSync(join(folder, "stdout")), stderr: readFileSync(join(folder, "stderr")) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import wabtInit from "wabt";
import { createMmu, type Mmu, type WatchHandlers } from "../../../src/guest/mmu.ts";
import { instrument } from "../../../src/program/instrument/instrument.ts";
import type { InstrumentedModule, InstrumentOptions } from "../../../src/program/instrument/types.ts";

const wabt = await wabtInit();

/** What wabt must be told to accept; the engine decides what it runs. */
const features = {
  exceptions: true,
  mutable_globals: true,
  sat_float_to_int: true,
  sign_extension: true,
  simd: true,
  multi_value: true,
  tail_call: true,
  bulk_memory: true,
  reference_types: true,
  multi_memory: true,
  threads: true,
  memory64: true,
  extended_const: true,
};

export function assemble(wat: string): Uint8Array {
  const module = wabt.parseWat("test.wat", wat, features);
  try {
    return new Uint8Array(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}

/** wabt's own verdict, which knows multi-memory where the engine may not; undefined if it has nothing against it. */
export function wabtComplaint(bytes: Uint8Array): string | undefined {
  const validator = createRequire(import.meta.url).resolve("wabt/bin/wasm-validate");
  const folder = mkdtempSync(join(tmpdir(), "lens-"));
  try {
    const file = join(folder, "module.wasm");
    writeFileSync(file, bytes);
    const flags = ["--enable-multi-memory", "--enable-exceptions", "--enable-tail-call"];
    const { status, stderr } = spawnSync(process.execPath, [validator, ...flags, file], { encoding: "utf8" });
    return status === 0 ? undefined : stderr || `status ${status}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Imports = Record<string, Record<string, unknown>>;

export interface Trap {
  readonly page: number;
  readonly address: number;
  readonly size: number;
  readonly site: number;
}

export type Exports = Record<string, (...values: (number | bigint)[]) => unknown>;

export interface Running {
  readonly module: InstrumentedModule;
  readonly mmu: Mmu;
  readonly exports: Exports;
  readonly traps: Trap[];
  readonly grown: [number, number][];
  ticks: number;
  /** What `tick` does next to counting. */
  onTick: () => void;
  /** Whether `trap` opens the page. */
  opens: boolean;
  /** What `trap` does next to that. */
  onTrap: (trap: Trap) => void;
}

export function run(
  wasm: Uint8Array,
  options: InstrumentOptions,
  imports: Imports = {},
  watch?: WatchHandlers,
): Running {
  const module = instrument(wasm, options);
  const traps: Trap[] = [];
  const grown: [number, number][] = [];
  const mmu = createMmu(module, {
    trap(page, address, size, site) {
      traps.push({ page, address, size, site });
      if (running.opens) mmu.protection[page] = 0;
      running.onTrap({ page, address, size, site });
    },
    tick() {
      running.ticks++;
      running.onTick();
    },
    grown: (from, to) => void grown.push([from, to]),
    watch,
  });
  const compiled = new WebAssembly.Module(module.bytes);
  const all = { ...imports, ...mmu.imports };
  const instance = new WebAssembly.Instance(compiled, all);
  const running: Running = {
    module,
    mmu,
    exports: instance.exports as Exports,
    traps,
    grown,
    ticks: 0,
    onTick: () => {},
    opens: true,
    onTrap: () => {},
  };
  mmu.attach(instance);
  mmu.start();
  return running;
}

export function plain(wasm: Uint8Array, imports: Imports = {}): Exports {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), imports);
  return instance.exports as Exports;
}

export function memoryOf(exports: Exports): Uint8Array {
  return new Uint8Array((exports.memory as unknown as WebAssembly.Memory).buffer);
}

/** The result of a call, or the engine's message where it traps. */
export function outcome(call: () => unknown): string {
  try {
    const result = call();
    return Array.isArray(result) ? result.map(String).join() : String(result);
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return `trap: ${error.message}`;
    throw error;
  }
}

/** The option sets that must behave alike. */
export const variants: readonly InstrumentOptions[] = [
  { mode: "check", maxMemoryPages: 256 },
  { mode: "check", maxMemoryPages: 256, coalesce: false, branchHints: false },
  { mode: "record", maxMemoryPages: 256 },
  { mode: "record", maxMemoryPages: 256, coalesce: false },
  { mode: "record", maxMemoryPages: 256, countedBlocks: "all" },
  { mode: "exact", maxMemoryPages: 256 },
];

export function describeVariant(options: InstrumentOptions): string {
  return Object.entries(options)
    .map(([name, value]) => (name === "mode" ? value : `${name}=${value}`))
    .join(" ");
}

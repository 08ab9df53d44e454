import { Wasm, type WasmInstance } from "./wasm-api.ts";

/** Enough of a WASI host and of a checkpoint service to run a sample to its end, or to a crash, and again from there. */

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined when the run was ended after a checkpoint. */
  readonly exitCode: number | undefined;
  /** Largest number of protected bytes at a checkpoint. */
  readonly protectedBytes: number;
  readonly regionNames: ReadonlyMap<number, string>;
  /** Regions protected when the run ended, by their numbers. */
  readonly regions: ReadonlyMap<number, { readonly address: number; readonly bytes: number }>;
}

/** Committed checkpoints by version: contents by region. */
export type Store = Map<number, Map<number, Uint8Array>>;

class Ended extends Error {
  readonly exitCode: number | undefined;
  constructor(exitCode: number | undefined) {
    super("ended");
    this.exitCode = exitCode;
  }
}

/**
 * @param crashAfter ends the run when this version is committed
 */
export function runProgram(
  wasm: Uint8Array,
  args: readonly string[],
  store: Store = new Map(),
  crashAfter?: number,
): Outcome {
  const output = ["", "", ""];
  const regions = new Map<number, { address: number; bytes: number }>();
  const regionNames = new Map<number, string>();
  let protectedBytes = 0;
  let instance: WasmInstance | undefined;
  const memory = (): ArrayBuffer => {
    const exported = instance?.exports.memory;
    if (!(exported instanceof Wasm.Memory)) throw new Error("the program exports no memory");
    return exported.buffer;
  };
  const view = (): DataView => new DataView(memory());
  const text = (address: number): string => {
    const bytes = new Uint8Array(memory(), address);
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  };
  const encoded = args.map((arg) => new TextEncoder().encode(`${arg}\0`));

  const wasi: Record<string, (...parameters: number[]) => number> = {
    fd_write(fd, vectors, count, written) {
      let total = 0;
      for (let i = 0; i < count; i++) {
        const address = view().getUint32(vectors + 8 * i, true);
        const length = view().getUint32(vectors + 8 * i + 4, true);
        output[fd] += new TextDecoder().decode(new Uint8Array(memory(), address, length));
        total += length;
      }
      view().setUint32(written, total, true);
      return 0;
    },
    args_sizes_get(count, bytes) {
      view().setUint32(count, encoded.length, true);
      view().setUint32(
        bytes,
        encoded.reduce((sum, arg) => sum + arg.length, 0),
        true,
      );
      return 0;
    },
    args_get(pointers, strings) {
      let at = strings;
      for (const [i, arg] of encoded.entries()) {
        view().setUint32(pointers + 4 * i, at, true);
        new Uint8Array(memory()).set(arg, at);
        at += arg.length;
      }
      return 0;
    },
    clock_time_get(_clock, _low, result) {
      view().setBigUint64(result, 0n, true);
      return 0;
    },
    proc_exit(code): never {
      throw new Ended(code);
    },
  };
  const veloc: Record<string, (...parameters: number[]) => number> = {
    mem_protect(id, address, count, size) {
      regions.set(id, { address, bytes: count * size });
      return 0;
    },
    mem_name(id, name) {
      regionNames.set(id, text(name));
      return 0;
    },
    checkpoint(_name, version) {
      const saved = new Map<number, Uint8Array>();
      let bytes = 0;
      for (const [id, region] of regions) {
        saved.set(id, new Uint8Array(memory(), region.address, region.bytes).slice());
        bytes += region.bytes;
      }
      store.set(version, saved);
      protectedBytes = Math.max(protectedBytes, bytes);
      if (version === crashAfter) throw new Ended(undefined);
      return 0;
    },
    restart_test: () => Math.max(-1, ...store.keys()),
    restart(_name, version) {
      for (const [id, bytes] of store.get(version) ?? []) {
        const region = regions.get(id);
        if (!region || region.bytes < bytes.length) return -1;
        new Uint8Array(memory()).set(bytes, region.address);
      }
      return 0;
    },
  };

  const module = new Wasm.Module(new Uint8Array(wasm));
  const imports: Record<string, Record<string, (...parameters: number[]) => number>> = {};
  for (const { module: from, name } of Wasm.Module.imports(module)) {
    const known = from === "veloc" ? (veloc[name] ?? (() => 0)) : wasi[name];
    imports[from] ??= {};
    imports[from][name] = known ?? (() => 52); // not supported
  }
  let exitCode: number | undefined = 0;
  try {
    instance = new Wasm.Instance(module, imports);
    const start = instance.exports._start;
    if (typeof start !== "function") throw new Error("the program exports no _start");
    start();
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    exitCode = error.exitCode;
  }
  return { stdout: output[1], stderr: output[2], exitCode, protectedBytes, regionNames, regions };
}

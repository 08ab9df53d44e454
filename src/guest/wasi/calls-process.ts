/** Arguments, environment, clocks, random numbers, and the ways to end. */
import { ClockId, Errno } from "./abi.ts";
import type { CallTable, WasiContext } from "./context.ts";
import { ProcessExit } from "./types.ts";
import { WasiError } from "./wasi-error.ts";

/** Signals whose default action is to do nothing: CHLD, CONT, URG and WINCH; and those that stop a process. */
const IGNORED_SIGNALS = new Set([0, 16, 17, 22, 27]);
const STOPPING_SIGNALS = new Set([18, 19, 20, 21]);
const LAST_SIGNAL = 30;

export function processCalls(context: WasiContext): CallTable {
  const { guest, options, random, usage } = context;
  const args = zeroEnded(options.args);
  const environment = zeroEnded([...options.env].map(([name, value]) => `${name}=${value}`));

  const writeSizes = (strings: ZeroEnded, countAddress: number, sizeAddress: number): void => {
    guest.check(sizeAddress, 4);
    guest.writeU32(countAddress, strings.offsets.length);
    guest.writeU32(sizeAddress, strings.bytes.length);
  };
  const writeStrings = (strings: ZeroEnded, pointersAddress: number, address: number): void => {
    guest.check(address, strings.bytes.length);
    const pointers = Uint32Array.from(strings.offsets, (offset) => address + offset);
    guest.write(pointersAddress, new Uint8Array(pointers.buffer));
    guest.write(address, strings.bytes);
  };

  return {
    args_get: (pointers: number, bytes: number) => writeStrings(args, pointers, bytes),
    args_sizes_get: (count: number, size: number) => writeSizes(args, count, size),
    environ_get: (pointers: number, bytes: number) => writeStrings(environment, pointers, bytes),
    environ_sizes_get: (count: number, size: number) => writeSizes(environment, count, size),

    clock_res_get(id: number, resultAddress: number) {
      checkClock(id);
      guest.writeU64(resultAddress, 1n);
    },
    clock_time_get(id: number, _precision: bigint, resultAddress: number) {
      checkClock(id);
      guest.check(resultAddress, 8);
      usage.clockReads++;
      const time = id === ClockId.REALTIME ? context.now() : options.clockNanoseconds();
      guest.writeU64(resultAddress, BigInt.asUintN(64, time));
    },

    random_get(address: number, length: number) {
      random.fill(guest.writable(address, length));
      usage.randomReads++;
      usage.randomBytes += length;
    },

    sched_yield() {},
    proc_exit(code: number) {
      throw new ProcessExit(code);
    },
    proc_raise(signal: number) {
      if (signal > LAST_SIGNAL) throw new WasiError(Errno.INVAL);
      if (STOPPING_SIGNALS.has(signal)) throw new WasiError(Errno.NOTSUP);
      if (!IGNORED_SIGNALS.has(signal)) throw new ProcessExit(128 + signal);
    },
  };
}

/** @throws WasiError EINVAL for a clock that does not exist */
export function checkClock(id: number): void {
  if (id > ClockId.THREAD_CPUTIME) throw new WasiError(Errno.INVAL);
}

interface ZeroEnded {
  readonly bytes: Uint8Array;
  /** Where each string begins. */
  readonly offsets: readonly number[];
}

function zeroEnded(strings: readonly string[]): ZeroEnded {
  const encoder = new TextEncoder();
  const parts = strings.map((text) => encoder.encode(`${text}\0`));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  const offsets: number[] = [];
  let offset = 0;
  for (const part of parts) {
    offsets.push(offset);
    bytes.set(part, offset);
    offset += part.length;
  }
  return { bytes, offsets };
}

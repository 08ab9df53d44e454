/** WASI preview1 for one process: deterministic, confined to its in-memory files, and visible to the software MMU. */
import { BadInputError } from "../../program/program.ts";
import { Errno, FdFlag, SIGNATURES } from "./abi.ts";
import { descriptorCalls } from "./calls-descriptor.ts";
import { directoryCalls } from "./calls-directory.ts";
import { ioCalls } from "./calls-io.ts";
import { openCalls } from "./calls-open.ts";
import { pathCalls } from "./calls-path.ts";
import { pollCalls } from "./calls-poll.ts";
import { processCalls } from "./calls-process.ts";
import { socketCalls } from "./calls-socket.ts";
import type { WasiContext } from "./context.ts";
import { DescriptorTable } from "./descriptors.ts";
import { GuestAccess } from "./guest-access.ts";
import { SeededRandom } from "./random.ts";
import {
  DEFAULT_EPOCH_NANOSECONDS,
  ProcessExit,
  WASI_MODULE,
  type Wasi,
  type WasiFunction,
  type WasiOptions,
  type WasmValue,
} from "./types.ts";
import { WasiError } from "./wasi-error.ts";

const DEFAULT_MAX_OUTPUT_BYTES = 256 * 2 ** 20;
const DEFAULT_MAX_DESCRIPTORS = 1024;

/** @throws BadInputError for arguments or environment variables that no process can have */
export function createWasi(options: WasiOptions): Wasi {
  checkStrings(options);
  const guest = new GuestAccess();
  const epochNanoseconds = options.realtimeEpochNanoseconds ?? DEFAULT_EPOCH_NANOSECONDS;
  const context: WasiContext = {
    options,
    guest,
    descriptors: new DescriptorTable(
      options.files,
      options.maxDescriptors ?? DEFAULT_MAX_DESCRIPTORS,
      options.terminal ?? true,
    ),
    tree: options.files,
    random: new SeededRandom(options.seed),
    usage: {
      clockReads: 0,
      randomReads: 0,
      randomBytes: 0,
      sleeps: 0,
      sleptNanoseconds: 0n,
      stdinBytesRead: 0,
      stdoutBytes: 0,
      stderrBytes: 0,
      fileBytesRead: 0,
      fileBytesWritten: 0,
    },
    maxOutputBytes: options.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES,
    epochNanoseconds,
    now: () => epochNanoseconds + options.clockNanoseconds(),
  };
  const calls = {
    ...processCalls(context),
    ...ioCalls(context),
    ...descriptorCalls(context),
    ...directoryCalls(context),
    ...openCalls(context),
    ...pathCalls(context),
    ...pollCalls(context),
    ...socketCalls(context),
  };

  const counts = new Map<string, number>();
  const makeImport = (name: string, signature: string): WasiFunction => {
    const call = calls[name];
    const wide = [...signature].map((letter) => letter === "I");
    return (...values) => {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      guest.startCall();
      let errno: number = Errno.SUCCESS;
      try {
        call(...wide.map((isWide, i) => (isWide ? toU64(values[i]) : toU32(values[i]))));
      } catch (error) {
        if (error instanceof ProcessExit) options.onSystemCall?.(name, guest.bytesIn, guest.bytesOut, errno);
        if (!(error instanceof WasiError)) throw error;
        errno = error.errno;
      }
      options.onSystemCall?.(name, guest.bytesIn, guest.bytesOut, errno);
      return errno;
    };
  };
  // Without a prototype, so that a program cannot import what every object inherits.
  const imports: Record<string, WasiFunction> = Object.create(null);
  for (const [name, signature] of SIGNATURES) imports[name] = makeImport(name, signature);

  return {
    imports,
    bind: (memory) => guest.bind(memory),
    openDescriptors: () => context.descriptors.list(FdFlag.APPEND),
    usage: () => ({ ...context.usage, calls: new Map(counts) }),
    get randomPosition() {
      return context.random.position;
    },
    set randomPosition(position) {
      context.random.position = position;
    },
  };
}

/** Why a program cannot have this import from a WASI module, in one sentence; undefined where nothing is wrong. */
export function wasiImportProblem(module: string, name: string): string | undefined {
  if (module === WASI_MODULE) {
    return SIGNATURES.has(name) ? undefined : `"${name}" is no function of ${WASI_MODULE}`;
  }
  if (module === "wasi_unstable") {
    return `the program was built for "wasi_unstable", the first draft of WASI; build it for ${WASI_MODULE}`;
  }
  if (module.startsWith("wasi")) return `the program imports from "${module}"; only ${WASI_MODULE} is supported`;
  return undefined;
}

function checkStrings({ args, env }: WasiOptions): void {
  args.forEach((arg, i) => {
    if (arg.includes("\0")) throw new BadInputError(`argument ${i} contains a NUL character, which ends a string in C`);
  });
  for (const [name, value] of env) {
    if (name === "" || name.includes("=") || name.includes("\0")) {
      throw new BadInputError(`"${name}" cannot name an environment variable: it is empty or contains "=" or NUL`);
    }
    if (value.includes("\0")) throw new BadInputError(`the environment variable "${name}" contains a NUL character`);
  }
}

/** A module may declare an import with other types than WASI's; no value may make a call throw. */
function toU32(value: WasmValue | undefined): number {
  return typeof value === "bigint" ? Number(BigInt.asUintN(32, value)) : (value ?? 0) >>> 0;
}

function toU64(value: WasmValue | undefined): bigint {
  if (typeof value === "bigint") return BigInt.asUintN(64, value);
  return Number.isFinite(value) ? BigInt.asUintN(64, BigInt(Math.trunc(value ?? 0))) : 0n;
}

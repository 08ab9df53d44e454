import type { Optimize } from "./load-options.ts";

/**
 * For every C and C++ source: with debug lines, under names that do not depend on where the files lie; with the parts of POSIX that WASI lacks emulated (signals are only raised by the program itself, there is one process).
 */
export const COMPILE_ARGUMENTS: readonly string[] = [
  "-g",
  "-fdebug-compilation-dir=.",
  "-ffile-prefix-map=/program/=",
  "-ffile-prefix-map=/sdk/=/sdk/",
  "-D_WASI_EMULATED_SIGNAL",
  "-D_WASI_EMULATED_PROCESS_CLOCKS",
  "-D_WASI_EMULATED_GETPID",
  "-D_WASI_EMULATED_MMAN",
  "-D_GNU_SOURCE",
];

/**
 * Before the user's arguments: optimised, because an unoptimised program writes its locals to memory and would be shown
 * dirtying pages that a real one does not.
 */
export const OPTIMIZED: readonly string[] = ["-O2"];

/**
 * After the user's arguments, which may ask for another level: an audit has to find every local in memory, where debug
 * information says, from its declaration to the end of its block.
 */
export const UNOPTIMIZED: readonly string[] = ["-O0", "-g"];

/**
 * The stack comes first in memory, so that one that overflows runs below address 0 and traps instead of silently
 * overwriting the program's data; 1 MiB of it, because the linker's 64 KiB are too few for programs written for Linux, and
 * four times that where frames hold every local and every step of a computation.
 */
export function linkArguments(optimize: Optimize): readonly string[] {
  const stackMiB = optimize === "audit" ? 4 : 1;
  return ["-mexec-model=command", "-Wl,--stack-first", `-Wl,-z,stack-size=${stackMiB << 20}`, ...LIBRARIES];
}

const LIBRARIES: readonly string[] = [
  "-lm",
  "-lwasi-emulated-signal",
  "-lwasi-emulated-process-clocks",
  "-lwasi-emulated-getpid",
  "-lwasi-emulated-mman",
];

/** Arguments that only programs with certain text in their sources need. */
export interface Feature {
  readonly compile: readonly string[];
  readonly link: readonly string[];
}

const SETJMP = /^[ \t]*#[ \t]*include[ \t]*[<"]c?setjmp(?:\.h)?[>"]/m;
const LONG_DOUBLE_FORMAT = /%[-+ #0-9.*']*L[aAeEfFgG]/;

/** `setjmp` takes the exception-handling instructions, `%Lf` a larger `printf`: neither is used without need. */
export function featuresOf(texts: Iterable<string>): Feature {
  let setjmp = false;
  let longDouble = false;
  for (const text of texts) {
    setjmp ||= SETJMP.test(text);
    longDouble ||= LONG_DOUBLE_FORMAT.test(text);
  }
  return {
    compile: setjmp ? ["-mllvm", "-wasm-enable-sjlj"] : [],
    link: [
      ...(setjmp ? ["-mllvm", "-wasm-enable-sjlj", "-lsetjmp"] : []),
      ...(longDouble ? ["-lc-printscan-long-double"] : []),
    ],
  };
}

/** The C library's allocating functions, as far as their room depends on one argument: see `sdk/libc/pointer-counted.c`. */
export const ALLOCATORS: readonly string[] = ["malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign"];

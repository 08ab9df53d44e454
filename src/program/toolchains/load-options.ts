export type Optimize = "release" | "audit";

/** How a program is to be loaded. Everything has a default. */
export interface LoadOptions {
  /** What relative paths count from; the process's working directory unless given. */
  readonly workingDirectory?: string;
  /** Where C and C++ look for headers after the includer's own directory. */
  readonly includeDirectories?: readonly string[];
  /** Further arguments for the C and C++ compiler, such as `-DNDEBUG` or `-Wall`. */
  readonly compilerArguments?: readonly string[];
  /**
   * What the program is compiled for: `release`, the default, as programs run; `audit` so that every variable can be found
   * by its name while it runs, which makes it several times slower. A module that is compiled already stays as it is.
   */
  readonly optimize?: Optimize;
  /**
   * Which clang compiles C and C++: `bundled` (LLVM in WebAssembly, the same everywhere), `system` (one that can target
   * WASI must be installed), or `auto`, the default: the bundled one, except that more than 1 MiB of source goes to the
   * system's when there is one, because the bundled one would take minutes. `CHECKPOINT_LENS_CLANG` overrides `auto`.
   */
  readonly clang?: "auto" | "bundled" | "system";
  /** Where compiled programs are kept; null for nowhere. `cacheDirectory()` unless given. */
  readonly cacheDirectory?: string | null;
  /** The directory of `veloc.h` and its companions; found beside this code unless given. */
  readonly sdkDirectory?: string;
  /** Called before something that takes more than a moment, with a few words for a progress display. */
  readonly onProgress?: (what: string) => void;
}

/** A compiler's result before file names are turned into those the user knows. */
export interface Compiled {
  readonly wasm: Uint8Array;
  /** The source map, for compilers that write one; empty otherwise. */
  readonly sourceMap: string;
  /** What the compiler said of a program that it accepted. */
  readonly messages: string;
}

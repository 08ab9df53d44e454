/** What a clang is asked to make: one module from some sources. All paths are under `/`, in a tree of the job's own. */
export interface ClangJob {
  /** Texts of the user's sources and headers and of the SDK's, by absolute path. */
  readonly files: ReadonlyMap<string, string>;
  /** Those of `files` to compile, each with the arguments for it. */
  readonly units: readonly ClangUnit[];
  readonly linkArguments: readonly string[];
  /** Link as C++, with its standard library. */
  readonly cxx: boolean;
}

export interface ClangUnit {
  readonly source: string;
  readonly arguments: readonly string[];
}

export interface ClangResult {
  /** Undefined when there were errors. */
  readonly wasm: Uint8Array | undefined;
  /** Everything that compiler and linker printed; objects are named as `objectPath` says. */
  readonly messages: string;
}

/** Where a unit's object is put, so that linker messages can be traced back to the source. */
export function objectPath(unit: number): string {
  return `/objects/${unit}.o`;
}

export const TARGET = "--target=wasm32-wasip1";

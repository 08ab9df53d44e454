/** What Node runs benchmarks with: V8's flags of every process that runs guests (`src/worker/v8-flags.ts`), and TypeScript. */
export const FLAGS = ["--no-liftoff", "--experimental-wasm-branch-hinting", "--import", "tsx"];

// Bundles what ships: the command line and the thread that replays for it (the extension and its page join it here).
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { build } from "esbuild";

for (const part of ["cli.js", "replay-worker.js", "chunks", "sdk", "native"])
  rmSync(`dist/${part}`, { recursive: true, force: true });
mkdirSync("dist", { recursive: true });
await build({
  entryPoints: { cli: "src/cli/cli.ts", "replay-worker": "src/worker/replay-worker.ts" },
  outdir: "dist",
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  // The compilers are large and find their own files beside themselves.
  external: ["@yowasp/clang", "assemblyscript", "assemblyscript/*", "wabt", "binaryen"],
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  sourcemap: true,
  logLevel: "warning",
});
cpSync("src/sdk", "dist/sdk", { recursive: true });
cpSync("src/worker/native", "dist/native", { recursive: true });

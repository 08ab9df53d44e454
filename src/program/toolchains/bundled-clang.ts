import type { Tree } from "@yowasp/clang";
import { type ClangJob, type ClangResult, objectPath, TARGET } from "./clang-job.ts";
import { loadClangPackage } from "./clang-package.ts";
import { packageVersion } from "./packages.ts";

const PACKAGE = "@yowasp/clang";

/** What makes the bundled compiler's results differ from another's. */
export function bundledClangIdentity(): string {
  return `${PACKAGE} ${packageVersion(PACKAGE)}`;
}

/** Some 100 MB (3 to 5 s), which then stay; a process that has compiled should not live long. */
export async function loadBundledClang(): ReturnType<typeof loadClangPackage> {
  const loaded = await loadClangPackage();
  // Without arguments this only loads, and without a callback it would print its progress.
  await loaded.runLLVM(undefined, {}, { fetchProgress: () => {} });
  return loaded;
}

/** Compiles with LLVM in WebAssembly, in this process. */
export async function runBundledClang(job: ClangJob): Promise<ClangResult> {
  const { commands, Exit } = await loadBundledClang();
  const output: Uint8Array[] = [];
  const collect = (bytes: Uint8Array | null): void => {
    if (bytes !== null) output.push(bytes.slice());
  };
  const run = async (name: "clang" | "clang++", args: string[], files: Tree): Promise<Tree | undefined> => {
    try {
      return await commands[name](args, files, { stdout: collect, stderr: collect, fetchProgress: () => {} });
    } catch (error) {
      if (error instanceof Exit) return undefined;
      const reason = error instanceof Error ? error.message : String(error);
      collect(new TextEncoder().encode(`clang: error: the compiler itself failed: ${reason}\n`));
      return undefined;
    }
  };

  const tree = treeOf(new Map([...job.files, [OVERLAY_PATH, overlayOf(job.files.keys())]]));
  const objects: Tree = {};
  let failed = false;
  for (const [i, unit] of job.units.entries()) {
    const made = await run(
      "clang",
      [TARGET, "-ivfsoverlay", OVERLAY_PATH, "-c", unit.source, "-o", objectPath(i), ...unit.arguments],
      {
        ...tree,
        objects: {},
      },
    );
    const object = made && entryAt(made, objectPath(i));
    if (object instanceof Uint8Array) objects[`${i}.o`] = object;
    else failed = true;
  }
  const finish = (wasm: Uint8Array | undefined): ClangResult => ({ wasm, messages: Buffer.concat(output).toString() });
  if (failed) return finish(undefined);
  const linked = await run(
    job.cxx ? "clang++" : "clang",
    [TARGET, ...job.units.map((_, i) => objectPath(i)), "-o", "/objects/program.wasm", ...job.linkArguments],
    { objects },
  );
  const wasm = linked && entryAt(linked, "/objects/program.wasm");
  return finish(wasm instanceof Uint8Array ? wasm.slice() : undefined);
}

const OVERLAY_PATH = "/overlay.yaml";

/**
 * The package's own file system takes `..` for a name. Clang's overlay of it knows better, and finds
 * `#include "../include/part.h"`; every file stands for itself in it.
 */
function overlayOf(paths: Iterable<string>): string {
  const roots = Array.from(paths, (name) => ({ type: "file", name, "external-contents": name }));
  return JSON.stringify({ version: 0, "use-external-names": false, roots });
}

function treeOf(files: ReadonlyMap<string, string>): Tree {
  const root: Tree = {};
  for (const [path, text] of files) {
    const names = path.split("/").slice(1);
    const last = names.pop();
    let directory: Tree = root;
    for (const name of names) {
      const next = directory[name] ?? {};
      if (typeof next === "string" || next instanceof Uint8Array) throw new Error(`${path} lies below a file`);
      directory[name] = next;
      directory = next;
    }
    if (last !== undefined) directory[last] = text;
  }
  return root;
}

function entryAt(tree: Tree, path: string): Tree | string | Uint8Array | undefined {
  let entry: Tree | string | Uint8Array | undefined = tree;
  for (const name of path.split("/").slice(1)) {
    if (entry === undefined || typeof entry === "string" || entry instanceof Uint8Array) return undefined;
    entry = entry[name];
  }
  return entry;
}

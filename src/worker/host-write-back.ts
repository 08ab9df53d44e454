/** Brings what a program changed in its folders back to the host, after a run that ended well. */
import {
  type BigIntStats,
  chmodSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Errno } from "../guest/wasi/abi.ts";
import type { DirectoryNode, FileNode, FileTree, TreeNode } from "../guest/wasi/file-tree.ts";
import { resolvePath } from "../guest/wasi/resolve-path.ts";
import { WasiError } from "../guest/wasi/wasi-error.ts";
import { BadInputError } from "../program/program.ts";
import { attempt, type HostFiles, hostFileState } from "./host-files.ts";

/** Paths of the host, in the order of the changes. */
export interface WriteBackReport {
  readonly removed: readonly string[];
  readonly written: readonly string[];
}

interface Removal {
  readonly path: string;
  readonly kind: TreeNode["kind"];
}

type Creation =
  | { readonly path: string; readonly kind: "directory" }
  | { readonly path: string; readonly kind: "symlink"; readonly target: string }
  | { readonly path: string; readonly kind: "file"; readonly node: FileNode; readonly replaces: boolean };

/** A file cannot have these names, or names with these characters, on Windows; some would lead out of the folder. */
const BAD_WINDOWS_NAME = /[<>:"\\|?*]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * First looks whether everything can be brought back as it is, then changes the host; each file appears whole or not at all.
 * Files that the program did not change are not touched.
 * @param tree the files after the run, `files.tree` or a clone of it
 * @throws BadInputError before any change: where a path changed on the host during the run, or a symbolic link would lead out
 * of its folder; and during the changes: where the host refuses one
 */
export function writeBack(files: HostFiles, tree: FileTree = files.tree): WriteBackReport {
  const removals: Removal[] = [];
  const creations: Creation[] = [];
  files.roots.forEach((root, i) => {
    const before = files.baseline.preopens[i].root;
    const after = tree.preopens[i].root;
    compare(before, after, root, removals, creations);
    checkLinks(before, after, root);
  });
  checkHost(files, removals, creations);
  // Innermost first: a folder comes after all that was in it.
  for (const removal of removals.reverse()) remove(removal);
  for (const creation of creations) create(creation, files);
  return { removed: removals.map(({ path }) => path), written: creations.map(({ path }) => path) };
}

function compare(
  before: DirectoryNode | undefined,
  after: DirectoryNode | undefined,
  path: string,
  removals: Removal[],
  creations: Creation[],
): void {
  const pending = [{ before, after, path }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const names = new Set([...(next.before?.entries.keys() ?? []), ...(next.after?.entries.keys() ?? [])]);
    for (const name of [...names].sort()) {
      const old = next.before?.entries.get(name);
      const now = next.after?.entries.get(name);
      const entryPath = join(next.path, name);
      if (process.platform === "win32" && old === undefined && BAD_WINDOWS_NAME.test(name)) {
        throw new BadInputError(`the program made a file whose name Windows cannot have: "${name}"`);
      }
      const same = old !== undefined && now !== undefined && isSame(old, now);
      const replaces = old?.kind === "file" && now?.kind === "file";
      if (old !== undefined && !same && !replaces) removals.push({ path: entryPath, kind: old.kind });
      if (now !== undefined && !same) creations.push(creation(entryPath, now, replaces));
      const oldFolder = old?.kind === "directory" ? old : undefined;
      const newFolder = now?.kind === "directory" ? now : undefined;
      if (oldFolder !== undefined || newFolder !== undefined) {
        pending.push({ before: oldFolder, after: newFolder, path: entryPath });
      }
    }
  }
}

function creation(path: string, node: TreeNode, replaces: boolean): Creation {
  switch (node.kind) {
    case "directory":
      return { path, kind: "directory" };
    case "symlink":
      return { path, kind: "symlink", target: node.target };
    case "file":
      return { path, kind: "file", node, replaces };
  }
}

/** Whether the entry itself needs no change; of a folder, not what is in it. */
function isSame(old: TreeNode, now: TreeNode): boolean {
  if (old.kind === "file" && now.kind === "file") return old.content.equals(now.content);
  if (old.kind === "symlink" && now.kind === "symlink") return old.target === now.target;
  return old.kind === "directory" && now.kind === "directory";
}

/** Every link must stay inside, but for those that led out before the run. */
function checkLinks(before: DirectoryNode, after: DirectoryNode, rootPath: string): void {
  const pending: { old: DirectoryNode | undefined; node: DirectoryNode; path: string }[] = [
    { old: before, node: after, path: "" },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const [name, node] of next.node.entries) {
      const path = next.path + name;
      const old = next.old?.entries.get(name);
      if (node.kind === "directory") {
        pending.push({ old: old?.kind === "directory" ? old : undefined, node, path: `${path}/` });
      }
      if (node.kind !== "symlink" || !leadsOut(after, path, node.target)) continue;
      if (old !== undefined && isSame(old, node) && leadsOut(before, path, node.target)) continue;
      const link = join(rootPath, path);
      throw new BadInputError(
        `the program made the symbolic link "${link}" to "${node.target}", which leaves its folder`,
      );
    }
  }
}

/** Follows the link; where it leads nowhere (yet), `..` in it counts as leading out. */
function leadsOut(root: DirectoryNode, path: string, target: string): boolean {
  try {
    return resolvePath(root, path, true).node === undefined && target.split("/").includes("..");
  } catch (error) {
    if (!(error instanceof WasiError)) throw error;
    return error.errno === Errno.NOTCAPABLE || target.split("/").includes("..");
  }
}

function checkHost(files: HostFiles, removals: readonly Removal[], creations: readonly Creation[]): void {
  const removed = new Set(removals.map(({ path }) => path));
  const check = (path: string, isAsExpected: boolean): void => {
    if (isAsExpected) return;
    throw new BadInputError(
      `"${path}" was changed by somebody else during the run, so the program's files are not written back`,
    );
  };
  for (const { path, kind } of removals) {
    check(path, kind === "file" ? isUntouched(files, path) : kindOf(statusOf(path)) === kind);
  }
  for (const entry of creations) {
    const { path } = entry;
    if (entry.kind === "file" && entry.replaces) check(path, isUntouched(files, path));
    else if (!removed.has(path)) check(path, statusOf(path) === undefined);
  }
}

function isUntouched({ states }: HostFiles, path: string): boolean {
  const then = states.get(path);
  const status = statusOf(path);
  if (then === undefined || status === undefined || kindOf(status) !== "file") return false;
  const now = hostFileState(status);
  return now.sizeBytes === then.sizeBytes && now.modifiedNanoseconds === then.modifiedNanoseconds;
}

function statusOf(path: string): BigIntStats | undefined {
  return attempt(`cannot look at "${path}"`, () => {
    try {
      return lstatSync(path, { bigint: true });
    } catch (error) {
      // A file may be where a folder of the path will be.
      if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return;
      throw error;
    }
  });
}

function kindOf(status: BigIntStats | undefined): TreeNode["kind"] | undefined {
  if (status?.isFile()) return "file";
  if (status?.isDirectory()) return "directory";
  return status?.isSymbolicLink() ? "symlink" : undefined;
}

function remove({ path, kind }: Removal): void {
  attempt(`cannot remove "${path}"`, () => {
    checkParent(path);
    if (kind === "directory") rmdirSync(path);
    else unlinkSync(path);
  });
}

function create(entry: Creation, files: HostFiles): void {
  attempt(`cannot write "${entry.path}"`, () => {
    checkParent(entry.path);
    switch (entry.kind) {
      case "directory":
        mkdirSync(entry.path);
        break;
      case "symlink":
        symlinkSync(entry.target, entry.path);
        break;
      case "file":
        writeWhole(entry.path, entry.node, files.states.get(entry.path)?.mode);
        break;
    }
  });
}

/** The folder must be the real one: no link may have taken the place of a part of its path. */
function checkParent(path: string): void {
  const folder = dirname(path);
  if (realpathSync(folder) !== folder) throw new BadInputError(`"${folder}" became a symbolic link during the run`);
}

/** Through a file beside it, which then takes its name. */
function writeWhole(path: string, node: FileNode, mode: number | undefined): void {
  const temporary = join(dirname(path), `.checkpoint-lens-${process.pid}`);
  writeFileSync(temporary, node.content.bytes(), { flag: "wx" });
  try {
    if (mode !== undefined) chmodSync(temporary, mode);
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
}

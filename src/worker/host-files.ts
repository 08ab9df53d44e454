/** The `--dir HOST::GUEST` option: folders of the host, read into the guest's in-memory files before a run. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
} from "node:fs";
import { join, sep } from "node:path";
import type { DirectoryNode, FileTreeLimits } from "../guest/wasi/file-tree.ts";
import { FileTree } from "../guest/wasi/file-tree.ts";
import { DEFAULT_EPOCH_NANOSECONDS } from "../guest/wasi/types.ts";
import { WasiError } from "../guest/wasi/wasi-error.ts";
import { BadInputError } from "../program/program.ts";

export interface SharedDirectory {
  /** A folder of the host. */
  readonly host: string;
  /** Its name in the guest. */
  readonly guest: string;
}

/** A file of the host as it was when read, to see whether somebody else changed it since. */
export interface HostFileState {
  readonly sizeBytes: bigint;
  readonly modifiedNanoseconds: bigint;
  /** Permission bits. */
  readonly mode: number;
}

export interface HostFiles {
  /** What the program sees, one preopened directory for each folder, in their order. */
  readonly tree: FileTree;
  /** The same as it was read. */
  readonly baseline: FileTree;
  /** The real path of each folder, in their order. */
  readonly roots: readonly string[];
  /** By the host's path. */
  readonly states: ReadonlyMap<string, HostFileState>;
}

/** @throws BadInputError for anything but `HOST::GUEST` */
export function parseSharedDirectory(text: string): SharedDirectory {
  const at = text.lastIndexOf("::");
  const host = text.slice(0, Math.max(0, at));
  const guest = text.slice(at + 2).replace(/(?<=.)\/+$/, "");
  if (at < 0 || host === "" || guest === "" || text.includes("\0")) {
    throw new BadInputError(`--dir "${text}" should be HOST::GUEST, for example --dir ./input::/data`);
  }
  return { host, guest };
}

/**
 * Reads folders with all that is in them. Symbolic links stay links, whose targets the guest can only reach inside the folder;
 * sockets, pipes and devices are left out. All times are `DEFAULT_EPOCH_NANOSECONDS`, so that a run does not depend on them.
 * @throws BadInputError where a folder cannot be read, is too big, or is named twice
 */
export function loadHostFiles(directories: readonly SharedDirectory[], limits: FileTreeLimits = {}): HostFiles {
  const tree = new FileTree(limits);
  const states = new Map<string, HostFileState>();
  const roots: string[] = [];
  for (const { host, guest } of directories) {
    if (tree.preopens.some(({ guestPath }) => guestPath === guest)) {
      throw new BadInputError(`--dir names the guest's folder "${guest}" twice`);
    }
    const root = attempt(`cannot read the folder "${host}"`, () => realpathSync(host));
    const overlapping = roots.find((other) => isInside(root, other) || isInside(other, root));
    if (overlapping !== undefined) {
      throw new BadInputError(`--dir "${host}" overlaps "${overlapping}", which another --dir names`);
    }
    roots.push(root);
    const node = tree.addPreopen(guest, DEFAULT_EPOCH_NANOSECONDS);
    try {
      readFolder(tree, node, root, states);
    } catch (error) {
      if (!(error instanceof WasiError)) throw error;
      const most = `${tree.maxBytes} bytes and ${tree.maxEntries} names`;
      throw new BadInputError(`the folder "${host}" is too big: all folders together may have ${most}`);
    }
  }
  return { tree, baseline: tree.clone(), roots, states };
}

/** Whether a path is a folder or lies in it; both absolute. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Runs file system code and turns its errors into one sentence that begins with `what`. */
export function attempt<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    throw new BadInputError(`${what}: ${REASONS.get(code) ?? code}`);
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "it does not exist"],
  ["ENOTDIR", "it is not a folder"],
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
  ["ELOOP", "it is a symbolic link"],
  ["ENOSPC", "no space is left on the disk"],
  ["EROFS", "the disk is read-only"],
  ["EEXIST", "something is there already"],
  ["ENOTEMPTY", "it is not empty"],
  ["ENAMETOOLONG", "its name is too long"],
]);

function readFolder(tree: FileTree, root: DirectoryNode, rootPath: string, states: Map<string, HostFileState>): void {
  const pending: { node: DirectoryNode; path: string }[] = [{ node: root, path: rootPath }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node, path } = next;
    const names = attempt(`cannot read the folder "${path}"`, () => readdirSync(path)).sort();
    for (const name of names) {
      const entryPath = join(path, name);
      if (name.includes("\ufffd")) throw new BadInputError(`the name of "${entryPath}" is not valid UTF-8`);
      const stat = attempt(`cannot read "${entryPath}"`, () => lstatSync(entryPath));
      if (stat.isDirectory()) {
        pending.push({ node: tree.createDirectory(node, name, DEFAULT_EPOCH_NANOSECONDS), path: entryPath });
      } else if (stat.isSymbolicLink()) {
        const target = attempt(`cannot read the link "${entryPath}"`, () => readlinkSync(entryPath));
        tree.createSymlink(node, name, target, DEFAULT_EPOCH_NANOSECONDS);
      } else if (stat.isFile()) {
        const { bytes, state } = attempt(`cannot read "${entryPath}"`, () => readFile(entryPath, tree));
        states.set(entryPath, state);
        tree.createFile(node, name, DEFAULT_EPOCH_NANOSECONDS, bytes);
      }
    }
  }
}

/** Never follows a link, even one that appeared since the folder was listed. */
function readFile(path: string, tree: FileTree): { bytes: Uint8Array; state: HostFileState } {
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fstatSync(fd, { bigint: true });
    tree.checkSpace(Number(stat.size));
    return { bytes: readFileSync(fd), state: hostFileState(stat) };
  } finally {
    closeSync(fd);
  }
}

export function hostFileState(stat: { size: bigint; mtimeNs: bigint; mode: bigint }): HostFileState {
  return { sizeBytes: stat.size, modifiedNanoseconds: stat.mtimeNs, mode: Number(stat.mode & 0o777n) };
}

/** From a directory and a path to a place in the tree, never out of that directory. */
import { Errno } from "./abi.ts";
import type { DirectoryNode, TreeNode } from "./file-tree.ts";
import { WasiError } from "./wasi-error.ts";

/** Most symbolic links followed in one path (as in Linux). */
const MAX_LINKS = 40;

/** Where a path leads: to a name in a directory, which may be free, or (`.`, `..`) to a directory without naming it. */
export interface Place {
  /** The directory and the name in it; undefined if the path ends in `.` or `..`. */
  readonly entry: { readonly parent: DirectoryNode; readonly name: string } | undefined;
  /** What is there now. */
  readonly node: TreeNode | undefined;
  /** The path ends with a slash. */
  readonly directoryRequired: boolean;
  /** The path from the base directory, without symbolic links, `.` and `..`. */
  readonly path: string;
}

/**
 * @param base where relative paths start, and the directory that no path leaves
 * @param follow whether a symbolic link as the last part is followed
 * @throws WasiError ENOTCAPABLE for what would lead out, ENOENT, ENOTDIR, ELOOP
 */
export function resolvePath(base: DirectoryNode, path: string, follow: boolean): Place {
  if (path === "") throw new WasiError(Errno.NOENT);
  const pending: string[] = [];
  let directoryRequired = pushParts(pending, path);
  const directories = [base];
  const names: string[] = [];
  let linkCount = 0;

  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    const parent = directories[directories.length - 1];
    if (part === ".") continue;
    if (part === "..") {
      if (directories.length === 1) throw new WasiError(Errno.NOTCAPABLE);
      directories.pop();
      names.pop();
      continue;
    }
    const node = parent.entries.get(part);
    const last = pending.length === 0;
    if (node?.kind === "symlink" && (!last || follow)) {
      if (++linkCount > MAX_LINKS) throw new WasiError(Errno.LOOP);
      const slash = pushParts(pending, node.target);
      if (last) directoryRequired ||= slash;
      continue;
    }
    if (last) return { entry: { parent, name: part }, node, directoryRequired, path: [...names, part].join("/") };
    if (node === undefined) throw new WasiError(Errno.NOENT);
    if (node.kind !== "directory") throw new WasiError(Errno.NOTDIR);
    directories.push(node);
    names.push(part);
  }
  return {
    entry: undefined,
    node: directories[directories.length - 1],
    directoryRequired: true,
    path: names.join("/"),
  };
}

/** Puts a path's parts on the stack, the first on top. @returns whether it ends with a slash */
function pushParts(pending: string[], path: string): boolean {
  if (path.startsWith("/")) throw new WasiError(Errno.NOTCAPABLE);
  const parts = path.split("/").filter((part) => part !== "");
  for (const part of parts.reverse()) pending.push(part);
  return path.endsWith("/");
}

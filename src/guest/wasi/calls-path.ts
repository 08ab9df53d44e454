/** Calls that name a file by a path: status, links, renaming, removing. */
import { Errno, LookupFlag, Right } from "./abi.ts";
import type { CallTable, WasiContext } from "./context.ts";
import { encodeFileStatus, setTimes } from "./file-status.ts";
import type { DirectoryNode, TreeNode } from "./file-tree.ts";
import type { Place } from "./resolve-path.ts";
import { resolvePath } from "./resolve-path.ts";
import { WasiError } from "./wasi-error.ts";

export function pathCalls(context: WasiContext): CallTable {
  const { guest, descriptors, tree } = context;

  /** What a path leads to. A slash at its end follows a link, whatever the flags say. */
  const lookUp = (fd: number, right: bigint, flags: number, address: number, length: number): TreeNode => {
    const directory = descriptors.directory(fd, right);
    const path = guest.readPath(address, length);
    const follow = (flags & LookupFlag.SYMLINK_FOLLOW) !== 0 || path.endsWith("/");
    const { node, directoryRequired } = resolvePath(directory.node, path, follow);
    if (node === undefined) throw new WasiError(Errno.NOENT);
    if (directoryRequired && node.kind !== "directory") throw new WasiError(Errno.NOTDIR);
    return node;
  };
  /** The name itself that a path ends with; a link is not followed. */
  const locate = (fd: number, right: bigint, address: number, length: number): Place => {
    const directory = descriptors.directory(fd, right);
    return resolvePath(directory.node, guest.readPath(address, length), false);
  };

  return {
    path_create_directory(fd: number, address: number, length: number) {
      const { entry, node } = locate(fd, Right.PATH_CREATE_DIRECTORY, address, length);
      if (node !== undefined || entry === undefined) throw new WasiError(Errno.EXIST);
      tree.createDirectory(entry.parent, entry.name, context.now());
    },
    path_filestat_get(fd: number, flags: number, address: number, length: number, resultAddress: number) {
      const node = lookUp(fd, Right.PATH_FILESTAT_GET, flags, address, length);
      guest.write(resultAddress, encodeFileStatus(node));
    },
    path_filestat_set_times(
      fd: number,
      flags: number,
      address: number,
      length: number,
      accessed: bigint,
      modified: bigint,
      timeFlags: number,
    ) {
      const node = lookUp(fd, Right.PATH_FILESTAT_SET_TIMES, flags, address, length);
      setTimes(node.times, accessed, modified, timeFlags, context.now());
    },

    path_link(
      oldFd: number,
      flags: number,
      oldAddress: number,
      oldLength: number,
      newFd: number,
      newAddress: number,
      newLength: number,
    ) {
      const node = lookUp(oldFd, Right.PATH_LINK_SOURCE, flags, oldAddress, oldLength);
      const place = locate(newFd, Right.PATH_LINK_TARGET, newAddress, newLength);
      const { parent, name } = freeEntry(place);
      if (node.kind === "directory") throw new WasiError(Errno.PERM);
      tree.link(parent, name, node, context.now());
    },
    /** A link may name what lies outside, relatively, and then leads nowhere; an absolute one is refused at once. */
    path_symlink(oldAddress: number, oldLength: number, fd: number, newAddress: number, newLength: number) {
      const target = guest.readPath(oldAddress, oldLength);
      const place = locate(fd, Right.PATH_SYMLINK, newAddress, newLength);
      if (target === "") throw new WasiError(Errno.NOENT);
      if (target.startsWith("/")) throw new WasiError(Errno.NOTCAPABLE);
      const { parent, name } = freeEntry(place);
      tree.createSymlink(parent, name, target, context.now());
    },
    /** Gives as much of the target as fits (as POSIX does). */
    path_readlink(
      fd: number,
      address: number,
      length: number,
      bufferAddress: number,
      bufferLength: number,
      resultAddress: number,
    ) {
      const { node } = locate(fd, Right.PATH_READLINK, address, length);
      guest.check(bufferAddress, bufferLength);
      guest.check(resultAddress, 4);
      if (node === undefined) throw new WasiError(Errno.NOENT);
      if (node.kind !== "symlink") throw new WasiError(Errno.INVAL);
      const target = new TextEncoder().encode(node.target).subarray(0, bufferLength);
      guest.write(bufferAddress, target);
      guest.writeU32(resultAddress, target.length);
    },

    path_remove_directory(fd: number, address: number, length: number) {
      const { entry, node } = locate(fd, Right.PATH_REMOVE_DIRECTORY, address, length);
      if (entry === undefined) throw new WasiError(Errno.INVAL);
      if (node === undefined) throw new WasiError(Errno.NOENT);
      if (node.kind !== "directory") throw new WasiError(Errno.NOTDIR);
      if (node.entries.size > 0) throw new WasiError(Errno.NOTEMPTY);
      tree.unlink(entry.parent, entry.name, context.now());
    },
    path_unlink_file(fd: number, address: number, length: number) {
      const { entry, node, directoryRequired } = locate(fd, Right.PATH_UNLINK_FILE, address, length);
      if (node === undefined) throw new WasiError(Errno.NOENT);
      if (entry === undefined || node.kind === "directory") throw new WasiError(Errno.ISDIR);
      if (directoryRequired) throw new WasiError(Errno.NOTDIR);
      tree.unlink(entry.parent, entry.name, context.now());
    },

    path_rename(
      oldFd: number,
      oldAddress: number,
      oldLength: number,
      newFd: number,
      newAddress: number,
      newLength: number,
    ) {
      const from = locate(oldFd, Right.PATH_RENAME_SOURCE, oldAddress, oldLength);
      const to = locate(newFd, Right.PATH_RENAME_TARGET, newAddress, newLength);
      if (from.entry === undefined || to.entry === undefined) throw new WasiError(Errno.BUSY);
      if (from.node === undefined) throw new WasiError(Errno.NOENT);
      checkRename(from.node, to.node, to.entry.parent, from.directoryRequired || to.directoryRequired);
      if (from.node === to.node) return;
      const now = context.now();
      if (to.node !== undefined) tree.unlink(to.entry.parent, to.entry.name, now);
      tree.rename(from.entry.parent, from.entry.name, to.entry.parent, to.entry.name, now);
    },
  };
}

/** The place for a new name that is no directory's. */
function freeEntry({ entry, node, directoryRequired }: Place): { parent: DirectoryNode; name: string } {
  if (node !== undefined || entry === undefined) throw new WasiError(Errno.EXIST);
  if (directoryRequired) throw new WasiError(Errno.NOENT);
  return entry;
}

/** A directory replaces only an empty directory and never moves into itself; anything else replaces no directory. */
function checkRename(node: TreeNode, old: TreeNode | undefined, newParent: DirectoryNode, slash: boolean): void {
  if (node.kind !== "directory") {
    if (slash) throw new WasiError(Errno.NOTDIR);
    if (old?.kind === "directory") throw new WasiError(Errno.ISDIR);
    return;
  }
  for (let above: DirectoryNode | undefined = newParent; above !== undefined; above = above.parent) {
    if (above === node) throw new WasiError(Errno.INVAL);
  }
  if (old === undefined || old === node) return;
  if (old.kind !== "directory") throw new WasiError(Errno.NOTDIR);
  if (old.entries.size > 0) throw new WasiError(Errno.NOTEMPTY);
}

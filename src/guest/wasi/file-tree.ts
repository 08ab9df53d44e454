/**
 * The guest's files, in memory: one volume, seen by the program through its preopened directories.
 *
 * Ours and not `@bjorn3/browser_wasi_shim` (0.4.2): that has no symbolic links, rights or times, copies a whole file at each
 * growth, orders directories by creation, and lets host exceptions out.
 */
import { Errno } from "./abi.ts";
import { FileContent } from "./file-content.ts";
import { WasiError } from "./wasi-error.ts";

/** Times in nanoseconds since 1970: last read, last change of the contents, last change of anything. */
export interface FileTimes {
  accessed: bigint;
  modified: bigint;
  changed: bigint;
}

interface NodeBase {
  /** Unique in its tree, from 1 in order of creation. */
  readonly inode: bigint;
  readonly times: FileTimes;
  /** How many directory entries name it. */
  links: number;
}

export interface FileNode extends NodeBase {
  readonly kind: "file";
  readonly content: FileContent;
  /** Descriptors that have it open: its bytes live on while there are any. */
  openCount: number;
}

export interface DirectoryNode extends NodeBase {
  readonly kind: "directory";
  readonly entries: Map<string, TreeNode>;
  /** None for a preopened directory. */
  parent: DirectoryNode | undefined;
}

export interface SymlinkNode extends NodeBase {
  readonly kind: "symlink";
  readonly target: string;
  /** The target's length in UTF-8. */
  readonly targetBytes: number;
}

export type TreeNode = FileNode | DirectoryNode | SymlinkNode;

export interface Preopen {
  /** As the program names it, for example `/data` or `.`. */
  readonly guestPath: string;
  readonly root: DirectoryNode;
}

export interface FileTreeLimits {
  /** Sum of the sizes of all files and link targets, in bytes; default 1 GiB. */
  readonly maxBytes?: number;
  /** Names in all directories; default 65,536. */
  readonly maxEntries?: number;
}

/** Longest name of one entry (as in Linux). */
const MAX_NAME_BYTES = 255;

/** Methods throw `WasiError`: ENOSPC where a limit would be passed. */
export class FileTree {
  readonly preopens: Preopen[] = [];
  readonly maxBytes: number;
  readonly maxEntries: number;
  /** Sum of the sizes of files and link targets. */
  usedBytes = 0;
  entryCount = 0;
  private nextInode = 1n;

  constructor(limits: FileTreeLimits = {}) {
    this.maxBytes = limits.maxBytes ?? 2 ** 30;
    this.maxEntries = limits.maxEntries ?? 65_536;
  }

  /** Gives the program a new, empty directory under this name. Its descriptor is 3 for the first, then 4 and so on. */
  addPreopen(guestPath: string, time = 0n): DirectoryNode {
    const root = this.newDirectory(time);
    root.links = 1;
    this.preopens.push({ guestPath, root });
    return root;
  }

  createFile(parent: DirectoryNode, name: string, time = 0n, bytes?: Uint8Array): FileNode {
    const file: FileNode = {
      kind: "file",
      inode: this.nextInode++,
      times: timesAt(time),
      links: 0,
      content: new FileContent(),
      openCount: 0,
    };
    if (bytes !== undefined) this.checkSpace(bytes.length);
    this.link(parent, name, file, time);
    if (bytes !== undefined) this.write(file, bytes, 0);
    return file;
  }

  createDirectory(parent: DirectoryNode, name: string, time = 0n): DirectoryNode {
    const directory = this.newDirectory(time);
    this.link(parent, name, directory, time);
    return directory;
  }

  createSymlink(parent: DirectoryNode, name: string, target: string, time = 0n): SymlinkNode {
    const targetBytes = new TextEncoder().encode(target).length;
    this.checkSpace(targetBytes);
    const inode = this.nextInode++;
    const node: SymlinkNode = { kind: "symlink", inode, times: timesAt(time), links: 0, target, targetBytes };
    this.link(parent, name, node, time);
    this.usedBytes += targetBytes;
    return node;
  }

  /** Gives a node a name, which must be free. @throws WasiError ENOENT where the directory itself was removed */
  link(parent: DirectoryNode, name: string, node: TreeNode, time = 0n): void {
    this.checkPlace(parent, name);
    if (this.entryCount >= this.maxEntries) throw new WasiError(Errno.NOSPC);
    parent.entries.set(name, node);
    this.entryCount++;
    node.links++;
    if (node.kind === "directory") node.parent = parent;
    touch(parent, time);
    node.times.changed = time;
  }

  /** Takes a name away; the node goes with its last name, a file's bytes also need its last descriptor closed. */
  unlink(parent: DirectoryNode, name: string, time = 0n): void {
    const node = parent.entries.get(name);
    if (node === undefined) throw new WasiError(Errno.NOENT);
    parent.entries.delete(name);
    this.entryCount--;
    node.links--;
    touch(parent, time);
    node.times.changed = time;
    if (node.kind === "file") this.releaseIfUnused(node);
    if (node.kind === "symlink" && node.links === 0) this.usedBytes -= node.targetBytes;
  }

  /** Moves a node to a name that must be free; not into itself. */
  rename(oldParent: DirectoryNode, oldName: string, newParent: DirectoryNode, newName: string, time = 0n): void {
    const node = oldParent.entries.get(oldName);
    if (node === undefined) throw new WasiError(Errno.NOENT);
    this.checkPlace(newParent, newName);
    oldParent.entries.delete(oldName);
    newParent.entries.set(newName, node);
    if (node.kind === "directory") node.parent = newParent;
    touch(oldParent, time);
    touch(newParent, time);
    node.times.changed = time;
  }

  open(file: FileNode): void {
    file.openCount++;
  }

  close(file: FileNode): void {
    file.openCount--;
    this.releaseIfUnused(file);
  }

  /** @returns how many bytes fitted: fewer than given where the volume is full. @throws WasiError ENOSPC if none did */
  write(file: FileNode, bytes: Uint8Array, offset: number): number {
    const room = file.content.size + this.maxBytes - this.usedBytes - offset;
    const fitting = bytes.length <= room ? bytes : bytes.subarray(0, Math.max(0, room));
    if (fitting.length === 0 && bytes.length > 0) throw new WasiError(Errno.NOSPC);
    const before = file.content.size;
    try {
      file.content.write(fitting, offset);
    } catch (error) {
      // The host cannot give the memory.
      throw error instanceof RangeError ? new WasiError(Errno.NOSPC) : error;
    } finally {
      this.usedBytes += file.content.size - before;
    }
    return fitting.length;
  }

  resize(file: FileNode, size: number): void {
    this.checkSpace(size - file.content.size);
    this.usedBytes += size - file.content.size;
    file.content.resize(size);
  }

  /** The same tree again, with nothing open; file contents are shared until one side changes them. */
  clone(): FileTree {
    const copy = new FileTree({ maxBytes: this.maxBytes, maxEntries: this.maxEntries });
    copy.nextInode = this.nextInode;
    const copies = new Map<TreeNode, TreeNode>();
    for (const { guestPath, root } of this.preopens) {
      const newRoot = copyDirectory(root);
      newRoot.links = 1;
      copy.preopens.push({ guestPath, root: newRoot });
      const pending: [DirectoryNode, DirectoryNode][] = [[root, newRoot]];
      for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
        const [from, to] = next;
        for (const [name, node] of from.entries) {
          let twin = copies.get(node);
          if (twin === undefined) {
            twin = node.kind === "directory" ? copyDirectory(node) : copyLeaf(node);
            copies.set(node, twin);
            if (twin.kind === "file") copy.usedBytes += twin.content.size;
            if (twin.kind === "symlink") copy.usedBytes += twin.targetBytes;
          }
          to.entries.set(name, twin);
          copy.entryCount++;
          twin.links++;
          if (node.kind === "directory" && twin.kind === "directory") {
            twin.parent = to;
            pending.push([node, twin]);
          }
        }
      }
    }
    return copy;
  }

  private newDirectory(time: bigint): DirectoryNode {
    return directoryNode(this.nextInode++, timesAt(time));
  }

  private checkPlace(parent: DirectoryNode, name: string): void {
    if (parent.links === 0) throw new WasiError(Errno.NOENT);
    if (new TextEncoder().encode(name).length > MAX_NAME_BYTES) throw new WasiError(Errno.NAMETOOLONG);
  }

  /** @throws WasiError ENOSPC if this many more bytes do not fit */
  checkSpace(moreBytes: number): void {
    if (moreBytes > this.maxBytes - this.usedBytes) throw new WasiError(Errno.NOSPC);
  }

  private releaseIfUnused(file: FileNode): void {
    if (file.links > 0 || file.openCount > 0) return;
    this.usedBytes -= file.content.size;
    file.content.resize(0);
  }
}

/** The size that a status reports, in bytes. */
export function sizeOf(node: TreeNode): number {
  switch (node.kind) {
    case "file":
      return node.content.size;
    case "symlink":
      return node.targetBytes;
    case "directory":
      return 0;
  }
}

function timesAt(time: bigint): FileTimes {
  return { accessed: time, modified: time, changed: time };
}

function touch(directory: DirectoryNode, time: bigint): void {
  directory.times.modified = time;
  directory.times.changed = time;
}

function directoryNode(inode: bigint, times: FileTimes): DirectoryNode {
  return { kind: "directory", inode, times, links: 0, entries: new Map(), parent: undefined };
}

function copyDirectory(node: DirectoryNode): DirectoryNode {
  return directoryNode(node.inode, { ...node.times });
}

function copyLeaf(node: FileNode | SymlinkNode): TreeNode {
  const base = { inode: node.inode, times: { ...node.times }, links: 0 };
  if (node.kind === "symlink") return { ...node, ...base };
  return { ...base, kind: "file", content: node.content.clone(), openCount: 0 };
}

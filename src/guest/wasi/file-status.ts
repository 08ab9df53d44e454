/** The `filestat` structure, and setting the times in it. */
import { Errno, FileType, SIZE, TimeFlag } from "./abi.ts";
import type { FileTimes, TreeNode } from "./file-tree.ts";
import { sizeOf } from "./file-tree.ts";
import { WasiError } from "./wasi-error.ts";

/** All files of the tree are on one device; streams are on none. */
const DEVICE = 1n;

export function fileTypeOf(node: TreeNode): number {
  switch (node.kind) {
    case "file":
      return FileType.REGULAR_FILE;
    case "directory":
      return FileType.DIRECTORY;
    case "symlink":
      return FileType.SYMBOLIC_LINK;
  }
}

/** dev u64, ino u64, filetype u8 (at 16), nlink u64 (at 24), size u64, atim u64, mtim u64, ctim u64. */
export function encodeFileStatus(node: TreeNode): Uint8Array {
  const view = new DataView(new ArrayBuffer(SIZE.FILESTAT));
  view.setBigUint64(0, DEVICE, true);
  view.setBigUint64(8, node.inode, true);
  view.setUint8(16, fileTypeOf(node));
  view.setBigUint64(24, BigInt(node.links), true);
  view.setBigUint64(32, BigInt(sizeOf(node)), true);
  view.setBigUint64(40, node.times.accessed, true);
  view.setBigUint64(48, node.times.modified, true);
  view.setBigUint64(56, node.times.changed, true);
  return new Uint8Array(view.buffer);
}

/** The status of a stream: nothing but its type. */
export function encodeStreamStatus(fileType: number): Uint8Array {
  const bytes = new Uint8Array(SIZE.FILESTAT);
  bytes[16] = fileType;
  return bytes;
}

/** @throws WasiError EINVAL for unknown flags, or for both a given time and the present one */
export function setTimes(times: FileTimes, accessed: bigint, modified: bigint, flags: number, now: bigint): void {
  const both = (a: number, b: number): boolean => (flags & a) !== 0 && (flags & b) !== 0;
  if ((flags & ~TimeFlag.ALL) !== 0) throw new WasiError(Errno.INVAL);
  if (both(TimeFlag.ATIM, TimeFlag.ATIM_NOW) || both(TimeFlag.MTIM, TimeFlag.MTIM_NOW)) {
    throw new WasiError(Errno.INVAL);
  }
  if ((flags & TimeFlag.ATIM) !== 0) times.accessed = accessed;
  if ((flags & TimeFlag.ATIM_NOW) !== 0) times.accessed = now;
  if ((flags & TimeFlag.MTIM) !== 0) times.modified = modified;
  if ((flags & TimeFlag.MTIM_NOW) !== 0) times.modified = now;
  times.changed = now;
}

/** Reading directories. */
import { Right, SIZE } from "./abi.ts";
import type { CallTable, WasiContext } from "./context.ts";
import type { DirectoryDescriptor } from "./descriptors.ts";
import { fileTypeOf } from "./file-status.ts";
import type { TreeNode } from "./file-tree.ts";

export function directoryCalls(context: WasiContext): CallTable {
  const { guest, descriptors } = context;
  return {
    /**
     * Fills the buffer with entries, the last cut off where it does not fit: a full buffer tells the program to ask again.
     * A cookie counts the entries before: `.`, `..`, then the names in the order of their UTF-16 units.
     */
    fd_readdir(fd: number, address: number, length: number, cookie: bigint, resultAddress: number) {
      const directory = descriptors.directory(fd, Right.FD_READDIR);
      guest.check(address, length);
      guest.check(resultAddress, 4);
      if (cookie === 0n || directory.listing === undefined) directory.listing = list(directory);
      const parts: Uint8Array[] = [];
      let used = 0;
      const first = cookie > BigInt(directory.listing.length) ? directory.listing.length : Number(cookie);
      for (let i = first; i < directory.listing.length && used < length; i++) {
        const name = directory.listing[i];
        const node = lookUp(directory, name);
        if (node === undefined) continue;
        const entry = encodeEntry(name, node, BigInt(i + 1)).subarray(0, length - used);
        parts.push(entry);
        used += entry.length;
      }
      const target = guest.writable(address, used);
      let offset = 0;
      for (const part of parts) {
        target.set(part, offset);
        offset += part.length;
      }
      guest.writeU32(resultAddress, used);
    },
  };
}

function list(directory: DirectoryDescriptor): string[] {
  return [".", "..", ...[...directory.node.entries.keys()].sort()];
}

/** What a name stands for now; above a preopened directory the program sees nothing, so its `..` is itself. */
function lookUp({ node }: DirectoryDescriptor, name: string): TreeNode | undefined {
  if (name === ".") return node;
  if (name === "..") return node.parent ?? node;
  return node.entries.get(name);
}

/** d_next u64, d_ino u64, d_namlen u32, d_type u8, then (at 24) the name. */
function encodeEntry(name: string, node: TreeNode, next: bigint): Uint8Array {
  const encoded = new TextEncoder().encode(name);
  const bytes = new Uint8Array(SIZE.DIRENT + encoded.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, next, true);
  view.setBigUint64(8, node.inode, true);
  view.setUint32(16, encoded.length, true);
  view.setUint8(20, fileTypeOf(node));
  bytes.set(encoded, SIZE.DIRENT);
  return bytes;
}

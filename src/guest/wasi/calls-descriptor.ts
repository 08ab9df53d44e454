/** Calls on descriptors other than reading and writing them. */
import { Errno, FdFlag, FileType, Right, SIZE } from "./abi.ts";
import type { CallTable, WasiContext } from "./context.ts";
import type { Descriptor } from "./descriptors.ts";
import { encodeFileStatus, encodeStreamStatus, setTimes } from "./file-status.ts";
import { WasiError } from "./wasi-error.ts";

const LAST_ADVICE = 5;

export function descriptorCalls(context: WasiContext): CallTable {
  const { guest, descriptors, tree } = context;

  const sync = (fd: number, right: bigint): void => {
    const { kind } = descriptors.get(fd, right);
    if (kind !== "file" && kind !== "directory") throw new WasiError(Errno.INVAL);
  };
  const preopenName = (fd: number): Uint8Array => {
    const descriptor = descriptors.get(fd);
    if (descriptor.kind !== "directory" || descriptor.preopenName === undefined) throw new WasiError(Errno.BADF);
    return new TextEncoder().encode(descriptor.preopenName);
  };

  return {
    fd_advise(fd: number, _offset: bigint, _length: bigint, advice: number) {
      descriptors.file(fd, Right.FD_ADVISE);
      if (advice > LAST_ADVICE) throw new WasiError(Errno.INVAL);
    },
    fd_allocate(fd: number, offset: bigint, length: bigint) {
      const { node } = descriptors.file(fd, Right.FD_ALLOCATE);
      if (length === 0n) throw new WasiError(Errno.INVAL);
      const end = safeSize(offset + length);
      if (end > node.content.size) tree.resize(node, end);
    },
    fd_close: (fd: number) => descriptors.close(fd),
    fd_datasync: (fd: number) => sync(fd, Right.FD_DATASYNC),
    fd_sync: (fd: number) => sync(fd, Right.FD_SYNC),
    fd_renumber: (from: number, to: number) => descriptors.renumber(from, to),

    /** fs_filetype u8, fs_flags u16 (at 2), fs_rights_base u64 (at 8), fs_rights_inheriting u64. */
    fd_fdstat_get(fd: number, resultAddress: number) {
      const descriptor = descriptors.get(fd);
      const view = new DataView(new ArrayBuffer(SIZE.FDSTAT));
      view.setUint8(0, descriptorType(descriptor));
      view.setUint16(2, descriptor.flags, true);
      view.setBigUint64(8, descriptor.rights, true);
      view.setBigUint64(16, descriptor.inheritingRights, true);
      guest.write(resultAddress, new Uint8Array(view.buffer));
    },
    fd_fdstat_set_flags(fd: number, flags: number) {
      const descriptor = descriptors.get(fd, Right.FD_FDSTAT_SET_FLAGS);
      if ((flags & ~FdFlag.ALL) !== 0) throw new WasiError(Errno.INVAL);
      descriptor.flags = flags;
    },
    /** Rights can only be given up. */
    fd_fdstat_set_rights(fd: number, rights: bigint, inheritingRights: bigint) {
      const descriptor = descriptors.get(fd);
      const more = (rights & ~descriptor.rights) | (inheritingRights & ~descriptor.inheritingRights);
      if (more !== 0n) throw new WasiError(Errno.NOTCAPABLE);
      descriptor.rights = rights;
      descriptor.inheritingRights = inheritingRights;
    },

    fd_filestat_get(fd: number, resultAddress: number) {
      const descriptor = descriptors.get(fd, Right.FD_FILESTAT_GET);
      const isNode = descriptor.kind === "file" || descriptor.kind === "directory";
      guest.write(resultAddress, isNode ? encodeFileStatus(descriptor.node) : encodeStreamStatus(descriptor.fileType));
    },
    fd_filestat_set_size(fd: number, size: bigint) {
      const { node } = descriptors.file(fd, Right.FD_FILESTAT_SET_SIZE);
      tree.resize(node, safeSize(size));
      node.times.modified = context.now();
      node.times.changed = node.times.modified;
    },
    fd_filestat_set_times(fd: number, accessed: bigint, modified: bigint, flags: number) {
      const descriptor = descriptors.get(fd, Right.FD_FILESTAT_SET_TIMES);
      if (descriptor.kind !== "file" && descriptor.kind !== "directory") throw new WasiError(Errno.INVAL);
      setTimes(descriptor.node.times, accessed, modified, flags, context.now());
    },

    /** tag u8 (0: a directory), length of its name u32 (at 4). */
    fd_prestat_get(fd: number, resultAddress: number) {
      const view = new DataView(new ArrayBuffer(SIZE.PRESTAT));
      view.setUint32(4, preopenName(fd).length, true);
      guest.write(resultAddress, new Uint8Array(view.buffer));
    },
    fd_prestat_dir_name(fd: number, address: number, length: number) {
      const name = preopenName(fd);
      guest.check(address, length);
      if (length < name.length) throw new WasiError(Errno.NAMETOOLONG);
      guest.write(address, name);
    },
  };
}

export function descriptorType(descriptor: Descriptor): number {
  switch (descriptor.kind) {
    case "file":
      return FileType.REGULAR_FILE;
    case "directory":
      return FileType.DIRECTORY;
    default:
      return descriptor.fileType;
  }
}

/** A file's size in bytes. @throws WasiError EFBIG above 2^53 - 1 */
function safeSize(size: bigint): number {
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new WasiError(Errno.FBIG);
  return Number(size);
}

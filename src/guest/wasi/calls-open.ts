/** Opening files and directories. */
import { DIRECTORY_RIGHTS, Errno, FdFlag, FILE_RIGHTS, LookupFlag, OpenFlag, Right } from "./abi.ts";
import type { CallTable, WasiContext } from "./context.ts";
import type { DirectoryNode, FileNode } from "./file-tree.ts";
import type { Place } from "./resolve-path.ts";
import { resolvePath } from "./resolve-path.ts";
import { WasiError } from "./wasi-error.ts";

export function openCalls(context: WasiContext): CallTable {
  const { guest, descriptors, tree } = context;

  const findOrCreate = (place: Place, openFlags: number, rights: bigint): FileNode | DirectoryNode => {
    const create = (openFlags & OpenFlag.CREAT) !== 0;
    const wantsDirectory = (openFlags & OpenFlag.DIRECTORY) !== 0;
    const { node, entry, directoryRequired } = place;
    if (node === undefined) {
      if (!create || entry === undefined) throw new WasiError(Errno.NOENT);
      if (directoryRequired) throw new WasiError(Errno.ISDIR);
      return tree.createFile(entry.parent, entry.name, context.now());
    }
    if (create && (openFlags & OpenFlag.EXCL) !== 0) throw new WasiError(Errno.EXIST);
    if (node.kind === "symlink") throw new WasiError(wantsDirectory ? Errno.NOTDIR : Errno.LOOP);
    if (node.kind === "directory") {
      const writes =
        create || (openFlags & OpenFlag.TRUNC) !== 0 || (!wantsDirectory && (rights & Right.FD_WRITE) !== 0n);
      if (writes) throw new WasiError(Errno.ISDIR);
      return node;
    }
    if (wantsDirectory || directoryRequired) throw new WasiError(Errno.NOTDIR);
    return node;
  };

  return {
    /**
     * The new descriptor has those of the wanted rights that its directory passes on and its kind can have; wanting more is
     * no error (the specification allows fewer than asked for, and programs ask for all).
     */
    path_open(
      fd: number,
      lookupFlags: number,
      address: number,
      length: number,
      openFlags: number,
      rights: bigint,
      inheritingRights: bigint,
      flags: number,
      resultAddress: number,
    ) {
      const create = (openFlags & OpenFlag.CREAT) !== 0;
      const truncate = (openFlags & OpenFlag.TRUNC) !== 0;
      const needed =
        Right.PATH_OPEN | (create ? Right.PATH_CREATE_FILE : 0n) | (truncate ? Right.PATH_FILESTAT_SET_SIZE : 0n);
      const base = descriptors.directory(fd, needed);
      const path = guest.readPath(address, length);
      guest.check(resultAddress, 4);
      if ((openFlags & ~OpenFlag.ALL) !== 0 || (flags & ~FdFlag.ALL) !== 0) throw new WasiError(Errno.INVAL);
      if (create && (openFlags & OpenFlag.DIRECTORY) !== 0) throw new WasiError(Errno.INVAL);

      const exclusive = create && (openFlags & OpenFlag.EXCL) !== 0;
      const follow = !exclusive && ((lookupFlags & LookupFlag.SYMLINK_FOLLOW) !== 0 || path.endsWith("/"));
      const place = resolvePath(base.node, path, follow);
      descriptors.nextFd();
      const node = findOrCreate(place, openFlags, rights);
      const state = {
        path: `${base.path.endsWith("/") ? base.path : `${base.path}/`}${place.path}`,
        flags,
        position: 0,
        bytesRead: 0,
        bytesWritten: 0,
      };
      if (node.kind === "directory") {
        const opened = descriptors.open({
          ...state,
          kind: "directory",
          node,
          preopenName: undefined,
          listing: undefined,
          rights: rights & base.inheritingRights & DIRECTORY_RIGHTS,
          inheritingRights: inheritingRights & base.inheritingRights,
        });
        guest.writeU32(resultAddress, opened);
        return;
      }
      if (truncate && node.content.size > 0) {
        tree.resize(node, 0);
        node.times.modified = context.now();
        node.times.changed = node.times.modified;
      }
      const allowed = rights & base.inheritingRights & FILE_RIGHTS;
      const opened = descriptors.open({ ...state, kind: "file", node, rights: allowed, inheritingRights: 0n });
      guest.writeU32(resultAddress, opened);
    },
  };
}

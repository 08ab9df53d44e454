/** The process's table of open descriptors. */
import { DIRECTORY_RIGHTS, Errno, FILE_RIGHTS, FileType, Right, STREAM_RIGHTS } from "./abi.ts";
import type { DirectoryNode, FileNode, FileTree } from "./file-tree.ts";
import type { OpenDescriptor } from "./types.ts";
import { WasiError } from "./wasi-error.ts";

interface DescriptorBase {
  rights: bigint;
  /** The most rights that descriptors opened through this one can have. */
  inheritingRights: bigint;
  /** `FdFlag` bits. */
  flags: number;
  readonly path: string;
  position: number;
  bytesRead: number;
  bytesWritten: number;
}

export interface StreamDescriptor extends DescriptorBase {
  readonly kind: "stdin" | "stdout" | "stderr";
  readonly fileType: number;
}

export interface FileDescriptor extends DescriptorBase {
  readonly kind: "file";
  readonly node: FileNode;
}

export interface DirectoryDescriptor extends DescriptorBase {
  readonly kind: "directory";
  readonly node: DirectoryNode;
  /** The name under which the program finds it, for a preopened directory. */
  readonly preopenName: string | undefined;
  /** The names as they were when reading the directory began, so that positions in it stay true while entries go. */
  listing: readonly string[] | undefined;
}

export type Descriptor = StreamDescriptor | FileDescriptor | DirectoryDescriptor;

/** Methods throw `WasiError`. */
export class DescriptorTable {
  private readonly slots: (Descriptor | undefined)[] = [];
  private readonly tree: FileTree;
  private readonly maxDescriptors: number;

  constructor(tree: FileTree, maxDescriptors: number, terminal: boolean) {
    this.tree = tree;
    this.maxDescriptors = maxDescriptors;
    const fileType = terminal ? FileType.CHARACTER_DEVICE : FileType.UNKNOWN;
    const base = { inheritingRights: 0n, flags: 0, position: 0, bytesRead: 0, bytesWritten: 0 };
    const input = STREAM_RIGHTS & ~Right.FD_WRITE;
    const output = STREAM_RIGHTS & ~Right.FD_READ;
    this.slots.push({ ...base, kind: "stdin", path: "<stdin>", fileType: FileType.UNKNOWN, rights: input });
    this.slots.push({ ...base, kind: "stdout", path: "<stdout>", fileType, rights: output });
    this.slots.push({ ...base, kind: "stderr", path: "<stderr>", fileType, rights: output });
    for (const { guestPath, root } of tree.preopens) {
      this.slots.push({
        ...base,
        kind: "directory",
        path: guestPath,
        node: root,
        preopenName: guestPath,
        listing: undefined,
        rights: DIRECTORY_RIGHTS,
        inheritingRights: DIRECTORY_RIGHTS | FILE_RIGHTS,
      });
    }
  }

  /** @throws WasiError EBADF if there is none, ENOTCAPABLE if it lacks one of the rights */
  get(fd: number, rights = 0n): Descriptor {
    const descriptor = this.slots[fd];
    if (descriptor === undefined) throw new WasiError(Errno.BADF);
    if ((descriptor.rights & rights) !== rights) throw new WasiError(Errno.NOTCAPABLE);
    return descriptor;
  }

  /** @throws WasiError ESPIPE for a stream, EBADF for a directory */
  file(fd: number, rights = 0n): FileDescriptor {
    const descriptor = this.get(fd);
    if (descriptor.kind === "directory") throw new WasiError(Errno.BADF);
    if (descriptor.kind !== "file") throw new WasiError(Errno.SPIPE);
    return this.checked(descriptor, rights);
  }

  /** @throws WasiError ENOTDIR for anything else */
  directory(fd: number, rights = 0n): DirectoryDescriptor {
    const descriptor = this.get(fd);
    if (descriptor.kind !== "directory") throw new WasiError(Errno.NOTDIR);
    return this.checked(descriptor, rights);
  }

  /** The number that the next descriptor gets: the lowest free one. @throws WasiError EMFILE */
  nextFd(): number {
    const free = this.slots.indexOf(undefined);
    const fd = free < 0 ? this.slots.length : free;
    if (fd >= this.maxDescriptors) throw new WasiError(Errno.MFILE);
    return fd;
  }

  open(descriptor: FileDescriptor | DirectoryDescriptor): number {
    const fd = this.nextFd();
    this.slots[fd] = descriptor;
    if (descriptor.kind === "file") this.tree.open(descriptor.node);
    return fd;
  }

  close(fd: number): void {
    const descriptor = this.get(fd);
    this.slots[fd] = undefined;
    if (descriptor.kind === "file") this.tree.close(descriptor.node);
  }

  /** Moves `from` to the number `to`, closing what was there. */
  renumber(from: number, to: number): void {
    const descriptor = this.get(from);
    this.get(to);
    if (from === to) return;
    this.close(to);
    this.slots[to] = descriptor;
    this.slots[from] = undefined;
  }

  list(appendFlag: number): OpenDescriptor[] {
    return this.slots.flatMap((descriptor, fd) => {
      if (descriptor === undefined) return [];
      const { kind, path, position, bytesRead, bytesWritten, flags } = descriptor;
      const preopened = kind === "directory" && descriptor.preopenName !== undefined;
      return [{ fd, kind, path, preopened, position, append: (flags & appendFlag) !== 0, bytesRead, bytesWritten }];
    });
  }

  private checked<T extends Descriptor>(descriptor: T, rights: bigint): T {
    if ((descriptor.rights & rights) !== rights) throw new WasiError(Errno.NOTCAPABLE);
    return descriptor;
  }
}

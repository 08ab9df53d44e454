/** Reading and writing through descriptors. */
import { Errno, FdFlag, Right, Whence } from "./abi.ts";
import type { CallTable, WasiContext } from "./context.ts";
import type { FileDescriptor, StreamDescriptor } from "./descriptors.ts";
import type { GuestRange } from "./guest-access.ts";
import { WasiError } from "./wasi-error.ts";

export function ioCalls(context: WasiContext): CallTable {
  const { guest, descriptors, tree, options, usage } = context;

  /** @returns how many bytes there were at this offset, at most what the ranges hold */
  const readFile = (file: FileDescriptor, ranges: readonly GuestRange[], offset: number): number => {
    const content = file.node.content;
    let done = 0;
    for (const { address, length } of ranges) {
      const count = Math.max(0, Math.min(length, content.size - offset - done));
      if (count > 0) content.read(guest.writable(address, count), offset + done);
      done += count;
      if (count < length) break;
    }
    if (done > 0) file.node.times.accessed = context.now();
    file.bytesRead += done;
    usage.fileBytesRead += done;
    return done;
  };

  const readInput = (stream: StreamDescriptor, ranges: readonly GuestRange[]): number => {
    let done = 0;
    for (const { address, length } of ranges) {
      const bytes = options.stdin.subarray(stream.position, stream.position + length);
      guest.write(address, bytes);
      stream.position += bytes.length;
      done += bytes.length;
      if (bytes.length < length) break;
    }
    stream.bytesRead += done;
    usage.stdinBytesRead += done;
    return done;
  };

  /** @returns how many bytes were written: fewer than given where the volume fills up on the way */
  const writeFile = (file: FileDescriptor, ranges: readonly GuestRange[], offset: number): number => {
    let done = 0;
    for (const { address, length } of ranges) {
      if (length === 0) continue;
      let count = 0;
      try {
        count = tree.write(file.node, guest.read(address, length), offset + done);
      } catch (error) {
        if (done === 0 || !(error instanceof WasiError)) throw error;
      }
      done += count;
      if (count < length) break;
    }
    if (done > 0) {
      file.node.times.modified = context.now();
      file.node.times.changed = file.node.times.modified;
    }
    file.bytesWritten += done;
    usage.fileBytesWritten += done;
    return done;
  };

  const writeOutput = (stream: StreamDescriptor, ranges: readonly GuestRange[]): number => {
    const isError = stream.kind === "stderr";
    let room = context.maxOutputBytes - usage.stdoutBytes - usage.stderrBytes;
    let done = 0;
    let wanted = 0;
    for (const { address, length } of ranges) {
      wanted += length;
      const count = Math.min(length, room);
      if (count === 0) continue;
      const copy = guest.read(address, count).slice();
      room -= count;
      done += count;
      stream.position += count;
      stream.bytesWritten += count;
      if (isError) usage.stderrBytes += count;
      else usage.stdoutBytes += count;
      if (isError) options.stderr(copy);
      else options.stdout(copy);
    }
    if (wanted > 0 && done === 0) throw new WasiError(Errno.NOSPC);
    return done;
  };

  /** Where a write goes: with the append flag to the end, whatever the program asks (as in Linux, `pwrite` too). */
  const writeOffset = (file: FileDescriptor, wanted: number): number =>
    (file.flags & FdFlag.APPEND) !== 0 ? file.node.content.size : wanted;

  return {
    fd_read(fd: number, rangesAddress: number, rangeCount: number, resultAddress: number) {
      const descriptor = descriptors.get(fd, Right.FD_READ);
      const ranges = guest.readRanges(rangesAddress, rangeCount);
      guest.check(resultAddress, 4);
      if (descriptor.kind === "directory") throw new WasiError(Errno.ISDIR);
      if (descriptor.kind === "file") {
        const count = readFile(descriptor, ranges, descriptor.position);
        descriptor.position += count;
        guest.writeU32(resultAddress, count);
      } else {
        guest.writeU32(resultAddress, readInput(descriptor, ranges));
      }
    },
    fd_pread(fd: number, rangesAddress: number, rangeCount: number, offset: bigint, resultAddress: number) {
      const file = descriptors.file(fd, Right.FD_READ | Right.FD_SEEK);
      const ranges = guest.readRanges(rangesAddress, rangeCount);
      guest.check(resultAddress, 4);
      guest.writeU32(resultAddress, readFile(file, ranges, safeOffset(offset)));
    },

    fd_write(fd: number, rangesAddress: number, rangeCount: number, resultAddress: number) {
      const descriptor = descriptors.get(fd, Right.FD_WRITE);
      const ranges = guest.readRanges(rangesAddress, rangeCount);
      guest.check(resultAddress, 4);
      if (descriptor.kind === "directory") throw new WasiError(Errno.ISDIR);
      if (descriptor.kind === "file") {
        const offset = writeOffset(descriptor, descriptor.position);
        const count = writeFile(descriptor, ranges, offset);
        if (count > 0) descriptor.position = offset + count;
        guest.writeU32(resultAddress, count);
      } else {
        guest.writeU32(resultAddress, writeOutput(descriptor, ranges));
      }
    },
    fd_pwrite(fd: number, rangesAddress: number, rangeCount: number, offset: bigint, resultAddress: number) {
      const file = descriptors.file(fd, Right.FD_WRITE | Right.FD_SEEK);
      const ranges = guest.readRanges(rangesAddress, rangeCount);
      guest.check(resultAddress, 4);
      guest.writeU32(resultAddress, writeFile(file, ranges, writeOffset(file, safeOffset(offset))));
    },

    fd_seek(fd: number, unsignedOffset: bigint, whence: number, resultAddress: number) {
      const offset = BigInt.asIntN(64, unsignedOffset);
      const onlyTells = offset === 0n && whence === Whence.CUR;
      const file = descriptors.file(fd, onlyTells ? Right.FD_TELL : Right.FD_SEEK);
      guest.check(resultAddress, 8);
      const origin = seekOrigin(file, whence);
      file.position = safeOffset(BigInt(origin) + offset);
      guest.writeU64(resultAddress, BigInt(file.position));
    },
    fd_tell(fd: number, resultAddress: number) {
      guest.writeU64(resultAddress, BigInt(descriptors.file(fd, Right.FD_TELL).position));
    },
  };
}

/** Where an offset counts from, in bytes. @throws WasiError EINVAL for an unknown whence */
function seekOrigin(file: FileDescriptor, whence: number): number {
  switch (whence) {
    case Whence.SET:
      return 0;
    case Whence.CUR:
      return file.position;
    case Whence.END:
      return file.node.content.size;
    default:
      throw new WasiError(Errno.INVAL);
  }
}

/** An offset in a file, in bytes. @throws WasiError EINVAL below 0 or above 2^53 - 1 (far above the volume's limit) */
function safeOffset(offset: bigint): number {
  if (offset < 0n || offset > BigInt(Number.MAX_SAFE_INTEGER)) throw new WasiError(Errno.INVAL);
  return Number(offset);
}

// The error of each call for each way to misuse it, and what only our calls promise.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Errno } from "../../../src/guest/wasi/abi.ts";
import { createWasi, wasiImportProblem } from "../../../src/guest/wasi/create-wasi.ts";
import { FileTree } from "../../../src/guest/wasi/file-tree.ts";
import { ProcessExit } from "../../../src/guest/wasi/types.ts";
import { BadInputError } from "../../../src/program/program.ts";
import { ALL_RIGHTS, Caller, READ, WRITE } from "./caller.ts";

const CREAT = 1;
const DIRECTORY = 2;
const EXCL = 4;
const TRUNC = 8;

test("calls on a descriptor that is not open", () => {
  const caller = new Caller();
  const calls: [string, ...(number | bigint)[]][] = [
    ["fd_advise", 9, 0n, 0n, 0],
    ["fd_allocate", 9, 0n, 1n],
    ["fd_close", 9],
    ["fd_datasync", 9],
    ["fd_fdstat_get", 9, 0],
    ["fd_fdstat_set_flags", 9, 0],
    ["fd_fdstat_set_rights", 9, 0n, 0n],
    ["fd_filestat_get", 9, 0],
    ["fd_filestat_set_size", 9, 0n],
    ["fd_filestat_set_times", 9, 0n, 0n, 0],
    ["fd_pread", 9, 0, 0, 0n, 0],
    ["fd_prestat_get", 9, 0],
    ["fd_prestat_dir_name", 9, 0, 10],
    ["fd_pwrite", 9, 0, 0, 0n, 0],
    ["fd_read", 9, 0, 0, 0],
    ["fd_readdir", 9, 0, 0, 0n, 0],
    ["fd_renumber", 9, 1],
    ["fd_renumber", 1, 9],
    ["fd_seek", 9, 0n, 0, 0],
    ["fd_sync", 9],
    ["fd_tell", 9, 0],
    ["fd_write", 9, 0, 0, 0],
    ["path_create_directory", 9, 0, 1],
    ["path_filestat_get", 9, 0, 0, 1, 0],
    ["path_filestat_set_times", 9, 0, 0, 1, 0n, 0n, 0],
    ["path_open", 9, 0, 0, 1, 0, 0n, 0n, 0, 0],
    ["path_readlink", 9, 0, 1, 0, 1, 0],
    ["path_remove_directory", 9, 0, 1],
    ["path_rename", 9, 0, 1, 3, 0, 1],
    ["path_symlink", 0, 1, 9, 0, 1],
    ["path_unlink_file", 9, 0, 1],
    ["sock_accept", 9, 0, 0],
    ["sock_recv", 9, 0, 0, 0, 0, 0],
    ["sock_send", 9, 0, 0, 0, 0],
    ["sock_shutdown", 9, 0],
  ];
  for (const [name, ...values] of calls) assert.equal(caller.call(name, ...values), Errno.BADF, name);
  for (const fd of [0xffff_ffff, -1, 2 ** 31]) assert.equal(caller.call("fd_close", fd), Errno.BADF);
});

test("calls on the wrong kind of descriptor", () => {
  const caller = new Caller();
  const file = caller.open("file");
  for (const name of ["sock_accept", "sock_recv", "sock_send", "sock_shutdown"]) {
    for (const fd of [0, 1, 3, file]) assert.equal(caller.call(name, fd, 0, 0, 0, 0, 0), Errno.NOTSOCK);
  }
  assert.equal(caller.call("fd_seek", 1, 0n, 0, 0), Errno.SPIPE);
  assert.equal(caller.call("fd_tell", 0, 0), Errno.SPIPE);
  assert.equal(caller.call("fd_pread", 0, 0, 0, 0n, 0), Errno.SPIPE);
  assert.equal(caller.call("fd_seek", 3, 0n, 0, 0), Errno.BADF);
  assert.equal(caller.call("fd_readdir", file, 0, 10, 0n, 0), Errno.NOTDIR);
  assert.equal(caller.call("path_open", file, 0, 0, 1, 0, 0n, 0n, 0, 0), Errno.NOTDIR);
  assert.equal(caller.call("fd_prestat_get", file, 0), Errno.BADF);
  assert.equal(caller.call("fd_prestat_get", 1, 0), Errno.BADF);
  assert.equal(caller.call("fd_read", 1, 0, 0, 0), Errno.NOTCAPABLE);
  assert.equal(caller.call("fd_write", 0, 0, 0, 0), Errno.NOTCAPABLE);
  assert.equal(caller.call("fd_read", 3, 0, 0, 0), Errno.NOTCAPABLE);
  assert.equal(caller.call("fd_sync", 1), Errno.INVAL);
  assert.equal(caller.call("fd_filestat_set_size", 3, 0n), Errno.BADF);
});

test("arguments that mean nothing", () => {
  const caller = new Caller();
  const file = caller.open("file");
  assert.equal(caller.call("clock_time_get", 4, 0n, 0), Errno.INVAL);
  assert.equal(caller.call("clock_res_get", 99, 0), Errno.INVAL);
  assert.equal(caller.call("fd_advise", file, 0n, 0n, 6), Errno.INVAL);
  assert.equal(caller.call("fd_allocate", file, 0n, 0n), Errno.INVAL);
  assert.equal(caller.call("fd_allocate", file, 1n << 63n, 1n), Errno.FBIG);
  assert.equal(caller.call("fd_filestat_set_size", file, -1n), Errno.FBIG);
  assert.equal(caller.call("fd_seek", file, 0n, 3, 0), Errno.INVAL);
  assert.equal(caller.call("fd_seek", file, -1n, 0, 0), Errno.INVAL);
  assert.equal(caller.call("fd_seek", file, (1n << 63n) - 1n, 0, 0), Errno.INVAL);
  assert.equal(caller.call("fd_pwrite", file, ...caller.ranges([0, 1]), -1n, 0), Errno.INVAL);
  assert.equal(caller.call("fd_fdstat_set_flags", file, 32), Errno.INVAL);
  assert.equal(caller.call("fd_filestat_set_times", file, 0n, 0n, 3), Errno.INVAL);
  assert.equal(caller.call("fd_filestat_set_times", file, 0n, 0n, 12), Errno.INVAL);
  assert.equal(caller.call("fd_filestat_set_times", file, 0n, 0n, 16), Errno.INVAL);
  assert.equal(caller.call("poll_oneoff", 0, 0, 0, 0), Errno.INVAL);
  caller.put(0, new Uint8Array(48).fill(9, 8, 9));
  assert.equal(caller.call("poll_oneoff", 0, 100, 1, 0), Errno.INVAL, "an unknown kind of event");
  assert.equal(caller.call("proc_raise", 31), Errno.INVAL);
  assert.equal(caller.call("proc_raise", 0), Errno.SUCCESS);
  assert.equal(caller.call("proc_raise", 18), Errno.NOTSUP);
  assert.equal(caller.call("fd_read", file, 0, 1025, 0), Errno.INVAL, "too many ranges");
  const fullRanges = caller.ranges(...Array.from({ length: 1024 }, (): [number, number] => [0, 40_000]));
  assert.equal(caller.call("fd_read", 0, ...fullRanges, 30_000), Errno.SUCCESS);
  assert.equal(caller.open("file", 16), -Errno.INVAL);
  assert.equal(caller.open("file", 0, READ, 32), -Errno.INVAL);
  assert.equal(caller.open("new", CREAT | DIRECTORY), -Errno.INVAL);
});

test("paths stay inside their directory", () => {
  const caller = new Caller();
  for (const path of [
    "..",
    "../data",
    "folder/../..",
    "/",
    "/data/file",
    "out",
    "out/x",
    "./../x",
    "folder/../../data",
  ]) {
    assert.equal(caller.open(path), -Errno.NOTCAPABLE, path);
    assert.equal(caller.open(path, CREAT), -Errno.NOTCAPABLE, path);
  }
  const folder = caller.open("folder", DIRECTORY);
  assert.equal(caller.open("../file", 0, READ, 0, 1, folder), -Errno.NOTCAPABLE, "an inner directory confines too");
  assert.equal(caller.open("up", 0, READ, 0, 1, folder), -Errno.NOTCAPABLE);
  assert.ok(caller.open("folder/up") > 0, "but from outside the link stays inside");
  assert.ok(caller.open("folder/../folder/./inner") > 0);
  assert.equal(
    caller.call("path_symlink", ...caller.path("/etc/passwd", 500), 3, ...caller.path("abs")),
    Errno.NOTCAPABLE,
  );
  assert.equal(caller.call("path_rename", 3, ...caller.path("file", 500), 3, ...caller.path("../x")), Errno.NOTCAPABLE);
  assert.equal(caller.call("path_link", 3, 0, ...caller.path("../x", 500), 3, ...caller.path("new")), Errno.NOTCAPABLE);
  assert.equal(caller.call("path_unlink_file", 3, ...caller.path("out/x")), Errno.NOTCAPABLE);
});

test("paths that are no paths", () => {
  const caller = new Caller();
  assert.equal(caller.open(""), -Errno.NOENT);
  assert.equal(caller.open("a\0b"), -Errno.INVAL);
  assert.equal(caller.open("x".repeat(4097)), -Errno.NAMETOOLONG);
  assert.equal(caller.open("x".repeat(256), CREAT), -Errno.NAMETOOLONG);
  assert.equal(caller.open("ü".repeat(128), CREAT), -Errno.NAMETOOLONG);
  assert.ok(caller.open("ü".repeat(127), CREAT) > 0);
  assert.ok(caller.open("\ufeffmark", CREAT) > 0, "a byte order mark is part of a name");
  assert.equal(caller.open("mark"), -Errno.NOENT);
  caller.put(500, Uint8Array.of(0x66, 0xff));
  assert.equal(caller.call("path_create_directory", 3, 500, 2), Errno.ILSEQ);
  for (const name of ["__proto__", "constructor", "hasOwnProperty"]) {
    assert.equal(caller.open(name), -Errno.NOENT);
    assert.equal(caller.call("path_create_directory", 3, ...caller.path(name)), Errno.SUCCESS);
    assert.ok(caller.open(`${name}/file`, CREAT) > 0);
  }
});

test("symbolic links", () => {
  const caller = new Caller();
  assert.equal(caller.open("link", 0, READ, 0, 0), -Errno.LOOP, "not followed unless asked");
  assert.equal(caller.open("link", CREAT | EXCL), -Errno.EXIST);
  caller.call("path_symlink", ...caller.path("b", 500), 3, ...caller.path("a"));
  caller.call("path_symlink", ...caller.path("a", 500), 3, ...caller.path("b"));
  assert.equal(caller.open("a"), -Errno.LOOP);
  caller.call("path_symlink", ...caller.path("made", 500), 3, ...caller.path("dangling"));
  assert.equal(caller.open("dangling"), -Errno.NOENT);
  const fd = caller.open("dangling", CREAT);
  assert.equal(caller.write(fd, "through the link"), 16);
  assert.ok(caller.open("made") > 0);
  assert.equal(caller.wasi.openDescriptors().find((open) => open.fd === fd)?.path, "/data/made");
  assert.equal(caller.call("path_readlink", 3, ...caller.path("link"), 600, 2, 500), Errno.SUCCESS);
  assert.equal(caller.view.getUint32(500, true), 2, "what does not fit is cut off");
  assert.equal(caller.call("path_readlink", 3, ...caller.path("file"), 600, 9, 500), Errno.INVAL);
  assert.equal(caller.call("path_unlink_file", 3, ...caller.path("link/")), Errno.NOTDIR);
  assert.equal(caller.call("path_symlink", 500, 0, 3, ...caller.path("empty")), Errno.NOENT);
  assert.equal(caller.call("path_symlink", ...caller.path("x", 500), 3, ...caller.path("new/")), Errno.NOENT);
  assert.equal(caller.call("path_link", 3, 0, ...caller.path("folder", 500), 3, ...caller.path("hard")), Errno.PERM);
});

test("renaming", () => {
  const caller = new Caller();
  const rename = (from: string, to: string, fd = 3): number =>
    caller.call("path_rename", 3, ...caller.path(from, 500), fd, ...caller.path(to));
  assert.equal(rename("folder/.", "x"), Errno.BUSY);
  assert.equal(rename("folder", "folder/x"), Errno.INVAL);
  assert.equal(rename("file/", "x"), Errno.NOTDIR);
  assert.equal(rename("file", "x/"), Errno.NOTDIR);
  assert.equal(rename("file", "folder"), Errno.ISDIR);
  assert.equal(rename("folder", "file"), Errno.NOTDIR);
  assert.equal(rename("folder", "away", 4), Errno.SUCCESS, "also to another preopened directory");
  assert.ok(caller.open("away/inner", 0, READ, 0, 1, 4) > 0);
  assert.equal(caller.call("path_remove_directory", 4, ...caller.path(".")), Errno.INVAL);
});

test("rights are given up, checked and passed on", () => {
  const caller = new Caller();
  const reader = caller.open("file", 0, READ);
  assert.equal(caller.read(reader, 3), "con");
  assert.equal(caller.write(reader, "x"), -Errno.NOTCAPABLE);
  assert.equal(caller.call("fd_pread", reader, 0, 0, 0n, 0), Errno.NOTCAPABLE, "needs seek as well");
  assert.equal(caller.call("fd_tell", reader, 0), Errno.NOTCAPABLE);
  assert.equal(caller.call("fd_fdstat_set_rights", reader, READ | WRITE, 0n), Errno.NOTCAPABLE);
  assert.equal(caller.call("fd_fdstat_set_rights", 3, ALL_RIGHTS, 0n), Errno.NOTCAPABLE);
  caller.call("fd_fdstat_get", 3, 0);
  const rights = caller.view.getBigUint64(8, true);
  assert.equal(caller.call("fd_fdstat_set_rights", 3, rights & ~(1n << 10n), READ), Errno.SUCCESS);
  assert.equal(caller.open("new", CREAT), -Errno.NOTCAPABLE);
  const limited = caller.open("file");
  assert.equal(caller.read(limited, 3), "con");
  assert.equal(caller.write(limited, "x"), -Errno.NOTCAPABLE);
});

test("appending goes to the end, and flags can change", () => {
  const caller = new Caller();
  const fd = caller.open("file", 0, ALL_RIGHTS, 1);
  assert.equal(caller.write(fd, "+"), 1);
  assert.equal(caller.call("fd_fdstat_set_flags", fd, 0), Errno.SUCCESS);
  caller.call("fd_seek", fd, 0n, 0, 500);
  assert.equal(caller.write(fd, "C"), 1);
  caller.call("fd_seek", fd, 0n, 0, 500);
  assert.equal(caller.read(fd, 20), "Contents+");
  assert.ok(caller.open("file", TRUNC) > 0);
  assert.equal(caller.read(fd, 20), "", "truncated under an open descriptor");
  const open = caller.wasi.openDescriptors().find((descriptor) => descriptor.fd === fd);
  assert.deepEqual(
    { position: open?.position, read: open?.bytesRead, written: open?.bytesWritten, append: open?.append },
    { position: 9, read: 9, written: 2, append: false },
  );
});

test("the volume is limited in bytes and in names, and gives back what is removed", () => {
  const caller = new Caller();
  const used = caller.tree.usedBytes;
  const fd = caller.open("big", CREAT);
  assert.equal(caller.call("fd_filestat_set_size", fd, 100_001n), Errno.NOSPC);
  assert.equal(caller.call("fd_allocate", fd, 100_000n, 1n), Errno.NOSPC);
  assert.equal(caller.call("fd_filestat_set_size", fd, BigInt(100_000 - used - 3)), Errno.SUCCESS);
  caller.call("fd_seek", fd, 0n, 2, 500);
  assert.equal(caller.write(fd, "12345"), 3, "as much as fits");
  assert.equal(caller.write(fd, "45"), -Errno.NOSPC);
  assert.equal(caller.call("fd_pwrite", fd, ...caller.ranges([0, 1]), 1n << 50n, 500), Errno.NOSPC);
  assert.equal(caller.call("path_unlink_file", 3, ...caller.path("big")), Errno.SUCCESS);
  assert.equal(caller.tree.usedBytes, 100_000, "the open file keeps its bytes");
  caller.call("fd_close", fd);
  assert.equal(caller.tree.usedBytes, used);
  let made = 0;
  while (caller.open(`n${made}`, CREAT) > 0) made++;
  assert.equal(caller.tree.entryCount, 50);
  assert.equal(caller.open("more", CREAT), -Errno.NOSPC);
  assert.equal(caller.call("path_create_directory", 3, ...caller.path("more")), Errno.NOSPC);
  assert.equal(caller.call("path_link", 3, 0, ...caller.path("file", 500), 3, ...caller.path("more")), Errno.NOSPC);
});

test("descriptors and output are limited", () => {
  const caller = new Caller({ maxDescriptors: 7, maxOutputBytes: 10 });
  assert.equal(caller.open("file"), 5);
  assert.equal(caller.open("file"), 6);
  assert.equal(caller.open("new", CREAT), -Errno.MFILE);
  assert.equal(caller.tree.preopens[0].root.entries.has("new"), false, "nothing was created");
  assert.equal(caller.call("fd_close", 0), Errno.SUCCESS);
  assert.equal(caller.open("file"), 0, "the lowest free number");
  assert.equal(caller.write(1, "12345678"), 8);
  assert.equal(caller.write(2, "12345678"), 2);
  assert.equal(caller.write(1, "1"), -Errno.NOSPC);
  assert.equal(caller.write(1, ""), 0);
});

test("reading a directory: sorted, in pieces, while it changes", () => {
  const caller = new Caller();
  const fd = caller.open(".", DIRECTORY);
  const readNames = (length: number, cookie: bigint): { names: string[]; next: bigint; full: boolean } => {
    assert.equal(caller.call("fd_readdir", fd, 1000, length, cookie, 500), Errno.SUCCESS);
    const used = caller.view.getUint32(500, true);
    const names: string[] = [];
    let next = cookie;
    for (let at = 0; at + 24 <= used; ) {
      const nameLength = caller.view.getUint32(1000 + at + 16, true);
      if (at + 24 + nameLength > used) break;
      names.push(Buffer.from(caller.bytes(1000 + at + 24, nameLength)).toString());
      next = caller.view.getBigUint64(1000 + at, true);
      at += 24 + nameLength;
    }
    return { names, next, full: used === length };
  };
  const all = [".", "..", "file", "folder", "link", "out"];
  assert.deepEqual(readNames(1000, 0n), { names: all, next: 6n, full: false });
  for (const length of [30, 50, 64, 100]) {
    const seen: string[] = [];
    let cookie = 0n;
    for (let piece = readNames(length, cookie); ; piece = readNames(length, cookie)) {
      seen.push(...piece.names);
      cookie = piece.next;
      if (!piece.full) break;
    }
    assert.deepEqual(seen, all);
  }
  const first = readNames(80, 0n);
  caller.call("path_unlink_file", 3, ...caller.path("link"));
  caller.open("aaa", CREAT);
  assert.deepEqual([...first.names, ...readNames(1000, first.next).names], [".", "..", "file", "folder", "out"]);
  assert.deepEqual(readNames(1000, 0n).names, [".", "..", "aaa", "file", "folder", "out"]);
  assert.deepEqual(readNames(1000, 1n << 63n).names, []);
});

test("a removed directory holds nothing more", () => {
  const caller = new Caller();
  caller.call("path_create_directory", 3, ...caller.path("gone"));
  const fd = caller.open("gone", DIRECTORY);
  caller.call("path_remove_directory", 3, ...caller.path("gone"));
  assert.equal(caller.open("x", CREAT, READ, 0, 1, fd), -Errno.NOENT);
  assert.equal(caller.call("path_create_directory", fd, ...caller.path("x")), Errno.NOENT);
});

test("waiting: the earliest clock, or at once what is ready", () => {
  const caller = new Caller();
  const subscribe = (...clocks: { id: number; timeout: bigint; absolute?: boolean }[]): number[] => {
    clocks.forEach(({ id, timeout, absolute }, i) => {
      caller.put(2000 + i * 48, new Uint8Array(48));
      caller.view.setBigUint64(2000 + i * 48, BigInt(i), true);
      caller.view.setUint32(2016 + i * 48, id, true);
      caller.view.setBigUint64(2024 + i * 48, timeout, true);
      caller.view.setUint16(2040 + i * 48, absolute === true ? 1 : 0, true);
    });
    assert.equal(caller.call("poll_oneoff", 2000, 3000, clocks.length, 500), Errno.SUCCESS);
    const count = caller.view.getUint32(500, true);
    return Array.from({ length: count }, (_, i) => Number(caller.view.getBigUint64(3000 + i * 32, true)));
  };
  const late = { id: 1, timeout: 900n };
  assert.deepEqual(subscribe(late, { id: 0, timeout: 50n }, { id: 1, timeout: 50n }), [1, 2]);
  assert.equal(caller.clock, 50n);
  assert.deepEqual(subscribe(late, { id: 1, timeout: 120n, absolute: true }), [1]);
  assert.equal(caller.clock, 120n);
  const date = 1_704_067_200_000_000_000n + 130n;
  assert.deepEqual(subscribe(late, { id: 0, timeout: date, absolute: true }), [1]);
  assert.equal(caller.clock, 130n);
  assert.deepEqual(subscribe(late, { id: 1, timeout: 3n, absolute: true }), [1]);
  assert.equal(caller.clock, 130n);
  assert.deepEqual(subscribe(late, { id: 77, timeout: 3n }), [1], "a bad clock is an event that says so");
  assert.equal(caller.view.getUint16(3008, true), Errno.INVAL);
  assert.equal(caller.wasi.usage().sleptNanoseconds, 130n);

  caller.put(2000, new Uint8Array(96));
  caller.view.setUint8(2008, 1);
  caller.view.setUint8(2056, 2);
  caller.view.setUint32(2064, 99, true);
  assert.equal(caller.call("poll_oneoff", 2000, 3000, 2, 500), Errno.SUCCESS);
  assert.equal(caller.view.getUint32(500, true), 2);
  assert.equal(caller.view.getBigUint64(3016, true), 8n, "bytes of standard input");
  assert.equal(caller.view.getUint16(3040, true), Errno.BADF);
});

test("file status: layout, inode numbers and times", () => {
  const caller = new Caller();
  caller.clock = 5n;
  const fd = caller.open("file");
  caller.write(fd, "C");
  caller.call("fd_filestat_set_times", fd, 77n, 88n, 5);
  caller.call("fd_filestat_get", fd, 1000);
  const now = 1_704_067_200_000_000_005n;
  const fields = [0, 8, 16, 24, 32, 40, 48, 56].map((at) => caller.view.getBigUint64(1000 + at, true));
  assert.deepEqual(fields, [1n, 2n, 4n, 1n, 8n, 77n, 88n, now]);
  caller.call("path_filestat_get", 3, 0, ...caller.path("link"), 1000);
  assert.equal(caller.view.getUint8(1016), 7);
  assert.equal(caller.view.getBigUint64(1032, true), 4n);
  caller.call("fd_fdstat_get", 1, 1000);
  assert.equal(caller.view.getUint8(1000), 2, "a terminal");
  caller.call("fd_fdstat_get", fd, 1000);
  assert.equal(caller.view.getUint8(1000), 4);
  const piped = new Caller({ terminal: false });
  piped.call("fd_fdstat_get", 1, 1000);
  assert.equal(piped.view.getUint8(1000), 0);
});

test("ending: by exit and by signal", () => {
  const seen: string[] = [];
  const caller = new Caller({
    onSystemCall: (name, bytesIn, bytesOut, errno) => seen.push(`${name} ${bytesIn} ${bytesOut} ${errno}`),
  });
  assert.throws(
    () => caller.call("proc_exit", 3),
    (error) => error instanceof ProcessExit && error.code === 3,
  );
  assert.throws(
    () => caller.call("proc_raise", 6),
    (error) => error instanceof ProcessExit && error.code === 134,
  );
  caller.call("fd_write", 1, ...caller.ranges([0, 5], [9, 2]), 500);
  caller.call("args_sizes_get", 40_000, 0);
  assert.deepEqual(seen, ["proc_exit 0 0 0", "proc_raise 0 0 0", "fd_write 23 4 0", "args_sizes_get 0 0 21"]);
  assert.equal(caller.wasi.usage().calls.get("fd_write"), 1);
});

test("what no process can have is refused", () => {
  const base = { args: [], env: new Map(), stdin: new Uint8Array(), stdout() {}, stderr() {}, seed: 0 };
  const make = (more: object) => () =>
    createWasi({ ...base, clockNanoseconds: () => 0n, files: new FileTree(), ...more });
  assert.throws(make({ args: ["ok", "a\0b"] }), BadInputError);
  assert.throws(make({ env: new Map([["A\0", "b"]]) }), BadInputError);
  assert.throws(make({ env: new Map([["A", "b\0"]]) }), BadInputError);
  assert.throws(make({ env: new Map([["A=B", "c"]]) }), BadInputError);
  assert.throws(make({ env: new Map([["", "c"]]) }), BadInputError);
});

test("imports: no prototype, no unknown names, no first draft", () => {
  const { imports } = new Caller().wasi;
  assert.equal(Object.getPrototypeOf(imports), null);
  assert.equal(Object.keys(imports).length, 46);
  assert.equal(wasiImportProblem("env", "x"), undefined);
  assert.equal(wasiImportProblem("wasi_snapshot_preview1", "fd_read"), undefined);
  assert.match(wasiImportProblem("wasi_snapshot_preview1", "fd_eat") ?? "", /no function/);
  assert.match(wasiImportProblem("wasi_unstable", "fd_read") ?? "", /first draft/);
  assert.match(wasiImportProblem("wasi:io/streams@0.2.0", "read") ?? "", /only/);
});

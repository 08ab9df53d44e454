// Every pointer of every call, at the edge of the program's memory: the last place that fits works, the next is EFAULT.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Errno, SIGNATURES } from "../../../src/guest/wasi/abi.ts";
import { ALL_RIGHTS, Caller, PROGRAM_BYTES } from "./caller.ts";

interface PointerCase {
  readonly name: string;
  /** The bytes that the call touches there. */
  readonly size: number;
  /** Arguments with the pointer in its place. */
  arguments(caller: Caller, pointer: number): (number | bigint)[];
  /** What is at the pointer when the call is made. */
  readonly contents?: Uint8Array;
}

const FREE = new TextEncoder().encode("free");
const FILE = new TextEncoder().encode("file");
const LINK = new TextEncoder().encode("link");
/** One range of 4 bytes at 1000. */
const RANGE = new Uint8Array(Uint32Array.of(1000, 4).buffer);
const openFile = (caller: Caller): number => caller.open("file");

const CASES: PointerCase[] = [
  { name: "args_get", size: 8, arguments: (_, p) => [p, 500] },
  { name: "args_get", size: 12, arguments: (_, p) => [500, p] },
  { name: "args_sizes_get", size: 4, arguments: (_, p) => [p, 500] },
  { name: "args_sizes_get", size: 4, arguments: (_, p) => [500, p] },
  { name: "environ_get", size: 4, arguments: (_, p) => [p, 500] },
  { name: "environ_get", size: 10, arguments: (_, p) => [500, p] },
  { name: "environ_sizes_get", size: 4, arguments: (_, p) => [p, 500] },
  { name: "environ_sizes_get", size: 4, arguments: (_, p) => [500, p] },
  { name: "clock_res_get", size: 8, arguments: (_, p) => [0, p] },
  { name: "clock_time_get", size: 8, arguments: (_, p) => [0, 0n, p] },
  { name: "fd_fdstat_get", size: 24, arguments: (_, p) => [3, p] },
  { name: "fd_filestat_get", size: 64, arguments: (_, p) => [3, p] },
  { name: "fd_pread", size: 8, contents: RANGE, arguments: (c, p) => [openFile(c), p, 1, 0n, 500] },
  { name: "fd_pread", size: 4, arguments: (c, p) => [openFile(c), ...c.ranges([p, 4]), 0n, 500] },
  { name: "fd_pread", size: 4, arguments: (c, p) => [openFile(c), ...c.ranges([1000, 4]), 0n, p] },
  { name: "fd_prestat_get", size: 8, arguments: (_, p) => [3, p] },
  { name: "fd_prestat_dir_name", size: 5, arguments: (_, p) => [3, p, 5] },
  { name: "fd_pwrite", size: 8, contents: RANGE, arguments: (c, p) => [openFile(c), p, 1, 0n, 500] },
  { name: "fd_pwrite", size: 4, arguments: (c, p) => [openFile(c), ...c.ranges([p, 4]), 0n, 500] },
  { name: "fd_pwrite", size: 4, arguments: (c, p) => [openFile(c), ...c.ranges([1000, 4]), 0n, p] },
  { name: "fd_read", size: 8, contents: RANGE, arguments: (_, p) => [0, p, 1, 500] },
  { name: "fd_read", size: 4, arguments: (c, p) => [0, ...c.ranges([p, 4]), 500] },
  { name: "fd_read", size: 4, arguments: (c, p) => [0, ...c.ranges([1000, 4]), p] },
  { name: "fd_readdir", size: 100, arguments: (_, p) => [3, p, 100, 0n, 500] },
  { name: "fd_readdir", size: 4, arguments: (_, p) => [3, 1000, 100, 0n, p] },
  { name: "fd_seek", size: 8, arguments: (c, p) => [openFile(c), 0n, 0, p] },
  { name: "fd_tell", size: 8, arguments: (c, p) => [openFile(c), p] },
  { name: "fd_write", size: 8, contents: RANGE, arguments: (_, p) => [1, p, 1, 500] },
  { name: "fd_write", size: 4, arguments: (c, p) => [1, ...c.ranges([p, 4]), 500] },
  { name: "fd_write", size: 4, arguments: (c, p) => [1, ...c.ranges([1000, 4]), p] },
  { name: "path_create_directory", size: 4, contents: FREE, arguments: (_, p) => [3, p, 4] },
  { name: "path_filestat_get", size: 4, contents: FILE, arguments: (_, p) => [3, 1, p, 4, 500] },
  { name: "path_filestat_get", size: 64, arguments: (c, p) => [3, 1, ...c.path("file"), p] },
  { name: "path_filestat_set_times", size: 4, contents: FILE, arguments: (_, p) => [3, 1, p, 4, 1n, 1n, 5] },
  { name: "path_link", size: 4, contents: FILE, arguments: (c, p) => [3, 0, p, 4, 3, ...c.path("new")] },
  { name: "path_link", size: 4, contents: FREE, arguments: (c, p) => [3, 0, ...c.path("file"), 3, p, 4] },
  { name: "path_open", size: 4, contents: FILE, arguments: (_, p) => [3, 1, p, 4, 0, ALL_RIGHTS, 0n, 0, 500] },
  { name: "path_open", size: 4, arguments: (c, p) => [3, 1, ...c.path("new"), 1, ALL_RIGHTS, 0n, 0, p] },
  { name: "path_readlink", size: 4, contents: LINK, arguments: (_, p) => [3, p, 4, 600, 10, 500] },
  { name: "path_readlink", size: 10, arguments: (c, p) => [3, ...c.path("link"), p, 10, 500] },
  { name: "path_readlink", size: 4, arguments: (c, p) => [3, ...c.path("link"), 600, 10, p] },
  { name: "path_remove_directory", size: 4, contents: FREE, arguments: (c, p) => [makeFree(c), p, 4] },
  { name: "path_rename", size: 4, contents: FILE, arguments: (c, p) => [3, p, 4, 3, ...c.path("new")] },
  { name: "path_rename", size: 4, contents: FREE, arguments: (c, p) => [3, ...c.path("file"), 3, p, 4] },
  { name: "path_symlink", size: 4, contents: FILE, arguments: (c, p) => [p, 4, 3, ...c.path("new")] },
  { name: "path_symlink", size: 4, contents: FREE, arguments: (c, p) => [...c.path("file"), 3, p, 4] },
  { name: "path_unlink_file", size: 4, contents: FILE, arguments: (_, p) => [3, p, 4] },
  { name: "poll_oneoff", size: 48, contents: new Uint8Array(48), arguments: (_, p) => [p, 1000, 1, 500] },
  { name: "poll_oneoff", size: 32, arguments: (c, p) => [zeros(c), p, 1, 500] },
  { name: "poll_oneoff", size: 4, arguments: (c, p) => [zeros(c), 1000, 1, p] },
  { name: "random_get", size: 9, arguments: (_, p) => [p, 9] },
];

function makeFree(caller: Caller): number {
  caller.call("path_create_directory", 3, ...caller.path("free"));
  return 3;
}

function zeros(caller: Caller): number {
  caller.put(10_000, new Uint8Array(48));
  return 10_000;
}

const WITHOUT_POINTERS = ["fd_advise", "fd_allocate", "fd_close", "fd_datasync", "fd_fdstat_set_flags"]
  .concat(["fd_fdstat_set_rights", "fd_filestat_set_size", "fd_filestat_set_times", "fd_renumber", "fd_sync"])
  .concat(["proc_exit", "proc_raise", "sched_yield", "sock_accept", "sock_recv", "sock_send", "sock_shutdown"]);

test("the cases name every call", () => {
  const named = new Set([...CASES.map(({ name }) => name), ...WITHOUT_POINTERS]);
  assert.deepEqual([...named].sort(), [...SIGNATURES.keys()].sort());
  assert.equal(SIGNATURES.size, 46);
});

CASES.forEach((pointerCase, i) => {
  const { name, size, contents } = pointerCase;
  test(`${name}, pointer case ${i}`, () => {
    const last = PROGRAM_BYTES - size;
    const fitting = new Caller();
    if (contents !== undefined) fitting.put(last, contents);
    const values = pointerCase.arguments(fitting, last);
    assert.equal(fitting.call(name, ...values), Errno.SUCCESS);

    for (const pointer of [last + 1, PROGRAM_BYTES, 0xffff_ffff - size + 1, 0xffff_ffff]) {
      const caller = new Caller();
      if (contents !== undefined && pointer < PROGRAM_BYTES) caller.put(pointer, contents);
      const bad = pointerCase.arguments(caller, pointer);
      const entries = caller.tree.entryCount;
      assert.equal(caller.call(name, ...bad), Errno.FAULT, `at ${pointer}`);
      assert.equal(caller.memory.announced.length, 0, "a call that fails writes nothing");
      assert.equal(caller.tree.entryCount, entries);
      assert.equal(caller.stdout.length, 0);
      assert.equal(caller.wasi.openDescriptors()[0].position, 0);
    }
  });
});

test("before a memory is bound every pointer is bad", () => {
  const caller = new Caller({}, false);
  assert.equal(caller.call("random_get", 0, 4), Errno.FAULT);
  assert.equal(caller.call("fd_write", 1, 0, 1, 0), Errno.FAULT);
  assert.equal(caller.call("sched_yield"), Errno.SUCCESS);
});

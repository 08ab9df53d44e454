/**
 * Numbers and layouts of WASI preview1.
 * Source: `wasi_snapshot_preview1.witx` of the WebAssembly/WASI repository (legacy/preview1).
 */

/** The error numbers that our calls return. */
export const Errno = {
  SUCCESS: 0,
  BADF: 8,
  BUSY: 10,
  EXIST: 20,
  FAULT: 21,
  FBIG: 22,
  ILSEQ: 25,
  INVAL: 28,
  ISDIR: 31,
  LOOP: 32,
  MFILE: 33,
  NAMETOOLONG: 37,
  NOENT: 44,
  NOSPC: 51,
  NOSYS: 52,
  NOTDIR: 54,
  NOTEMPTY: 55,
  NOTSOCK: 57,
  NOTSUP: 58,
  PERM: 63,
  SPIPE: 70,
  NOTCAPABLE: 76,
} as const;

export const FileType = { UNKNOWN: 0, CHARACTER_DEVICE: 2, DIRECTORY: 3, REGULAR_FILE: 4, SYMBOLIC_LINK: 7 } as const;

export const FdFlag = { APPEND: 1, DSYNC: 2, NONBLOCK: 4, RSYNC: 8, SYNC: 16, ALL: 31 } as const;
export const OpenFlag = { CREAT: 1, DIRECTORY: 2, EXCL: 4, TRUNC: 8, ALL: 15 } as const;
export const LookupFlag = { SYMLINK_FOLLOW: 1 } as const;
export const TimeFlag = { ATIM: 1, ATIM_NOW: 2, MTIM: 4, MTIM_NOW: 8, ALL: 15 } as const;
export const Whence = { SET: 0, CUR: 1, END: 2 } as const;
export const ClockId = { REALTIME: 0, MONOTONIC: 1, PROCESS_CPUTIME: 2, THREAD_CPUTIME: 3 } as const;
export const EventType = { CLOCK: 0, FD_READ: 1, FD_WRITE: 2 } as const;

/** Sizes of the structures that cross the boundary, in bytes. */
export const SIZE = {
  IOVEC: 8,
  FDSTAT: 24,
  FILESTAT: 64,
  PRESTAT: 8,
  DIRENT: 24,
  SUBSCRIPTION: 48,
  EVENT: 32,
} as const;

/** Rights of a descriptor, one bit each. */
export const Right = {
  FD_DATASYNC: 1n << 0n,
  FD_READ: 1n << 1n,
  FD_SEEK: 1n << 2n,
  FD_FDSTAT_SET_FLAGS: 1n << 3n,
  FD_SYNC: 1n << 4n,
  FD_TELL: 1n << 5n,
  FD_WRITE: 1n << 6n,
  FD_ADVISE: 1n << 7n,
  FD_ALLOCATE: 1n << 8n,
  PATH_CREATE_DIRECTORY: 1n << 9n,
  PATH_CREATE_FILE: 1n << 10n,
  PATH_LINK_SOURCE: 1n << 11n,
  PATH_LINK_TARGET: 1n << 12n,
  PATH_OPEN: 1n << 13n,
  FD_READDIR: 1n << 14n,
  PATH_READLINK: 1n << 15n,
  PATH_RENAME_SOURCE: 1n << 16n,
  PATH_RENAME_TARGET: 1n << 17n,
  PATH_FILESTAT_GET: 1n << 18n,
  PATH_FILESTAT_SET_SIZE: 1n << 19n,
  PATH_FILESTAT_SET_TIMES: 1n << 20n,
  FD_FILESTAT_GET: 1n << 21n,
  FD_FILESTAT_SET_SIZE: 1n << 22n,
  FD_FILESTAT_SET_TIMES: 1n << 23n,
  PATH_SYMLINK: 1n << 24n,
  PATH_REMOVE_DIRECTORY: 1n << 25n,
  PATH_UNLINK_FILE: 1n << 26n,
  POLL_FD_READWRITE: 1n << 27n,
} as const;

/** All that can be done with a stream that is not a file. Without seek and tell, a C library takes it for a terminal. */
export const STREAM_RIGHTS =
  Right.FD_READ |
  Right.FD_WRITE |
  Right.FD_FDSTAT_SET_FLAGS |
  Right.FD_SYNC |
  Right.FD_DATASYNC |
  Right.FD_FILESTAT_GET |
  Right.POLL_FD_READWRITE;

/** All that can be done with a regular file. */
export const FILE_RIGHTS =
  Right.FD_DATASYNC |
  Right.FD_READ |
  Right.FD_SEEK |
  Right.FD_FDSTAT_SET_FLAGS |
  Right.FD_SYNC |
  Right.FD_TELL |
  Right.FD_WRITE |
  Right.FD_ADVISE |
  Right.FD_ALLOCATE |
  Right.FD_FILESTAT_GET |
  Right.FD_FILESTAT_SET_SIZE |
  Right.FD_FILESTAT_SET_TIMES |
  Right.POLL_FD_READWRITE;

/** All that can be done with a directory. */
export const DIRECTORY_RIGHTS =
  Right.FD_FDSTAT_SET_FLAGS |
  Right.FD_SYNC |
  Right.FD_DATASYNC |
  Right.FD_ADVISE |
  Right.PATH_CREATE_DIRECTORY |
  Right.PATH_CREATE_FILE |
  Right.PATH_LINK_SOURCE |
  Right.PATH_LINK_TARGET |
  Right.PATH_OPEN |
  Right.FD_READDIR |
  Right.PATH_READLINK |
  Right.PATH_RENAME_SOURCE |
  Right.PATH_RENAME_TARGET |
  Right.PATH_FILESTAT_GET |
  Right.PATH_FILESTAT_SET_SIZE |
  Right.PATH_FILESTAT_SET_TIMES |
  Right.FD_FILESTAT_GET |
  Right.FD_FILESTAT_SET_TIMES |
  Right.PATH_SYMLINK |
  Right.PATH_REMOVE_DIRECTORY |
  Right.PATH_UNLINK_FILE |
  Right.POLL_FD_READWRITE;

/**
 * The parameters of each function, `i` for i32 and `I` for i64. All return one i32, except `proc_exit`, which returns nothing.
 * `sock_accept` is the one function that was added after the first edition.
 */
export const SIGNATURES: ReadonlyMap<string, string> = new Map([
  ["args_get", "ii"],
  ["args_sizes_get", "ii"],
  ["environ_get", "ii"],
  ["environ_sizes_get", "ii"],
  ["clock_res_get", "ii"],
  ["clock_time_get", "iIi"],
  ["fd_advise", "iIIi"],
  ["fd_allocate", "iII"],
  ["fd_close", "i"],
  ["fd_datasync", "i"],
  ["fd_fdstat_get", "ii"],
  ["fd_fdstat_set_flags", "ii"],
  ["fd_fdstat_set_rights", "iII"],
  ["fd_filestat_get", "ii"],
  ["fd_filestat_set_size", "iI"],
  ["fd_filestat_set_times", "iIIi"],
  ["fd_pread", "iiiIi"],
  ["fd_prestat_get", "ii"],
  ["fd_prestat_dir_name", "iii"],
  ["fd_pwrite", "iiiIi"],
  ["fd_read", "iiii"],
  ["fd_readdir", "iiiIi"],
  ["fd_renumber", "ii"],
  ["fd_seek", "iIii"],
  ["fd_sync", "i"],
  ["fd_tell", "ii"],
  ["fd_write", "iiii"],
  ["path_create_directory", "iii"],
  ["path_filestat_get", "iiiii"],
  ["path_filestat_set_times", "iiiiIIi"],
  ["path_link", "iiiiiii"],
  ["path_open", "iiiiiIIii"],
  ["path_readlink", "iiiiii"],
  ["path_remove_directory", "iii"],
  ["path_rename", "iiiiii"],
  ["path_symlink", "iiiii"],
  ["path_unlink_file", "iii"],
  ["poll_oneoff", "iiii"],
  ["proc_exit", "i"],
  ["proc_raise", "i"],
  ["sched_yield", ""],
  ["random_get", "ii"],
  ["sock_accept", "iii"],
  ["sock_recv", "iiiiii"],
  ["sock_send", "iiiii"],
  ["sock_shutdown", "ii"],
]);

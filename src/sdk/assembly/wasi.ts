/**
 * What AssemblyScript's standard library expects of its host, done through WASI preview1, so that an ordinary program
 * (`console.log`, `trace`, `assert`, `Math.random`, `Date.now`, `process.argv`) runs as a WASI command.
 * `wasi_abort`, `wasi_trace` and `wasi_seed` stand in for the built-in functions of those names;
 * the files in `bindings/` call the rest.
 */

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: i32, vectors: usize, vectorCount: usize, written: usize): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "proc_exit") declare function proc_exit(code: i32): void;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "random_get") declare function random_get(buffer: usize, length: usize): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "clock_time_get")
declare function clock_time_get(clock: i32, precision: u64, time: usize): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "args_sizes_get") declare function args_sizes_get(count: usize, bytes: usize): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "args_get") declare function args_get(pointers: usize, strings: usize): i32;

/** Where a call's small results and vectors go: two words for the vector, one for the result. */
// @ts-ignore: decorator
@lazy const scratch = memory.data(16, 8);

/** What `abort()` ends a C program with: 128 + SIGABRT. */
const ABORT_EXIT_CODE = 134;

/** Writes `text` as UTF-8 to a file descriptor. */
export function wasi_write(fd: i32, text: string): void {
  const bytes = String.UTF8.encode(text);
  let address = changetype<usize>(bytes);
  let left: usize = bytes.byteLength;
  while (left > 0) {
    store<usize>(scratch, address);
    store<usize>(scratch, left, sizeof<usize>());
    if (fd_write(fd, scratch, 1, scratch + 2 * sizeof<usize>()) != 0) return;
    const written = load<usize>(scratch, 2 * sizeof<usize>());
    if (written == 0) return;
    address += written;
    left -= written;
  }
}

export function wasi_exit(code: i32): void {
  proc_exit(code);
}

/** Nanoseconds: of the wall clock (0) or since some start (1). */
export function wasi_time(clock: i32): u64 {
  return clock_time_get(clock, 1, scratch) == 0 ? load<u64>(scratch) : 0;
}

export function wasi_random(buffer: usize, length: usize): void {
  random_get(buffer, length);
}

export function wasi_arguments(): string[] {
  const result: string[] = [];
  if (args_sizes_get(scratch, scratch + sizeof<usize>()) != 0) return result;
  const count = load<usize>(scratch);
  const pointers = new ArrayBuffer(<i32>(count * sizeof<usize>()));
  const strings = new ArrayBuffer(<i32>load<usize>(scratch, sizeof<usize>()));
  if (args_get(changetype<usize>(pointers), changetype<usize>(strings)) != 0) return result;
  for (let i: usize = 0; i < count; i++) {
    const start = load<usize>(changetype<usize>(pointers) + i * sizeof<usize>());
    let length: usize = 0;
    while (load<u8>(start + length) != 0) length++;
    result.push(String.UTF8.decodeUnsafe(start, length));
  }
  return result;
}

// @ts-ignore: decorator
@global export function wasi_abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const what = message === null ? "abort" : "abort: " + message;
  const where = file === null ? "" : " in " + file + ":" + line.toString() + ":" + column.toString();
  wasi_write(2, what + where + "\n");
  proc_exit(ABORT_EXIT_CODE);
}

// @ts-ignore: decorator
@global export function wasi_trace(message: string, n: i32 = 0, a0: f64 = 0, a1: f64 = 0, a2: f64 = 0, a3: f64 = 0, a4: f64 = 0): void {
  let line = "trace: " + message;
  if (n > 0) line += " " + a0.toString();
  if (n > 1) line += ", " + a1.toString();
  if (n > 2) line += ", " + a2.toString();
  if (n > 3) line += ", " + a3.toString();
  if (n > 4) line += ", " + a4.toString();
  wasi_write(2, line + "\n");
}

// @ts-ignore: decorator
@global export function wasi_seed(): f64 {
  random_get(scratch, 8);
  return reinterpret<f64>(load<u64>(scratch));
}

/** A system call fails with an error number of WASI preview1; it becomes the call's result and never reaches the program's host. */
export class WasiError extends Error {
  readonly errno: number;
  constructor(errno: number) {
    super(`WASI error ${errno}`);
    this.name = "WasiError";
    this.errno = errno;
  }
}

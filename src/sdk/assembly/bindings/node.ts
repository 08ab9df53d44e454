/** AssemblyScript's `bindings/node` on WASI. */
import { wasi_arguments, wasi_exit } from "wasi";

export namespace process {
  // @ts-ignore: decorator
  @lazy export const argv: string[] = wasi_arguments();

  export function exit(code: i32): void {
    wasi_exit(code);
  }
}

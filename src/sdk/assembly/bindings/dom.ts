/** The parts of AssemblyScript's `bindings/dom` that a program without a browser can use, on WASI. */
import { wasi_random, wasi_time, wasi_write } from "wasi";

/** The browser's Math, which there is none of: `Math` is AssemblyScript's own. */
export namespace Math {
}

export namespace Date {
  export function now(): f64 {
    return <f64>(wasi_time(0) / 1000000);
  }
}

export namespace performance {
  export function now(): f64 {
    return <f64>wasi_time(1) / 1e6;
  }
}

export namespace crypto {
  export function getRandomValues(array: Uint8Array): void {
    wasi_random(array.dataStart, array.byteLength);
  }
}

export namespace console {
  // @ts-ignore: decorator
  @lazy const timers = new Map<string, u64>();

  export function assert(condition: bool, message: string): void {
    if (!condition) wasi_write(2, "Assertion failed: " + message + "\n");
  }
  export function log(text: string): void {
    wasi_write(1, text + "\n");
  }
  export function debug(text: string): void {
    wasi_write(1, text + "\n");
  }
  export function info(text: string): void {
    wasi_write(1, text + "\n");
  }
  export function warn(text: string): void {
    wasi_write(2, text + "\n");
  }
  export function error(text: string): void {
    wasi_write(2, text + "\n");
  }
  export function time(label: string): void {
    timers.set(label, wasi_time(1));
  }
  export function timeLog(label: string): void {
    if (!timers.has(label)) return;
    const milliseconds = <f64>(wasi_time(1) - timers.get(label)) / 1e6;
    wasi_write(1, label + ": " + milliseconds.toString() + "ms\n");
  }
  export function timeEnd(label: string): void {
    timeLog(label);
    timers.delete(label);
  }
}

import assert from "node:assert/strict";
import type { GuestMemory } from "../../../src/guest/wasi/types.ts";
import type { WasmMemory } from "./wasm-api.ts";

export interface Range {
  readonly address: number;
  readonly length: number;
}

/** A guest's memory that sees to it that a system call changes only bytes that it announced. */
export class WatchedMemory implements GuestMemory {
  announced: Range[] = [];
  readonly baseOffset = 0;
  private readonly memory: WasmMemory;
  private readonly limit: number | undefined;

  /** @param limit the program's own size, where the buffer is larger */
  constructor(memory: WasmMemory, limit?: number) {
    this.memory = memory;
    this.limit = limit;
  }

  get buffer(): ArrayBuffer {
    return this.memory.buffer;
  }

  get sizeBytes(): number {
    return this.limit ?? this.memory.buffer.byteLength;
  }

  beforeWrite(address: number, length: number): void {
    assert.ok(length > 0, "no empty range is announced");
    assert.ok(address >= 0 && address + length <= this.sizeBytes, "an announced range is the program's own");
    this.announced.push({ address, length });
  }

  /** Runs a call on filled memory and checks every byte that it changed. @returns what was announced */
  watch<T>(action: () => T): { result: T; announced: Range[] } {
    this.announced = [];
    const before = new Uint8Array(this.buffer.slice(0));
    const result = action();
    const after = new Uint8Array(this.buffer);
    const allowed = new Uint8Array(before.length);
    for (const { address, length } of this.announced) allowed.fill(1, address, address + length);
    for (let i = 0; i < after.length; i++) {
      if (after[i] !== before[i] && allowed[i] === 0) assert.fail(`byte ${i} changed unannounced`);
    }
    return { result, announced: this.announced };
  }
}

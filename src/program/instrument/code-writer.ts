import { ByteWriter } from "./byte-writer.ts";
import { EMPTY_BLOCK, Op } from "./opcodes.ts";
import type { TableLayout } from "./types.ts";

/** Stands for a local that is always 0. */
export const NO_LOCAL = -1;

/** Writes instructions, and knows how to reach the tables. */
export class CodeWriter extends ByteWriter {
  readonly #tableMemory: number;
  /** Offsets of `if`s that are hardly ever taken, for branch hints. */
  unlikely: number[] = [];

  constructor(layout: TableLayout, capacity = 256) {
    super(capacity);
    this.#tableMemory = layout.placement === "second-memory" ? 1 : 0;
  }

  override clear(): void {
    super.clear();
    this.unlikely = [];
  }

  op(opcode: number): this {
    if (opcode > 0xff) {
      this.u8(opcode >> 8);
      this.u32(opcode & 0xff);
    } else this.u8(opcode);
    return this;
  }

  const(value: number): this {
    this.u8(Op.i32Const);
    this.s32(value);
    return this;
  }

  get(local: number): this {
    this.u8(Op.localGet);
    this.u32(local);
    return this;
  }

  set(local: number): this {
    this.u8(Op.localSet);
    this.u32(local);
    return this;
  }

  tee(local: number): this {
    this.u8(Op.localTee);
    this.u32(local);
    return this;
  }

  call(functionIndex: number): this {
    this.u8(Op.call);
    this.u32(functionIndex);
    return this;
  }

  /** `local + offset`, modulo 2^32; just `offset` for `NO_LOCAL`. */
  address(local: number, offset: number): this {
    if (local === NO_LOCAL) return this.const(offset);
    this.get(local);
    if (offset !== 0) this.const(offset).op(Op.i32Add);
    return this;
  }

  if(): this {
    this.u8(Op.if);
    this.u8(EMPTY_BLOCK);
    return this;
  }

  ifUnlikely(): this {
    this.unlikely.push(this.length);
    return this.if();
  }

  end(): this {
    this.u8(Op.end);
    return this;
  }

  /** A load or store of the memory that holds the tables; natural alignment is not claimed for bytes. */
  table(opcode: number, offset: number): this {
    const alignment = opcode === Op.i32Load || opcode === Op.i32Store ? 2 : 0;
    this.u8(opcode);
    if (this.#tableMemory > 0) {
      this.u8(alignment | 0x40);
      this.u32(this.#tableMemory);
    } else this.u8(alignment);
    this.u32(offset);
    return this;
  }

  /** memory.fill of the memory that holds the tables. */
  tableFill(): this {
    this.op(Op.memoryFill);
    this.u32(this.#tableMemory);
    return this;
  }
}

import type { ByteReader } from "./byte-reader.ts";
import type { LineHeader } from "./line-header.ts";

/** A row of the line matrix. */
export interface LineRow {
  /** In the code section's contents, in bytes. */
  readonly address: number;
  /** Number of the file in the header. */
  readonly file: number;
  readonly line: number;
  readonly column: number;
}

/** Rows in ascending order of addresses, and the address after the last instruction that they cover. */
export interface LineSequence {
  readonly rows: readonly LineRow[];
  readonly end: number;
}

/**
 * Runs a line program to the end of `reader` (DWARF 5, section 6.2.5). Flags that only debuggers need
 * (statement, basic block, prologue, discriminator) are passed over.
 */
export function runLineProgram(reader: ByteReader, header: LineHeader): readonly LineSequence[] {
  const sequences: LineSequence[] = [];
  let rows: LineRow[] = [];
  let address = 0;
  let file = 1;
  let line = 1;
  let column = 0;
  const advance = (operation: number): void => {
    address += operation * header.minimumInstructionLength;
  };
  const emit = (): void => {
    rows.push({ address, file, line, column });
  };

  while (!reader.done) {
    const opcode = reader.u8();
    if (opcode >= header.opcodeBase) {
      const adjusted = opcode - header.opcodeBase;
      advance(Math.floor(adjusted / header.lineRange));
      line += header.lineBase + (adjusted % header.lineRange);
      emit();
      continue;
    }
    switch (opcode) {
      case 0: {
        const extended = reader.slice(reader.uleb());
        if (extended.done) break;
        const kind = extended.u8();
        if (kind === 1) {
          // end of sequence
          sequences.push({ rows, end: address });
          rows = [];
          address = 0;
          file = 1;
          line = 1;
          column = 0;
        } else if (kind === 2) {
          address = extended.end - extended.position >= 8 ? extended.u64() : extended.u32();
        }
        break; // others (a file of its own, a discriminator, a vendor's) say nothing that is needed
      }
      case 1: // copy
        emit();
        break;
      case 2: // advance the address
        advance(reader.uleb());
        break;
      case 3: // advance the line
        line += reader.sleb();
        break;
      case 4:
        file = reader.uleb();
        break;
      case 5:
        column = reader.uleb();
        break;
      case 8: // what special opcode 255 adds to the address
        advance(Math.floor((255 - header.opcodeBase) / header.lineRange));
        break;
      case 9: // the one operand that is no LEB128, and is not scaled
        address += reader.u16();
        break;
      default:
        for (let left = header.operandCounts[opcode]; left > 0; left--) reader.uleb();
    }
  }
  return sequences;
}

import { BadInputError } from "../program.ts";
import { ByteReader } from "./byte-reader.ts";

export const CUSTOM_SECTION = 0;
export const IMPORT_SECTION = 2;
export const CODE_SECTION = 10;

export interface Section {
  readonly id: number;
  /** Of a custom section; empty otherwise. */
  readonly name: string;
  /** Offset in the file of the first byte of the contents (after the name, in a custom section). */
  readonly start: number;
  /** Offset in the file of the byte after the last. */
  readonly end: number;
}

/**
 * The sections of a WebAssembly module in their order.
 * @throws BadInputError where the bytes are no module, or a section does not fit
 */
export function readSections(module: Uint8Array): readonly Section[] {
  const reader = new ByteReader(module, "the WebAssembly module");
  if (module.length < 8 || reader.u32() !== 0x6d736100) {
    throw new BadInputError(
      'the WebAssembly module, byte 0: a module begins with the bytes "\\0asm", this file does not',
    );
  }
  const version = reader.u32();
  if (version !== 1) reader.fail(`version 1 of the format is expected, this is ${describeVersion(version)}`, 4);
  const sections: Section[] = [];
  while (!reader.done) {
    const id = reader.u8();
    const length = reader.uleb();
    const contents = reader.slice(length);
    const name = id === CUSTOM_SECTION ? contents.name() : "";
    sections.push({ id, name, start: contents.position, end: contents.end });
  }
  return sections;
}

function describeVersion(version: number): string {
  return version === 0x1000d ? "a component (a core module is expected)" : `version ${version}`;
}

/** The custom section of this name (the first, if there are more), or undefined. */
export function customSection(module: Uint8Array, sections: readonly Section[], name: string): Uint8Array | undefined {
  const section = sections.find((candidate) => candidate.id === CUSTOM_SECTION && candidate.name === name);
  return section && module.subarray(section.start, section.end);
}

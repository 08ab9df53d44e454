/** A mutable global of a module and the name under which it is exported now. */
export interface ExposedGlobal {
  readonly index: number;
  readonly exportName: string;
}

const EXPORT_SECTION = 7;
const GLOBAL_EXPORT = 3;

/**
 * Adds exports of a module's own mutable globals, so that a plain run's globals can be read. Nothing else changes.
 * Written apart from the product's module reader, which it helps to check.
 */
export function exposeGlobals(wasm: Uint8Array): {
  readonly bytes: Uint8Array;
  readonly mutableGlobals: readonly ExposedGlobal[];
} {
  const sections = sectionsOf(wasm);
  const imported = importedGlobalCount(wasm, sections.get(2));
  const mutableGlobals = mutableIndices(wasm, sections.get(6)).map((index) => ({
    index: imported + index,
    exportName: `exposed global ${imported + index}`,
  }));
  const old = sections.get(EXPORT_SECTION);
  if (old === undefined) throw new Error("the module exports nothing");
  const added: number[] = [];
  for (const { index, exportName } of mutableGlobals) {
    added.push(exportName.length, ...Buffer.from(exportName), GLOBAL_EXPORT, ...leb(index));
  }
  const reader = new Reader(wasm, old.start);
  const count = reader.u32();
  const body = [leb(count + mutableGlobals.length), wasm.subarray(reader.at, old.end), added];
  const size = body.reduce((sum, part) => sum + part.length, 0);
  const bytes = Buffer.concat(
    [wasm.subarray(0, old.header), [EXPORT_SECTION], leb(size), ...body, wasm.subarray(old.end)].map((part) =>
      Uint8Array.from(part),
    ),
  );
  return { bytes: new Uint8Array(bytes), mutableGlobals };
}

interface Section {
  /** Of its id, its contents and what follows. */
  readonly header: number;
  readonly start: number;
  readonly end: number;
}

class Reader {
  readonly bytes: Uint8Array;
  at: number;
  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }
  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

function sectionsOf(wasm: Uint8Array): Map<number, Section> {
  const sections = new Map<number, Section>();
  const reader = new Reader(wasm, 8);
  while (reader.at < wasm.length) {
    const header = reader.at;
    const id = wasm[reader.at++];
    const size = reader.u32();
    const section = { header, start: reader.at, end: reader.at + size };
    if (id !== 0) sections.set(id, section);
    reader.at = section.end;
  }
  return sections;
}

function importedGlobalCount(wasm: Uint8Array, section: Section | undefined): number {
  if (section === undefined) return 0;
  const reader = new Reader(wasm, section.start);
  let globals = 0;
  for (let left = reader.u32(); left > 0; left--) {
    for (let i = 0; i < 2; i++) {
      const length = reader.u32();
      reader.at += length;
    }
    const kind = wasm[reader.at++];
    if (kind === 0) reader.u32();
    else if (kind === 3) {
      globals++;
      reader.at += 2;
    } else throw new Error(`an import of kind ${kind} is not expected here`);
  }
  return globals;
}

function mutableIndices(wasm: Uint8Array, section: Section | undefined): number[] {
  if (section === undefined) return [];
  const reader = new Reader(wasm, section.start);
  const count = reader.u32();
  const indices: number[] = [];
  for (let index = 0; index < count; index++) {
    reader.at++;
    if (wasm[reader.at++] === 1) indices.push(index);
    skipConstant(wasm, reader);
  }
  return indices;
}

function skipConstant(wasm: Uint8Array, reader: Reader): void {
  for (;;) {
    const opcode = wasm[reader.at++];
    if (opcode === 0x0b) return;
    if (opcode === 0x41 || opcode === 0x42 || opcode === 0x23 || opcode === 0xd2) reader.u32();
    else if (opcode === 0x43) reader.at += 4;
    else if (opcode === 0x44) reader.at += 8;
    else if (opcode === 0xd0) reader.at++;
    else throw new Error(`a constant with the opcode ${opcode} is not expected here`);
  }
}

import { type Abbreviation, readAbbreviations } from "../lines/abbreviations.ts";
import { ByteReader } from "../lines/byte-reader.ts";
import { type DebugSections, type FormValue, readForm, readUnitLength, type UnitFormat } from "../lines/dwarf.ts";
import { readLineHeader } from "../lines/line-header.ts";
import { readUnitHeader, resolveString } from "../lines/unit-header.ts";
import { BadInputError } from "../program.ts";
import { Attribute } from "./dwarf-constants.ts";

/** An entry of `.debug_info`: a declaration, a type, a block. */
export interface Entry {
  readonly tag: number;
  readonly unit: Unit;
  readonly parent: Entry | undefined;
  readonly children: readonly Entry[];
  readonly attributes: ReadonlyMap<number, FormValue>;
}

/** What the entries of one source have in common. */
export interface Unit {
  /** Of its head in `.debug_info`. */
  readonly offset: number;
  readonly format: UnitFormat;
  readonly sections: DebugSections;
  readonly root: Entry;
  /** File names by the numbers that declarations use. */
  readonly files: readonly (string | undefined)[];
}

/** All entries of a module. */
export interface Entries {
  readonly units: readonly Unit[];
  /** By their offsets in `.debug_info`. */
  readonly at: ReadonlyMap<number, Entry>;
}

interface OpenEntry extends Entry {
  readonly children: OpenEntry[];
}

/** Reads every unit that can be read; one that is malformed is left out whole. */
export function readEntries(sections: DebugSections): Entries {
  const units: Unit[] = [];
  const at = new Map<number, Entry>();
  const reader = new ByteReader(sections.info, ".debug_info");
  const tables = new Map<number, ReadonlyMap<number, Abbreviation>>();
  const tableAt = (offset: number): ReadonlyMap<number, Abbreviation> => {
    const table = tables.get(offset) ?? readAbbreviations(sections.abbrev, offset);
    tables.set(offset, table);
    return table;
  };
  tolerantly(() => {
    while (!reader.done) {
      const offset = reader.position;
      const { length, offsetSize } = readUnitLength(reader);
      const contents = reader.slice(length);
      tolerantly(() => {
        const found = readUnit(contents, offset, offsetSize, sections, tableAt);
        if (!found) return;
        units.push(found.unit);
        for (const [place, entry] of found.at) at.set(place, entry);
      });
    }
  });
  return { units, at };
}

/** Debug information says nothing that running needs: what is malformed in it is passed over, and gives undefined. */
export function tolerantly<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof BadInputError) return undefined;
    throw error;
  }
}

function readUnit(
  reader: ByteReader,
  offset: number,
  offsetSize: 4 | 8,
  sections: DebugSections,
  tableAt: (offset: number) => ReadonlyMap<number, Abbreviation>,
): { unit: Unit; at: ReadonlyMap<number, Entry> } | undefined {
  const header = readUnitHeader(reader, offsetSize);
  if (!header) return undefined;
  const { format } = header;
  const table = tableAt(header.abbreviations);
  const at = new Map<number, Entry>();
  let root: OpenEntry | undefined;
  const unit: Unit = {
    offset,
    format,
    sections,
    get root(): Entry {
      return root ?? reader.fail("a unit without entries");
    },
    get files() {
      files ??= fileNames(unit);
      return files;
    },
  };
  let files: readonly (string | undefined)[] | undefined;
  const open: OpenEntry[] = [];
  while (!reader.done) {
    const place = reader.position;
    const code = reader.uleb();
    if (code === 0) {
      open.pop();
      if (open.length === 0) break;
      continue;
    }
    const abbreviation = table.get(code);
    if (!abbreviation) return reader.fail(`there is no abbreviation ${code}`, place);
    const parent = open.at(-1);
    const attributes = new Map<number, FormValue>();
    for (const { attribute, form, implicit } of abbreviation.attributes) {
      attributes.set(attribute, readForm(reader, form, format, sections, implicit));
    }
    const entry: OpenEntry = { tag: abbreviation.tag, unit, parent, children: [], attributes };
    at.set(place, entry);
    parent?.children.push(entry);
    root ??= entry;
    if (abbreviation.hasChildren) open.push(entry);
    else if (open.length === 0) break;
  }
  return root && { unit, at };
}

/** The names that a unit's numbers of files stand for; none where its line program's header is malformed. */
function fileNames(unit: Unit): readonly (string | undefined)[] {
  const { sections, root } = unit;
  const lineProgram = numberOf(root, Attribute.lineProgram);
  const directory = textOf(root, Attribute.compilationDirectory) ?? "";
  const header = tolerantly(() => {
    if (lineProgram === undefined) return undefined;
    const reader = new ByteReader(sections.line, ".debug_line", lineProgram);
    const { length, offsetSize } = readUnitLength(reader);
    return readLineHeader(reader.slice(length), offsetSize, sections, directory);
  });
  return header?.files ?? [];
}

export function numberOf(entry: Entry, attribute: number): number | undefined {
  const value = entry.attributes.get(attribute);
  return value?.kind === "number" ? value.value : undefined;
}

export function textOf(entry: Entry, attribute: number): string | undefined {
  const { unit } = entry;
  const base = unit.root.attributes.get(Attribute.stringOffsetsBase);
  return tolerantly(() => resolveString(entry.attributes.get(attribute), base, unit.format, unit.sections));
}

/** Where an attribute is an expression: the expression. Readers are used up by reading, so each call makes its own. */
export function expressionOf(entry: Entry, attribute: number): ByteReader | undefined {
  const value = entry.attributes.get(attribute);
  return value?.kind === "block" ? value.bytes.again() : undefined;
}

/** The entry that an attribute refers to. */
export function referred(entries: Entries, entry: Entry, attribute: number): Entry | undefined {
  const value = entry.attributes.get(attribute);
  if (value?.kind !== "reference") return undefined;
  return entries.at.get(value.from === "unit" ? entry.unit.offset + value.offset : value.offset);
}

/** The address at an attribute, in itself or in `.debug_addr`. */
export function addressOf(entry: Entry, attribute: number): number | undefined {
  const value = entry.attributes.get(attribute);
  if (value?.kind === "address") return value.value;
  return value?.kind === "addrx" ? indexedAddress(entry.unit, value.index) : undefined;
}

/** An entry of the unit's part of `.debug_addr`. */
export function indexedAddress(unit: Unit, index: number): number {
  const afterHead = 8;
  const base = numberOf(unit.root, Attribute.addressBase) ?? afterHead;
  const { addressSize } = unit.format;
  const reader = new ByteReader(unit.sections.addr, ".debug_addr", base + index * addressSize);
  return addressSize === 8 ? reader.u64() : reader.u32();
}

/** Under which name a declaration's file goes, and its line; what an entry lacks stands in the one that it completes. */
export function placeOf(chain: readonly Entry[]): { file: string; line: number } {
  for (const entry of chain) {
    const number = numberOf(entry, Attribute.declarationFile);
    const line = numberOf(entry, Attribute.declarationLine);
    if (line === undefined) continue;
    // The file may stand in the declaration that this one completes, when it is the same.
    const holder = number === undefined ? chain.find((one) => one.attributes.has(Attribute.declarationFile)) : entry;
    const index = holder && numberOf(holder, Attribute.declarationFile);
    return { file: (index !== undefined && holder?.unit.files[index]) || "", line };
  }
  return { file: "", line: 0 };
}

/** An entry and what it completes: the declaration in a class, the function that was inlined. */
export function chainOf(entries: Entries, entry: Entry): readonly Entry[] {
  const chain = [entry];
  for (let last = entry; ; ) {
    const next = referred(entries, last, Attribute.abstractOrigin) ?? referred(entries, last, Attribute.specification);
    if (!next || chain.includes(next)) return chain;
    chain.push(next);
    last = next;
  }
}

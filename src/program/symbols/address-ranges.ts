import { ByteReader } from "../lines/byte-reader.ts";
import { readOffset } from "../lines/dwarf.ts";
import { Attribute } from "./dwarf-constants.ts";
import { addressOf, type Entry, indexedAddress, numberOf, type Unit } from "./dwarf-entries.ts";
import type { OffsetRange } from "./symbols.ts";

/** The code that an entry covers, as [start, end) in the contents of the code section; empty without any. */
export function rangesOf(entry: Entry): readonly OffsetRange[] {
  const start = addressOf(entry, Attribute.lowPc);
  const high = entry.attributes.get(Attribute.highPc);
  if (start !== undefined && high !== undefined) {
    const end = high.kind === "number" ? start + high.value : addressOf(entry, Attribute.highPc);
    return end === undefined ? [] : [{ start, end }];
  }
  const list = entry.attributes.get(Attribute.ranges);
  const { unit } = entry;
  if (list?.kind === "number" && unit.format.version < 5) return readRanges(unit, list.value);
  if (list?.kind === "number") return readRangeList(unit, list.value);
  if (list?.kind === "rnglistx") {
    const base = numberOf(unit.root, Attribute.rangeListsBase) ?? 0;
    const table = new ByteReader(unit.sections.rngLists, ".debug_rnglists", base + list.index * unit.format.offsetSize);
    return readRangeList(unit, base + readOffset(table, unit.format));
  }
  return [];
}

/** What addresses in a unit's lists count from until they say otherwise. */
export function baseAddress(unit: Unit): number {
  return addressOf(unit.root, Attribute.lowPc) ?? 0;
}

function readRanges(unit: Unit, offset: number): readonly OffsetRange[] {
  const reader = new ByteReader(unit.sections.ranges, ".debug_ranges", offset);
  const ranges: OffsetRange[] = [];
  for (let base = baseAddress(unit); ; ) {
    const start = reader.u32();
    const end = reader.u32();
    if (start === 0 && end === 0) return ranges;
    if (start === 0xffffffff) base = end;
    else ranges.push({ start: base + start, end: base + end });
  }
}

/** DWARF 5, section 7.25. */
function readRangeList(unit: Unit, offset: number): readonly OffsetRange[] {
  const reader = new ByteReader(unit.sections.rngLists, ".debug_rnglists", offset);
  const address = (): number => (unit.format.addressSize === 8 ? reader.u64() : reader.u32());
  const ranges: OffsetRange[] = [];
  for (let base = baseAddress(unit); ; ) {
    const kind = reader.u8();
    if (kind === 0) return ranges;
    if (kind === 1) base = indexedAddress(unit, reader.uleb());
    else if (kind === 5) base = address();
    else if (kind === 2)
      ranges.push({ start: indexedAddress(unit, reader.uleb()), end: indexedAddress(unit, reader.uleb()) });
    else if (kind === 4) ranges.push({ start: base + reader.uleb(), end: base + reader.uleb() });
    else if (kind === 6) ranges.push({ start: address(), end: address() });
    else if (kind === 3 || kind === 7) {
      const start = kind === 3 ? indexedAddress(unit, reader.uleb()) : address();
      ranges.push({ start, end: start + reader.uleb() });
    } else reader.fail(`kind of range ${kind} is not known`, reader.position - 1);
  }
}

import { ByteReader } from "../lines/byte-reader.ts";
import { readOffset } from "../lines/dwarf.ts";
import { baseAddress } from "./address-ranges.ts";
import { Attribute } from "./dwarf-constants.ts";
import { type Entry, expressionOf, indexedAddress, numberOf, type Unit } from "./dwarf-entries.ts";
import type { OffsetRange } from "./symbols.ts";

/** Where a variable is. */
export type Location =
  /** At an address of memory. */
  | { readonly kind: "address"; readonly address: number }
  /** So many bytes after the base of its function's frame. */
  | { readonly kind: "frame"; readonly offset: number }
  /** In, or after the address in, a local variable or global of WebAssembly; `isValue` where it is said that it is the value. */
  | { readonly kind: "local" | "global"; readonly index: number; readonly offset: number; readonly isValue: boolean };

/** A location and the code in which it holds; undefined for all of the block. */
export interface PlacedLocation {
  readonly location: Location;
  readonly range: OffsetRange | undefined;
}

/** Where a variable is, in each part of its block. */
export function locationsOf(entry: Entry): readonly PlacedLocation[] {
  const { unit } = entry;
  const value = entry.attributes.get(Attribute.location);
  const expression = expressionOf(entry, Attribute.location);
  if (expression) {
    const location = evaluate(expression, unit);
    return location ? [{ location, range: undefined }] : [];
  }
  if (value?.kind === "number" && unit.format.version < 5) return readLocations(unit, value.value);
  if (value?.kind === "number") return readLocationList(unit, value.value);
  if (value?.kind === "loclistx") {
    const base = numberOf(unit.root, Attribute.locationListsBase) ?? 0;
    const place = base + value.index * unit.format.offsetSize;
    const table = new ByteReader(unit.sections.locLists, ".debug_loclists", place);
    return readLocationList(unit, base + readOffset(table, unit.format));
  }
  return [];
}

/** The number that linkers give a global which they dropped. */
const DROPPED = 0xffffffff;

/**
 * What an expression leads to, where it is of a form that compilers through LLVM write for WebAssembly (DWARF 5, section
 * 2.5; `DW_OP_WASM_location` is in LLVM's documentation of DWARF for WebAssembly).
 * @returns undefined for anything else: values in pieces, on the operand stack, behind a pointer, computed ones
 */
export function evaluate(expression: ByteReader, unit: Unit): Location | undefined {
  let location: Location | undefined;
  let isThreadLocal = false;
  while (!expression.done) {
    const operation = expression.u8();
    switch (operation) {
      case 0x03: // addr
        location = { kind: "address", address: unit.format.addressSize === 8 ? expression.u64() : expression.u32() };
        break;
      case 0xa1: // addrx
        location = { kind: "address", address: indexedAddress(unit, expression.uleb()) };
        break;
      case 0x91: // fbreg
        location = { kind: "frame", offset: expression.sleb() };
        break;
      case 0xed: {
        // WASM_location: local, global, operand stack, global with a number of 32 bits
        const kind = expression.u8();
        const index = kind === 3 ? expression.u32() : expression.uleb();
        if (kind === 2 || kind > 3) return undefined;
        // Without threads there is one set of thread-local variables, at fixed addresses: the linker drops their base.
        isThreadLocal = kind === 3 && index === DROPPED;
        if (isThreadLocal) break;
        location = { kind: kind === 0 ? "local" : "global", index, offset: 0, isValue: false };
        break;
      }
      case 0x23: {
        // plus_uconst
        const added = expression.uleb();
        if (location === undefined) return undefined;
        if (location.kind === "address") location = { ...location, address: location.address + added };
        else location = { ...location, offset: location.offset + added };
        break;
      }
      case 0x22: // plus
        if (!isThreadLocal) return undefined;
        break;
      case 0x9f: // stack_value
        if (location?.kind !== "local" && location?.kind !== "global") return undefined;
        location = { ...location, isValue: true };
        break;
      default:
        return undefined;
    }
  }
  return location;
}

function readLocations(unit: Unit, offset: number): readonly PlacedLocation[] {
  const reader = new ByteReader(unit.sections.loc, ".debug_loc", offset);
  const found: PlacedLocation[] = [];
  for (let base = baseAddress(unit); ; ) {
    const start = reader.u32();
    const end = reader.u32();
    if (start === 0 && end === 0) return found;
    if (start === 0xffffffff) {
      base = end;
      continue;
    }
    const location = evaluate(reader.slice(reader.u16()), unit);
    if (location) found.push({ location, range: { start: base + start, end: base + end } });
  }
}

/** DWARF 5, section 7.7.3. */
function readLocationList(unit: Unit, offset: number): readonly PlacedLocation[] {
  const reader = new ByteReader(unit.sections.locLists, ".debug_loclists", offset);
  const address = (): number => (unit.format.addressSize === 8 ? reader.u64() : reader.u32());
  const found: PlacedLocation[] = [];
  for (let base = baseAddress(unit); ; ) {
    const kind = reader.u8();
    let range: OffsetRange | undefined;
    if (kind === 0) return found;
    if (kind === 1) {
      base = indexedAddress(unit, reader.uleb());
      continue;
    }
    if (kind === 6) {
      base = address();
      continue;
    }
    if (kind === 2) range = { start: indexedAddress(unit, reader.uleb()), end: indexedAddress(unit, reader.uleb()) };
    else if (kind === 4) range = { start: base + reader.uleb(), end: base + reader.uleb() };
    else if (kind === 7) range = { start: address(), end: address() };
    else if (kind === 3 || kind === 8) {
      const start = kind === 3 ? indexedAddress(unit, reader.uleb()) : address();
      range = { start, end: start + reader.uleb() };
    } else if (kind !== 5) reader.fail(`kind of location ${kind} is not known`, reader.position - 1); // 5: everywhere else
    const location = evaluate(reader.slice(reader.uleb()), unit);
    if (location) found.push({ location, range });
  }
}

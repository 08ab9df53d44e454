/**
 * Structured data with typed arrays as one run of bytes: a JSON head in which `{"$": i}` stands for the i-th array, and
 * behind it the arrays themselves, each from a multiple of 8 bytes on, little-endian.
 */
const TYPES = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, i32: Int32Array, f64: Float64Array } as const;
type TypeName = keyof typeof TYPES;
type TypedArray = InstanceType<(typeof TYPES)[TypeName]>;

interface ArrayPlace {
  readonly type: TypeName;
  readonly offset: number;
  readonly length: number;
}

/** The longest array of bytes that every V8 of the last years can have. */
const MAX_BYTES = 2 ** 32 - 1;

/** What cannot be packed or unpacked: the message says why, and at which byte. */
export class PackError extends Error {}

/** @throws PackError when there is more than one array of bytes can hold */
export function pack(magic: string, data: unknown): Uint8Array {
  const arrays: TypedArray[] = [];
  const body = JSON.stringify(data, (_, value: unknown) => {
    if (!ArrayBuffer.isView(value)) return value;
    arrays.push(value as TypedArray);
    return { $: arrays.length - 1 };
  });
  let offset = 0;
  const places = arrays.map((array): ArrayPlace => {
    const place = { type: typeName(array), offset, length: array.length };
    offset += align(array.byteLength);
    return place;
  });
  const head = new TextEncoder().encode(JSON.stringify({ arrays: places, body: JSON.parse(body) as unknown }));
  const start = align(magic.length + 4 + head.length);
  if (start + offset > MAX_BYTES)
    throw new PackError(`it would hold ${start + offset} bytes, and no more than ${MAX_BYTES} can be packed`);
  const bytes = new Uint8Array(start + offset);
  bytes.set(new TextEncoder().encode(magic));
  new DataView(bytes.buffer).setUint32(magic.length, head.length, true);
  bytes.set(head, magic.length + 4);
  places.forEach((place, i) => {
    const array = arrays[i];
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), start + place.offset);
  });
  return bytes;
}

/** @throws PackError when the bytes are not what `pack` made with the same magic */
export function unpack(magic: string, bytes: Uint8Array): unknown {
  const headStart = magic.length + 4;
  if (bytes.length < headStart || new TextDecoder().decode(bytes.slice(0, magic.length)) !== magic) {
    throw new PackError(`it does not begin with "${magic}"`);
  }
  const headLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(magic.length, true);
  if (headStart + headLength > bytes.length) throw new PackError(`it ends at byte ${bytes.length}, inside its head`);
  let head: { arrays?: unknown; body?: unknown };
  try {
    head = JSON.parse(new TextDecoder().decode(bytes.slice(headStart, headStart + headLength))) as typeof head;
  } catch {
    throw new PackError(`its head, ${headLength} bytes from byte ${headStart} on, is no JSON`);
  }
  if (typeof head !== "object" || head === null || !Array.isArray(head.arrays)) {
    throw new PackError(`its head, ${headLength} bytes from byte ${headStart} on, lists no arrays`);
  }
  const start = align(headStart + headLength);
  const arrays = (head.arrays as unknown[]).map((place) => arrayAt(place, bytes, start));
  return substitute(head.body, arrays);
}

function arrayAt(data: unknown, bytes: Uint8Array, start: number): TypedArray {
  const { type, offset, length } = data as Partial<ArrayPlace>;
  if (
    type === undefined ||
    !Object.hasOwn(TYPES, type) ||
    !Number.isSafeInteger(offset) ||
    !Number.isSafeInteger(length) ||
    offset === undefined ||
    length === undefined ||
    offset < 0 ||
    length < 0
  ) {
    throw new PackError("its head describes an array that cannot be");
  }
  const Type = TYPES[type];
  const from = start + offset;
  const end = from + length * Type.BYTES_PER_ELEMENT;
  if (end > bytes.length) throw new PackError(`it ends at byte ${bytes.length}, and its arrays at byte ${end}`);
  const at = bytes.byteOffset + from;
  // Images are most of a file: where they lie as arrays must, nothing is copied.
  if (at % Type.BYTES_PER_ELEMENT === 0) return new Type(bytes.buffer as ArrayBuffer, at, length);
  return new Type(bytes.slice(from, end).buffer);
}

function substitute(value: unknown, arrays: readonly TypedArray[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => substitute(item, arrays));
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0][0] === "$") {
    const array = arrays[entries[0][1] as number];
    if (array === undefined) throw new PackError(`its body names array ${String(entries[0][1])}, which is not there`);
    return array;
  }
  return Object.fromEntries(entries.map(([key, item]) => [key, substitute(item, arrays)]));
}

function typeName(array: TypedArray): TypeName {
  const found = (Object.keys(TYPES) as TypeName[]).find((name) => array instanceof TYPES[name]);
  if (found === undefined)
    throw new Error("only Uint8Array, Uint16Array, Uint32Array, Int32Array and Float64Array can be packed");
  return found;
}

function align(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

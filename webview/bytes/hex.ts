export const ROW_BYTES = 16;

/** Digits that all offsets of a region are written with. */
export function offsetDigits(sizeBytes: number): number {
  return Math.max(4, Math.max(0, sizeBytes - 1).toString(16).length);
}

export function hexOffset(offset: number, digits: number): string {
  return offset.toString(16).padStart(digits, "0");
}

export function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/** What a byte is as a character; undefined where it is none that can be seen. */
export function asciiOf(byte: number): string | undefined {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : undefined;
}

/** An offset as people write it: `8000`, or hexadecimal as `0x1f40` or `1f40h`; undefined where it is none. */
export function parseOffset(text: string): number | undefined {
  const trimmed = text.trim().replaceAll(/[,_]/g, "");
  const hex = /^0x([\da-f]+)$/i.exec(trimmed) ?? /^([\da-f]+)h$/i.exec(trimmed);
  if (hex !== null) return Number.parseInt(hex[1], 16);
  return /^\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** What the bytes from a place on say as numbers, little-endian as all memory of a program; as many kinds as there are bytes for. */
export function numbersAt(bytes: Uint8Array, at: number): readonly { readonly kind: string; readonly text: string }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const left = bytes.length - at;
  const numbers: { kind: string; text: string }[] = [];
  if (left >= 1) numbers.push({ kind: "u8", text: String(view.getUint8(at)) });
  if (left >= 2) numbers.push({ kind: "u16", text: String(view.getUint16(at, true)) });
  if (left >= 4) {
    numbers.push({ kind: "i32", text: String(view.getInt32(at, true)) });
    numbers.push({ kind: "f32", text: float(view.getFloat32(at, true)) });
  }
  if (left >= 8) {
    numbers.push({ kind: "i64", text: String(view.getBigInt64(at, true)) });
    numbers.push({ kind: "f64", text: float(view.getFloat64(at, true)) });
  }
  return numbers;
}

function float(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(7))) : String(value);
}

import { words } from "../../machine/bytes.ts";

/** Castagnoli's polynomial, its bits reversed. */
const POLYNOMIAL = 0x82f63b78;

/** Four tables of 256 words: the k-th tells what a byte does to the sum k bytes later. */
const TABLES = makeTables();

function makeTables(): Uint32Array {
  const tables = new Uint32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 1 ? (sum >>> 1) ^ POLYNOMIAL : sum >>> 1;
    tables[byte] = sum;
  }
  for (let i = 256; i < tables.length; i++) tables[i] = (tables[i - 256] >>> 8) ^ tables[tables[i - 256] & 255];
  return tables;
}

/** CRC-32C (RFC 3720, appendix B.4): finds every flipped bit, and every run of up to 32 changed bits. */
export function crc32c(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  const whole = words(bytes);
  for (let i = 0; i < whole.length; i++) {
    const word = sum ^ whole[i];
    sum =
      TABLES[768 + (word & 255)] ^
      TABLES[512 + ((word >>> 8) & 255)] ^
      TABLES[256 + ((word >>> 16) & 255)] ^
      TABLES[word >>> 24];
  }
  for (let i = whole.length * 4; i < bytes.length; i++) sum = (sum >>> 8) ^ TABLES[(sum ^ bytes[i]) & 255];
  return ~sum >>> 0;
}

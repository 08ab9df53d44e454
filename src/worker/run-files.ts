import { readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { BadInputError } from "../program/program.ts";
import { decodeRun, encodeRun, type SavedRun } from "../run/run-file.ts";
import { writeWhole } from "./write-whole.ts";

/**
 * Writes a run file whole or not at all.
 * @throws BadInputError when it cannot be written, or holds too much
 */
export function writeRunFile(path: string, run: SavedRun): void {
  writeWhole(path, "the run file", gzipSync(encodeRun(run, path), { level: 1 }));
}

/** @throws BadInputError when the file is missing, damaged, or no run file */
export function readRunFile(path: string): SavedRun {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new BadInputError(missing ? `there is no file ${path}` : `cannot read ${path}: ${(error as Error).message}`);
  }
  let plain: Uint8Array;
  try {
    plain = gunzipSync(bytes);
  } catch (error) {
    throw new BadInputError(
      `${path} is not a run file, or it is damaged: its ${bytes.length} bytes do not decompress (${(error as Error).message})`,
    );
  }
  return decodeRun(new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength), path);
}

/** Whether a path names a run file by its beginning: gzip's two bytes. */
export function isRunFile(path: string): boolean {
  try {
    const bytes = readFileSync(path);
    return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
  } catch {
    return false;
  }
}

import { renameSync, rmSync, writeFileSync } from "node:fs";
import { BadInputError } from "../program/program.ts";

/**
 * Writes a file whole or not at all.
 * @param what it is, for errors
 * @throws BadInputError when it cannot be written
 */
export function writeWhole(path: string, what: string, contents: string | Uint8Array): void {
  const partial = `${path}.partial`;
  try {
    writeFileSync(partial, contents);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw new BadInputError(`cannot write ${what} ${path}: ${(error as Error).message}`);
  }
}

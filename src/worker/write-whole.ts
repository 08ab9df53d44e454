import { accessSync, constants, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
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
    throw new BadInputError(`cannot write ${what} ${path}: ${reasonOf(error as NodeJS.ErrnoException, path)}`);
  }
}

/**
 * Comes before long work whose result goes to a file.
 * @throws BadInputError when the folder of the file that `--out` names is not there or may not be written
 */
export function checkFolderOf(path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch {
    throw new BadInputError(`--out ${path}: the folder ${dirname(path)} is not there, or may not be written`);
  }
}

/** The system's own sentence names a file that nobody asked for. */
function reasonOf({ code, message }: NodeJS.ErrnoException, path: string): string {
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return `there is no folder ${dirname(path)}`;
    case "EISDIR":
    case "ENOTEMPTY":
    case "EEXIST":
      return "it is a folder";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "EROFS":
      return "the disk is read-only";
    case "ENOSPC":
      return "no space is left on the disk";
    default:
      return code ?? message;
  }
}

import { readFileSync, statSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { BadInputError } from "../program.ts";

/** The bytes of a file that the user named. */
export function readUserFile(path: string, workingDirectory: string): Uint8Array {
  const absolute = resolve(workingDirectory, path);
  try {
    if (statSync(absolute).isDirectory()) throw new BadInputError(`${path}: a file is expected, this is a directory`);
    return readFileSync(absolute);
  } catch (error) {
    throw error instanceof BadInputError ? error : new BadInputError(`${path}: ${explain(error)}`);
  }
}

/** The text of a source file that the user named: UTF-8, with or without a byte order mark. */
export function readUserText(path: string, workingDirectory: string): string {
  const bytes = readUserFile(path, workingDirectory);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new BadInputError(`${path}, byte ${firstBadByte(bytes)}: source must be UTF-8 text, this is not`);
  }
}

/** The text of a file that need not exist: undefined when it does not, or is no file. */
export function readIfPresent(absolute: string): string | undefined {
  try {
    return readFileSync(absolute, "utf8");
  } catch {
    return undefined;
  }
}

/** A file's name as the user would write it: relative to where they stand when it is below, absolute otherwise. */
export function displayPath(absolute: string, workingDirectory: string): string {
  const path = relative(workingDirectory, absolute);
  return path === "" || path.startsWith("..") || isAbsolute(path) ? absolute : path.split(sep).join("/");
}

function explain(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return "there is no such file";
    case "EACCES":
    case "EPERM":
      return "this file may not be read";
    case "ELOOP":
      return "this link leads back to itself";
    case "ENAMETOOLONG":
      return "this name is too long for a file";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

/** Offset of the first byte that does not belong to valid UTF-8. */
function firstBadByte(bytes: Uint8Array): number {
  const isValid = (length: number, stream: boolean): boolean => {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length), { stream });
      return true;
    } catch {
      return false;
    }
  };
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (isValid(middle, true)) low = middle;
    else high = middle - 1;
  }
  // What is valid so far may end within a character, which then is the bad one.
  while (low > 0 && !isValid(low, false)) low--;
  return low;
}

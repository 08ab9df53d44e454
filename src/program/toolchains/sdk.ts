import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BadInputError } from "../program.ts";

/**
 * The directory of what programs are compiled against. It is `sdk` beside some directory that this code is in: in the
 * sources that is `src`, in the built product the directory of the bundle.
 * @param given the answer, when the caller knows it
 */
export function sdkDirectory(given?: string): string {
  if (given !== undefined) return given;
  let directory = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(directory, "sdk");
    if (existsSync(join(candidate, "include", "veloc.h"))) return candidate;
    const parent = dirname(directory);
    if (parent === directory) break;
    directory = parent;
  }
  throw new BadInputError(
    `the directory sdk with include/veloc.h is missing above ${fileURLToPath(import.meta.url)}: install the product again`,
  );
}

/** Where the samples are compiled in the packaged product; elsewhere nothing is there. */
export function shippedPrograms(sdk?: string): string {
  return join(dirname(sdkDirectory(sdk)), "compiled");
}

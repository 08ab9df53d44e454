import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { BadInputError } from "../program.ts";

/** The version of an installed package, without loading it. */
export function packageVersion(name: string): string {
  const require = createRequire(import.meta.url);
  for (const directory of require.resolve.paths(name) ?? []) {
    try {
      const description: unknown = JSON.parse(readFileSync(join(directory, name, "package.json"), "utf8"));
      if (typeof description === "object" && description !== null && "version" in description) {
        return String(description.version);
      }
    } catch {
      // Not in this directory.
    }
  }
  throw new BadInputError(`the package ${name} is not installed: it is what compiles this program`);
}

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * A file of the built product: beside the bundle that this code is in, or beside the bundle's folder of chunks.
 * @throws Error where it is missing
 */
export function bundledFile(name: string): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const file = [here, dirname(here)].map((folder) => join(folder, name)).find(existsSync);
  if (file === undefined) throw new Error(`${name} is missing beside ${here}: install the product again`);
  return file;
}

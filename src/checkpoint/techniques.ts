import type { TechniqueDefinition } from "./technique.ts";
import { fullCopy } from "./techniques/full-copy.ts";
import { hash } from "./techniques/hash.ts";
import { hvEmulate } from "./techniques/hv-emulate.ts";
import { hvHybrid } from "./techniques/hv-hybrid.ts";
import { hvProtect } from "./techniques/hv-protect.ts";
import { hvScan } from "./techniques/hv-scan.ts";
import { mprotect } from "./techniques/mprotect.ts";
import { epml, spml } from "./techniques/pml.ts";
import { remus } from "./techniques/remus.ts";
import { softDirty } from "./techniques/soft-dirty.ts";
import { uffdWp, uffdWpSigbus } from "./techniques/uffd-wp.ts";

/** A new technique is its file and a line here; `techniques/README.md` says what else names it. */
const TABLE = [
  fullCopy,
  mprotect,
  softDirty,
  uffdWp,
  uffdWpSigbus,
  hash,
  hvProtect,
  hvEmulate,
  hvHybrid,
  hvScan,
  spml,
  epml,
  remus,
] as const;

export type TechniqueId = (typeof TABLE)[number]["id"];

/** Every technique, in the order in which tables show them. */
export const TECHNIQUES: readonly TechniqueDefinition<TechniqueId>[] = TABLE;
export const TECHNIQUE_IDS: readonly TechniqueId[] = TECHNIQUES.map(({ id }) => id);

/** @throws Error when no technique has this name */
export function techniqueOf(id: TechniqueId): TechniqueDefinition<TechniqueId> {
  const found = TECHNIQUES.find((technique) => technique.id === id);
  if (found === undefined) throw new Error(`no technique is called ${id}`);
  return found;
}

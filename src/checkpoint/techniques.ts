import type { TechniqueDefinition, TechniqueId } from "./technique.ts";
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

/** Every technique, in the order in which tables show them. A new technique is its file and a line here. */
export const TECHNIQUES: readonly TechniqueDefinition[] = [
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
];

/** @throws Error when no technique has this name */
export function techniqueOf(id: TechniqueId): TechniqueDefinition {
  const found = TECHNIQUES.find((technique) => technique.id === id);
  if (found === undefined) throw new Error(`no technique is called ${id}`);
  return found;
}

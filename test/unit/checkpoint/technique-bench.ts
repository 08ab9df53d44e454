import { CheckpointEngine } from "../../../src/checkpoint/engine.ts";
import type { Region, RegionSpec } from "../../../src/checkpoint/regions.ts";
import { DEFAULT_OPTIONS, type TechniqueDefinition } from "../../../src/checkpoint/technique.ts";
import { createGuest } from "../../../src/linux/guest.ts";
import type { GuestEnvironment } from "../../../src/linux/hosts.ts";
import type { KernelVersion } from "../../../src/linux/kernel-build.ts";
import type { Phase } from "../../../src/machine/context.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { PRIMITIVE_COUNT } from "../../../src/machine/primitives.ts";

const SITE = 0;

/** A technique on a guest of its own, driven page by page. */
export function techniqueBench(
  definition: TechniqueDefinition,
  environment: GuestEnvironment,
  kernel: KernelVersion,
  pageCount: number,
) {
  const ledger = new Ledger(PRIMITIVE_COUNT);
  const guest = createGuest({ environment, kernel }, ledger);
  const { process } = guest;
  const base = process.mmap(pageCount, "rw");
  const { xen } = guest;
  const { states } = guest.kernel.table;
  const engine = new CheckpointEngine(definition, { process, xen, ledger, states, options: DEFAULT_OPTIONS }, base);
  return {
    engine,
    process,
    base,
    store(...pages: number[]) {
      for (const page of pages) {
        const before = ledger.enter(
          engine.isArmed(page) ? "track" : "run",
          engine.epoch,
          SITE,
          engine.regionIndex.of(page),
        );
        process.store(base + page);
        ledger.restore(before);
      }
    },
    protect(id: number, firstPage: number, count: number): Region {
      const spec: RegionSpec = { id, group: "", address: firstPage * 4096, bytes: count * 4096, label: "" };
      return engine.protect(spec, SITE);
    },
    unprotect: (region: Region) => engine.unprotect(region, SITE),
    /** @returns the pages that it saved of each region */
    save(...regions: Region[]): (readonly number[])[] {
      const saved = engine.save(regions, SITE);
      engine.commit(SITE);
      return saved.map(({ pages }) => [...pages]);
    },
    /** What was charged in a phase of an epoch. */
    counts(phase: Phase, epoch: number): Float64Array {
      return ledger.totals((row) => row.phase === phase && row.epoch === epoch);
    },
  };
}

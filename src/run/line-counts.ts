import { firstAtLeast } from "../machine/sorted.ts";
import type { InstrumentedModule } from "../program/instrument/types.ts";
import type { LineTable } from "../program/program.ts";
import type { LineCounts } from "./recording.ts";

/** Stores and virtual cycles of each source line that stores anything, from the counters of the module's straight-line runs. */
export function lineCounts(module: InstrumentedModule, lines: LineTable, blockCounts: Uint32Array): LineCounts[] {
  const byLine = new Map<string, { file: string; line: number; function: string; stores: number; cycles: number }>();
  const entry = (offset: number, functionIndex: number) => {
    const place = lines.lookup(offset);
    const name = module.functions[functionIndex].name;
    const key = place === undefined ? `\0${name}` : `${place.file}\0${place.line}`;
    let counts = byLine.get(key);
    if (counts === undefined) {
      counts = { file: place?.file ?? "", line: place?.line ?? 0, function: name, stores: 0, cycles: 0 };
      byLine.set(key, counts);
    }
    return counts;
  };
  const { offsets, cycles } = module.weights;
  for (let index = 0; index < module.blocks.length; index++) {
    const count = blockCounts[index];
    if (count === 0) continue;
    const block = module.blocks[index];
    for (let i = 0; i < block.siteCount; i++) {
      const site = module.sites[block.firstSite + i];
      entry(site.offset, site.functionIndex).stores += count;
    }
    for (let i = firstAtLeast(offsets, block.offset); i < offsets.length && offsets[i] < block.endOffset; i++) {
      entry(offsets[i], block.functionIndex).cycles += cycles[i] * count;
    }
  }
  return [...byLine.values()].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line || compare(a.function, b.function),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

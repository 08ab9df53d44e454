import { bytes } from "../../src/run/units.ts";
import type { RunSummary } from "../../src/session/figures.ts";
import type { PageBlock } from "../draw/page-layout.ts";
import { t } from "../text.ts";

/**
 * The blocks of a map: one for each region, in the order of memory; of the whole guest, also what lies between. A region
 * whose pages are all on the block before it stands there, too; a page at the border of two regions is in both blocks.
 */
export function pageBlocks({ regions, pageCount }: RunSummary, wholeGuest: boolean): readonly PageBlock[] {
  const sorted = regions.filter((region) => region.pageCount > 0).sort((a, b) => a.firstPage - b.firstPage);
  const blocks: { label: string; firstPage: number; pageCount: number }[] = [];
  let next = 0;
  const between = (to: number) => {
    if (wholeGuest && to > next) blocks.push({ label: t("Not protected"), firstPage: next, pageCount: to - next });
  };
  for (const { name, id, bytes: size, firstPage, pageCount: count } of sorted) {
    const label = `${name === "" ? t("Region {0}", id) : name} · ${bytes(size)}`;
    const end = firstPage + count;
    const last = blocks.at(-1);
    if (last !== undefined && end <= next) {
      if (!last.label.split(", ").includes(label)) last.label += `, ${label}`;
    } else {
      between(firstPage);
      blocks.push({ label, firstPage, pageCount: count });
    }
    next = Math.max(next, end);
  }
  between(pageCount);
  return blocks;
}

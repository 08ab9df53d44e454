import { integer } from "../../src/run/units.ts";
import type { MapReply } from "../../src/session/figures.ts";
import type { PageBlock } from "../draw/page-layout.ts";
import { t } from "../text.ts";
import { dataTable } from "../ui/table.ts";
import { type Measure, measureText, valueText } from "./measure-text.ts";

const MOST_ROWS = 500;

/** The pages of a map that were written, in the map's order. */
export function pageTable(blocks: readonly PageBlock[], values: MapReply["values"], measure: Measure): HTMLElement {
  const rows: string[][] = [];
  for (const { label, firstPage, pageCount } of blocks) {
    for (let page = firstPage; page < firstPage + pageCount && rows.length < MOST_ROWS; page++) {
      if (values[page] === 0) continue;
      rows.push([integer(page), `0x${(page * 4096).toString(16)}`, label, valueText(measure, values[page])]);
    }
  }
  const caption =
    rows.length < MOST_ROWS ? t("Pages that were written") : t("The first {0} pages that were written", MOST_ROWS);
  return dataTable(caption, [t("Page"), t("Address"), t("Region"), measureText(measure)], rows);
}

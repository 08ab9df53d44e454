import type { ByteRange } from "../src/run/audit/byte-ranges.ts";
import type { MapReply, RestartsReply, RunSummary } from "../src/session/figures.ts";

/** What a map of pages shows of an audit: bytes of each page that restarts lack, never read, or read. */
export const RESTART_MEASURES = ["staleBytes", "deadBytes", "liveBytes"] as const;
export type RestartMeasure = (typeof RESTART_MEASURES)[number];

const PAGE_BYTES = 4096;

export function isRestartMeasure(measure: string): measure is RestartMeasure {
  return RESTART_MEASURES.some((one) => one === measure);
}

/** The map of a layer; empty where no audit was made. Regions count where the run has them. */
export function restartMap(
  { pageCount, regions }: RunSummary,
  restarts: RestartsReply | undefined,
  measure: RestartMeasure,
): MapReply {
  const values = new Uint16Array(pageCount);
  const layers = restarts?.audit?.layers;
  const add = ({ start, end }: ByteRange, address: number) => {
    for (let at = address + start; at < address + end; ) {
      const page = Math.floor(at / PAGE_BYTES);
      const next = Math.min((page + 1) * PAGE_BYTES, address + end);
      if (page < pageCount) values[page] = Math.min(PAGE_BYTES, values[page] + next - at);
      at = next;
    }
  };
  if (measure === "staleBytes") for (const range of layers?.stale ?? []) add(range, 0);
  else {
    for (const { region, group, live, dead } of layers?.regions ?? []) {
      const place = regions.findLast((one) => one.id === region && one.group === group);
      if (place === undefined) continue;
      for (const range of measure === "deadBytes" ? dead : live) add(range, place.address);
    }
  }
  return { values, max: values.reduce((most, value) => Math.max(most, value), 0) };
}

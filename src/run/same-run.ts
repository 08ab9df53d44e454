import type { Recording, SiteSource } from "./recording.ts";

/**
 * A recording of the same run, with every write where the earlier one has none, in terms of the earlier one: its sites have the
 * numbers that they have there, and sites that only the later one has come behind them.
 * @returns undefined where it is not of the same run
 */
export function inTermsOf(earlier: Recording, later: Recording): Recording | undefined {
  const isSame =
    earlier.programCycles === later.programCycles &&
    earlier.endPages === later.endPages &&
    earlier.calls.length === later.calls.length &&
    earlier.epochs.length === later.epochs.length &&
    earlier.epochs.every(({ pages }, epoch) => isEqual(pages, later.epochs[epoch].pages));
  if (!isSame) return undefined;
  const { numbers, sites } = renumbered(earlier.sites, later.sites);
  const inTerms = (column: Int32Array) => column.map((site) => (site < 0 ? site : numbers[site]));
  const { site, writes } = later;
  return {
    ...later,
    site: inTerms(site),
    sites,
    ...(writes === undefined ? {} : { writes: { ...writes, site: inTerms(writes.site) } }),
  };
}

/** Sites of one place are alike: the first there is the first here, and so on. */
function renumbered(earlier: readonly SiteSource[], later: readonly SiteSource[]) {
  const free = new Map<string, number[]>();
  for (const [number, source] of earlier.entries()) {
    const alike = free.get(keyOf(source)) ?? [];
    alike.push(number);
    free.set(keyOf(source), alike);
  }
  const sites = [...earlier];
  const numbers = later.map((source) => free.get(keyOf(source))?.shift() ?? sites.push(source) - 1);
  return { numbers, sites };
}

function keyOf({ file, line, function: name }: SiteSource): string {
  return `${file}\0${line}\0${name}`;
}

function isEqual(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

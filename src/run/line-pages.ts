import { EVENT, type Recording, type SiteSource } from "./recording.ts";

/** A source line and how many pages its stores were the first in an epoch to write, each page counted once. */
export interface LinePages {
  readonly source: SiteSource;
  readonly pages: number;
}

/** Tells the lines of a program apart; code without lines by its function. */
export function lineKey({ file, line, function: name }: SiteSource): string {
  return line > 0 ? `${file}\0${line}` : `\0${name}`;
}

const known = new WeakMap<Recording, readonly LinePages[]>();

/**
 * Pages that each line dirtied, lines in the order of their first store. It is the same under every technique, and counted
 * once for each recording.
 */
export function linePages(recording: Recording): readonly LinePages[] {
  let lines = known.get(recording);
  if (lines === undefined) {
    lines = countLinePages(recording);
    known.set(recording, lines);
  }
  return lines;
}

function countLinePages({ kind, argument, site, sites, endPages }: Recording): LinePages[] {
  const lines: { source: SiteSource; pages: number }[] = [];
  const numbers = new Map<string, number>();
  const lineOfSite = new Int32Array(sites.length).fill(-1);
  const events: number[] = [];
  for (let i = 0; i < kind.length; i++) {
    const at = site[i];
    if (kind[i] !== EVENT.store || at < 0) continue;
    if (lineOfSite[at] < 0) {
      const key = lineKey(sites[at]);
      const line = numbers.get(key) ?? lines.push({ source: sites[at], pages: 0 }) - 1;
      numbers.set(key, line);
      lineOfSite[at] = line;
      events[line] ??= 0;
    }
    events[lineOfSite[at]]++;
  }
  // Each line's pages beside each other, so that one mark for each page tells whether the line has had it.
  let end = 0;
  const next = Int32Array.from(events, (count) => {
    end += count;
    return end - count;
  });
  const starts = next.slice();
  const pages = new Uint32Array(end);
  for (let i = 0; i < kind.length; i++)
    if (kind[i] === EVENT.store && site[i] >= 0) pages[next[lineOfSite[site[i]]]++] = argument[i];
  const lastLine = new Int32Array(endPages).fill(-1);
  lines.forEach((line, number) => {
    for (let i = starts[number]; i < next[number]; i++) {
      if (lastLine[pages[i]] === number) continue;
      lastLine[pages[i]] = number;
      line.pages++;
    }
  });
  return lines;
}

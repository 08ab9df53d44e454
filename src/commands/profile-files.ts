import type { App } from "./app.ts";

/** Counts anew what counts with the prices of a profile's file, which has been written again. */
export function recount({ runs }: App, file: string): void {
  for (const run of runs.all) {
    if (run.perspective.prices.profile !== file) continue;
    runs.look(run, { machine: run.perspective.machine, prices: { profile: file } });
    runs.compare(run, "own").catch(() => {}); // Why figures cannot be had is told by onDidFail.
  }
}

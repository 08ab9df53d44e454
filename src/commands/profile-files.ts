import type { Run } from "../editor/runs.ts";
import type { App } from "./app.ts";
import { setMachine } from "./perspective.ts";

/** Counts with the prices of a profile's file from now on, and the shown run at once. */
export async function countWith(app: App, file: string): Promise<void> {
  await setMachine({ prices: file });
  const run = app.runs.current;
  if (run !== undefined && run.perspective.prices.profile !== file) look(app, run, file);
}

/** Counts anew what counts with the prices of a profile's file, which has been written again. */
export function recount(app: App, file: string): void {
  for (const run of app.runs.all) if (run.perspective.prices.profile === file) look(app, run, file);
}

function look({ runs }: App, run: Run, profile: string): void {
  runs.look(run, { machine: run.perspective.machine, prices: { profile } });
  runs.compare(run, "own").catch(() => {}); // Why figures cannot be had is told by onDidFail.
}

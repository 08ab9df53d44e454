import { optionsIn, refusalOf, refusalText } from "../checkpoint/refusal.ts";
import { ENVIRONMENTS } from "../checkpoint/technique.ts";
import { TECHNIQUE_IDS, techniqueOf } from "../checkpoint/techniques.ts";
import { type PriceProfile, priceList } from "../machine/prices.ts";
import { meanCheckpointCycles, overheadPercent } from "../run/comparison.ts";
import type { Outcome } from "../run/outcome.ts";
import { replayRefusal } from "../run/replay.ts";
import { report } from "../run/report.ts";
import type { ComparisonCell } from "./figures.ts";
import type { SessionHost } from "./host.ts";
import { CancelledError } from "./messages.ts";
import type { ParamsOf, ProgressOf } from "./methods.ts";
import type { RunStore } from "./run-store.ts";
import type { Request } from "./serve.ts";

/**
 * Runs on all machines side by side. A machine that a run was taken through is only priced when it is asked for again: other
 * prices replay nothing.
 */
export class Comparisons {
  readonly #host: SessionHost;
  readonly #store: RunStore;
  /** All that were asked for so far; never rejects. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(host: SessionHost, store: RunStore) {
    this.#host = host;
    this.#store = store;
  }

  /** @throws BadInputError; CancelledError when the request was cancelled */
  compare(
    params: ParamsOf<"compare">,
    profile: PriceProfile,
    request: Request<ProgressOf<"compare">>,
  ): Promise<readonly ComparisonCell[]> {
    // One after the other, because what one replays the next finds done.
    const result = this.#last.then(() => this.#compareNow(params, profile, request));
    this.#last = result.catch(() => {});
    return result;
  }

  async #compareNow(
    { run: id, machine: options, techniques = TECHNIQUE_IDS, environments = ENVIRONMENTS }: ParamsOf<"compare">,
    profile: PriceProfile,
    request: Request<ProgressOf<"compare">>,
  ): Promise<readonly ComparisonCell[]> {
    if (request.isCancelled) throw new CancelledError();
    const run = this.#store.get(id);
    const { recording } = run.saved;
    const machines = environments.flatMap((environment) =>
      techniques.map((technique) => ({ ...optionsIn(environment, options), environment, technique })),
    );
    const cells = new Array<ComparisonCell | undefined>(machines.length);
    let told = 0;
    const priced = (outcome: Outcome): ComparisonCell =>
      cellOf(outcome, report(recording, outcome, priceList(profile, outcome.pathLengths)));
    /** Where there is something to wait for, what is known already is told meanwhile. */
    const tell = (cell: ComparisonCell): void => request.progress({ cell, done: ++told, total: machines.length });
    const unknown: number[] = [];
    for (const [place, machine] of machines.entries()) {
      const { environment, technique } = machine;
      const refusal = refusalOf(techniqueOf(technique), machine) ?? replayRefusal(recording, technique);
      if (refusal !== undefined)
        cells[place] = { environment, technique, available: false, reason: refusalText(refusal), refusal };
      else {
        const outcome = this.#store.outcome(run, machine);
        if (outcome === undefined) unknown.push(place);
        else cells[place] = priced(outcome);
      }
    }
    if (unknown.length > 0) for (const cell of cells) if (cell !== undefined) tell(cell);
    await this.#host.replayAll(
      recording,
      unknown.map((place) => machines[place]),
      request,
      (number, outcome) => {
        this.#store.keepOutcome(run, outcome);
        const cell = priced(outcome);
        cells[unknown[number]] = cell;
        tell(cell);
      },
    );
    if (request.isCancelled) throw new CancelledError();
    return cells.flatMap((cell) => cell ?? []);
  }
}

function cellOf({ options }: Outcome, costs: ReturnType<typeof report>): ComparisonCell {
  const { overhead, totals } = costs;
  return {
    environment: options.environment,
    technique: options.technique,
    available: true,
    machine: options,
    overhead,
    overheadPercent: overheadPercent(costs),
    meanCheckpointCycles: meanCheckpointCycles(costs),
    totals,
  };
}

import { optionsIn, refusalOf, refusalText } from "../checkpoint/refusal.ts";
import { ENVIRONMENTS } from "../checkpoint/technique.ts";
import { TECHNIQUE_IDS, techniqueOf } from "../checkpoint/techniques.ts";
import { type PriceProfile, priceList } from "../machine/prices.ts";
import { meanCheckpointCycles, overheadPercent } from "../run/comparison.ts";
import type { Outcome } from "../run/outcome.ts";
import { replayRefusal } from "../run/replay.ts";
import { report } from "../run/report.ts";
import type { EveryWrite } from "./every-write.ts";
import type { ComparisonCell } from "./figures.ts";
import type { SessionHost } from "./host.ts";
import { CancelledError } from "./messages.ts";
import type { ParamsOf, ProgressOf } from "./methods.ts";
import type { Request } from "./request.ts";
import type { RunStore } from "./run-store.ts";

/**
 * Runs on all machines side by side. A machine that a run was taken through is only priced when it is asked for again: other
 * prices replay nothing.
 */
export class Comparisons {
  readonly #host: SessionHost;
  readonly #store: RunStore;
  readonly #everyWrite: EveryWrite;
  /** All that were asked for so far; never rejects. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(host: SessionHost, store: RunStore, everyWrite: EveryWrite) {
    this.#host = host;
    this.#store = store;
    this.#everyWrite = everyWrite;
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
    params: ParamsOf<"compare">,
    profile: PriceProfile,
    request: Request<ProgressOf<"compare">>,
  ): Promise<readonly ComparisonCell[]> {
    if (request.isCancelled) throw new CancelledError();
    const { run: id, machine: options, techniques = TECHNIQUE_IDS, environments = ENVIRONMENTS } = params;
    const machines = environments.flatMap((environment) =>
      techniques.map((technique) => ({ ...optionsIn(environment, options), environment, technique })),
    );
    const cells = new Array<ComparisonCell | undefined>(machines.length);
    let told = 0;
    /** Where there is something to wait for, what is known already is told meanwhile. */
    const tell = (cell: ComparisonCell): void => request.progress({ cell, done: ++told, total: machines.length });
    const answer = async (places: readonly number[]): Promise<void> => {
      const run = this.#store.get(id);
      const { recording } = run.saved;
      const priced = (outcome: Outcome): ComparisonCell =>
        cellOf(outcome, report(recording, outcome, priceList(profile, outcome.pathLengths)));
      const unknown: number[] = [];
      for (const place of places) {
        const machine = machines[place];
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
      if (unknown.length > 0 || places.length < machines.length)
        for (const place of places) {
          const cell = cells[place];
          if (cell !== undefined) tell(cell);
        }
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
    };
    const run = this.#store.get(id);
    const isLater = (place: number) =>
      params.mayRunAgain === true && this.#everyWrite.canFindOut(run, machines[place].technique);
    const places = [...machines.keys()];
    await answer(places.filter((place) => !isLater(place)));
    const later = places.filter(isLater);
    if (later.length > 0) {
      await this.#everyWrite.findOut(id, machines[later[0]].technique, request);
      await answer(later);
    }
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

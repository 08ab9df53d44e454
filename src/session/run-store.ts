import { type CheckpointImage, ImageStore } from "../checkpoint/images.ts";
import type { PriceList } from "../machine/prices.ts";
import { BadInputError } from "../program/program.ts";
import { buffersOf } from "../run/cost-table.ts";
import type { MachineOptions } from "../run/machine.ts";
import type { Outcome } from "../run/outcome.ts";
import type { Recording } from "../run/recording.ts";
import { isLibrary } from "../run/sites.ts";
import type { RunId, RunSummary } from "./figures.ts";
import type { FinishedRun } from "./host.ts";
import type { RunParams } from "./methods.ts";
import { type History, historyOf } from "./model/history.ts";
import { imageSummaries, RestoredRegions } from "./model/image-bytes.ts";
import { RecordingIndex } from "./model/recording-index.ts";
import { type TimelineIndex, timelineIndexOf } from "./model/timeline-index.ts";

/** What a program was run with. */
export interface RunInput {
  readonly params: RunParams;
  readonly images: readonly CheckpointImage[];
}

/** A run as the session keeps it. */
export interface KeptRun extends FinishedRun {
  /** For a second run of it; undefined for one from a file. */
  readonly again: RunInput | undefined;
  readonly id: RunId;
  readonly origin: RunSummary["origin"];
  readonly keptSince: number;
  readonly isRepeated: boolean;
  /** Nobody has asked for it yet, and nobody knows of it. */
  readonly isAhead: boolean;
  readonly index: RecordingIndex;
  readonly restored: RestoredRegions;
}

/** A run's history on one machine, and its timeline at the prices that were asked for last. */
interface KeptHistory {
  readonly run: RunId;
  readonly history: History;
  timeline: TimelineIndex | undefined;
}

interface KeptOutcome {
  readonly run: RunId;
  readonly outcome: Outcome;
}

/** Memory for histories when nothing else is said; the one in use is kept, however large. */
const DEFAULT_BUDGET_BYTES = 768 << 20;
/** Memory for outcomes alone. */
const OUTCOMES_BUDGET_BYTES = 256 << 20;

/** The runs of a session. Histories and outcomes can be made again, so those not used for longest go when there are too many. */
export class RunStore {
  readonly #runs = new Map<RunId, KeptRun>();
  /** By run and machine, the one used last at the end. */
  readonly #histories = new Map<string, KeptHistory>();
  /** What runs came to on machines of which nobody wanted a history; in the same order. */
  readonly #outcomes = new Map<string, KeptOutcome>();
  readonly #budgetBytes: number;
  #lastId = 0;

  constructor(budgetBytes = DEFAULT_BUDGET_BYTES) {
    this.#budgetBytes = budgetBytes;
  }

  /** The oldest first; without those that nobody has asked for yet. */
  get all(): readonly KeptRun[] {
    return [...this.#runs.values()].filter(({ isAhead }) => !isAhead);
  }

  /** How many histories are kept. */
  get historyCount(): number {
    return this.#histories.size;
  }

  /** @param keptSince milliseconds since 1970 */
  add(run: FinishedRun, origin: RunSummary["origin"], keptSince: number, again?: RunInput): KeptRun {
    return this.#add(run, { origin, keptSince, again, isAhead: false });
  }

  /** Takes in a run before anybody asks for it (`showAgain`). Of those before it, the newest of another input stays. */
  addAhead(run: FinishedRun, params: RunParams): KeptRun {
    const input = inputKey(params);
    const ahead = [...this.#runs.values()].filter(({ isAhead }) => isAhead);
    const other = ahead.findLast((one) => !isOfInput(one, input));
    for (const old of ahead) if (old !== other) this.close(old.id);
    return this.#add(run, { origin: "live", keptSince: 0, again: { params, images: [] }, isAhead: true });
  }

  #add(run: FinishedRun, how: Pick<KeptRun, "origin" | "keptSince" | "again" | "isAhead">): KeptRun {
    const id = ++this.#lastId;
    const kept: KeptRun = {
      ...run,
      ...how,
      id,
      isRepeated: false,
      index: new RecordingIndex(run.saved.recording),
      restored: new RestoredRegions(new ImageStore(run.saved.images)),
    };
    this.#runs.set(id, kept);
    return kept;
  }

  /** The newest run of the same input, where that says all that a run depends on but the program. */
  newestOf(params: RunParams): KeptRun | undefined {
    const input = inputKey(params);
    if (input === undefined) return undefined;
    return [...this.#runs.values()].findLast((run) => isOfInput(run, input));
  }

  /** What a person asked for has run before: takes it in once more, with all that was found out of it, or tells of it at last. */
  showAgain(before: KeptRun, keptSince: number): KeptRun {
    if (before.isAhead) {
      const run = { ...before, keptSince, isAhead: false };
      this.#runs.delete(run.id);
      this.#runs.set(run.id, run);
      return run;
    }
    const run = { ...before, id: ++this.#lastId, keptSince, isRepeated: true };
    this.#runs.set(run.id, run);
    const share = <T extends { readonly run: RunId }>(kept: Map<string, T>, machineOf: (one: T) => MachineOptions) => {
      for (const one of [...kept.values()])
        if (one.run === before.id) kept.set(keyOf(run, machineOf(one)), { ...one, run: run.id });
    };
    share(this.#histories, ({ history }) => history.outcome.options);
    share(this.#outcomes, ({ outcome }) => outcome.options);
    return run;
  }

  /** A recording of the same run that tells more, in the same terms (`inTermsOf`): what runs came to on machines stays as it was. */
  complete(id: RunId, recording: Recording): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    this.#runs.set(id, { ...run, saved: { ...run.saved, recording }, index: new RecordingIndex(recording) });
    // They name events by their numbers.
    for (const [key, kept] of this.#histories) if (kept.run === id) this.#histories.delete(key);
  }

  /** @throws BadInputError when it is not kept (any more) */
  get(id: RunId): KeptRun {
    const run = this.#runs.get(id);
    if (run === undefined)
      throw new BadInputError(`there is no run ${id}: it was closed, or the session is another one`);
    return run;
  }

  close(id: RunId): void {
    this.get(id);
    this.#runs.delete(id);
    for (const kept of [this.#histories, this.#outcomes])
      for (const [key, { run }] of kept) if (run === id) kept.delete(key);
  }

  /** @throws BadInputError when there is no such machine */
  history(run: KeptRun, machine: MachineOptions): History {
    return this.#kept(run, machine).history;
  }

  /** What a run came to on a machine, where it was replayed there lately. */
  outcome(run: KeptRun, machine: MachineOptions): Outcome | undefined {
    const key = keyOf(run, machine);
    const kept = this.#outcomes.get(key);
    if (kept === undefined) return this.#histories.get(key)?.history.outcome;
    this.#outcomes.delete(key);
    this.#outcomes.set(key, kept);
    return kept.outcome;
  }

  keepOutcome(run: KeptRun, outcome: Outcome): void {
    // It may have been closed while it was replayed.
    if (!this.#runs.has(run.id)) return;
    this.#outcomes.set(keyOf(run, outcome.options), { run: run.id, outcome });
    let size = 0;
    for (const kept of this.#outcomes.values()) size += bytesOf(kept.outcome);
    for (const [key, kept] of this.#outcomes) {
      if (size <= OUTCOMES_BUDGET_BYTES) return;
      this.#outcomes.delete(key);
      size -= bytesOf(kept.outcome);
    }
  }

  timeline(run: KeptRun, machine: MachineOptions, prices: PriceList): TimelineIndex {
    const kept = this.#kept(run, machine);
    if (kept.timeline === undefined || !sameNumbers(kept.timeline.prices.cycles, prices.cycles)) {
      kept.timeline = timelineIndexOf(run.saved.recording, kept.history, prices);
      this.#shrink();
    }
    return kept.timeline;
  }

  #kept(run: KeptRun, machine: MachineOptions): KeptHistory {
    const key = keyOf(run, machine);
    const before = this.#histories.get(key);
    const kept = before ?? {
      run: run.id,
      history: historyOf(run.saved.recording, machine),
      timeline: undefined,
    };
    this.#histories.delete(key);
    this.#histories.set(key, kept);
    if (before === undefined) this.#shrink();
    return kept;
  }

  #shrink(): void {
    let size = 0;
    for (const kept of this.#histories.values()) size += sizeOf(kept);
    for (const [key, kept] of this.#histories) {
      if (size <= this.#budgetBytes || this.#histories.size === 1) return;
      this.#histories.delete(key);
      size -= sizeOf(kept);
    }
  }
}

export function summaryOf(run: KeptRun): RunSummary {
  const { id, origin, keptSince, isRepeated, saved, sources, diagnostics, index } = run;
  const { program, options, ending, stdout, stderr, warnings, recording, images } = saved;
  const files = new Set(
    index.lines.lines.filter(({ file, line }) => line > 0 && !isLibrary(file)).map(({ file }) => file),
  );
  return {
    run: id,
    origin,
    keptSince,
    program: { path: program.path, language: program.language, args: program.args },
    isRepeated,
    machine: options,
    ending,
    stdout,
    stderr,
    warnings,
    diagnostics,
    sources,
    files: [...files].sort(),
    programCycles: recording.programCycles,
    startPages: recording.startPages,
    pageCount: recording.endPages,
    eventCount: recording.kind.length,
    regions: index.regions,
    epochs: index.epochSummaries,
    images: imageSummaries(images),
  };
}

/**
 * The same for runs with the same input, be the program the same or not.
 * @returns undefined where the parameters alone do not say all of it
 */
export function inputKey(params: RunParams): string | undefined {
  const { stdin, dirs, restartFrom } = params;
  if (stdin !== undefined || (dirs ?? []).length > 0 || restartFrom !== undefined) return undefined;
  return JSON.stringify(params);
}

function isOfInput({ again }: KeptRun, input: string | undefined): boolean {
  return again !== undefined && inputKey(again.params) === input;
}

/** The same for the same options, in whatever order they are stated. */
function keyOf({ id }: KeptRun, machine: MachineOptions): string {
  return `${id} ${JSON.stringify(Object.entries(machine).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
}

function sizeOf({ history, timeline }: KeptHistory): number {
  return history.sizeBytes + (timeline?.sizeBytes ?? 0);
}

function bytesOf({ costs }: Outcome): number {
  return buffersOf(costs).reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function sameNumbers(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

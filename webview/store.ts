import { type CheckpointOptions, DEFAULT_OPTIONS } from "../src/checkpoint/technique.ts";
import type { Space } from "../src/machine/prices.ts";
import type { Place } from "../src/panel/messages/messages.ts";
import {
  BREAKDOWNS,
  type BreakdownBy,
  type ComparisonCell,
  type EpochRange,
  type MapMeasure,
  type Perspective,
  type ProfilesReply,
  type RestartsReply,
  type RunSummary,
  type TimeAxis,
} from "../src/session/figures.ts";

import { isRestartMeasure, type RestartMeasure } from "./restart-layers.ts";

export const TABS = ["breakdown", "compare", "whatIf", "runs", "restarts"] as const;
export type Tab = (typeof TABS)[number];

/** Something that has a price: a primitive, or the instructions of a space. */
export type PriceTarget =
  | { readonly kind: "primitive"; readonly name: string }
  | { readonly kind: "space"; readonly space: Space };

/** Everything that the page shows follows from this and from what the session answers to it. */
export interface State {
  readonly run: RunSummary | undefined;
  readonly perspective: Perspective | undefined;
  /** Options that count for the run where none is supposed. */
  readonly settings: CheckpointOptions;
  /** Why there is nothing to show. */
  readonly emptyReason: string;
  /** Who has no program may want a sample. */
  readonly offersSample: boolean;
  /** Selected epochs; all when undefined. */
  readonly epochs: EpochRange | undefined;
  readonly page: number | undefined;
  /** Number of a region. */
  readonly region: number | undefined;
  readonly line: Place | undefined;
  /** Where the cursor in the source is. */
  readonly cursor: Place | undefined;
  readonly measure: MapMeasure | RestartMeasure;
  readonly wholeGuest: boolean;
  readonly axis: TimeAxis;
  readonly by: BreakdownBy;
  readonly tab: Tab;
  /** A price that was asked for, to be brought into sight in what-if; a new object each time. */
  readonly price: PriceTarget | undefined;
  readonly profiles: ProfilesReply | undefined;
  /** Of the shown run, as far as they are there; in the session's order. */
  readonly comparison: readonly ComparisonCell[];
  /** How the program does when it restarts; undefined while nobody knows. */
  readonly restarts: RestartsReply | undefined;
  /** Names of the run's files whose text is another one now. */
  readonly changedSources: readonly string[];
  /** Virtual cycle of the program at which a failure is supposed. */
  readonly failure: number | undefined;
}

const START: State = {
  run: undefined,
  perspective: undefined,
  settings: DEFAULT_OPTIONS,
  emptyReason: "",
  offersSample: false,
  epochs: undefined,
  page: undefined,
  region: undefined,
  line: undefined,
  cursor: undefined,
  measure: "epochs",
  wholeGuest: false,
  axis: "machine",
  by: "line",
  tab: "breakdown",
  price: undefined,
  profiles: undefined,
  comparison: [],
  restarts: undefined,
  changedSources: [],
  failure: undefined,
};

/** What survives when the page is hidden. Data is asked for again. */
type Kept = Pick<State, "epochs" | "page" | "region" | "line" | "measure" | "wholeGuest" | "axis" | "by" | "tab"> & {
  /** Identity of the run. */
  readonly of: string;
};

export type Listener = (state: State, before: State) => void;

/** One state for all views. Listeners are called once for each change, in the order in which they came. */
export class Store {
  #state = START;
  readonly #listeners: Listener[] = [];
  readonly #keep: (kept: Kept) => void;
  #identity = "";

  constructor(keep: (kept: Kept) => void) {
    this.#keep = keep;
  }

  get state(): State {
    return this.#state;
  }

  subscribe(listener: Listener): void {
    this.#listeners.push(listener);
  }

  set(change: Partial<State>): void {
    const before = this.#state;
    const keys = Object.keys(change) as (keyof State)[];
    if (keys.every((key) => Object.is(change[key], before[key]))) return;
    this.#state = { ...before, ...change };
    for (const listener of this.#listeners) listener(this.#state, before);
    const { run, epochs, page, region, line, measure, wholeGuest, axis, by, tab } = this.#state;
    if (run !== undefined && run !== before.run) this.#identity = identityOf(run);
    const of = this.#identity;
    if (run !== undefined) this.#keep({ of, epochs, page, region, line, measure, wholeGuest, axis, by, tab });
  }

  /** Nothing but all of the run is selected any more. */
  clearSelection(): void {
    this.set({ epochs: undefined, page: undefined, region: undefined, line: undefined });
  }
}

/** Whether something is selected that `clearSelection` would clear. */
export function hasSelection({ epochs, page, region, line }: State): boolean {
  return epochs !== undefined || page !== undefined || region !== undefined || line !== undefined;
}

/** Tells runs apart in any session, whose numbers begin anew; the same program that ran in the same way is the same. */
function identityOf({ program, sources, programCycles, eventCount }: RunSummary): string {
  const texts = sources.map(({ file, sha256 }) => [file, sha256]);
  return JSON.stringify([program.path, program.args, programCycles, eventCount, texts]);
}

/** What was kept for this run; nothing of another run's or another version's. */
export function keptFor(kept: unknown, run: RunSummary): Partial<State> {
  if (typeof kept !== "object" || kept === null) return {};
  const values = kept as Readonly<Record<string, unknown>>;
  const settings: { -readonly [K in keyof State]?: State[K] } = {};
  if (values.measure === "epochs" || values.measure === "stores") settings.measure = values.measure;
  if (values.measure === "traps" || values.measure === "dirtyBytes") settings.measure = values.measure;
  if (typeof values.measure === "string" && isRestartMeasure(values.measure)) settings.measure = values.measure;
  if (typeof values.wholeGuest === "boolean") settings.wholeGuest = values.wholeGuest;
  if (values.axis === "program" || values.axis === "machine") settings.axis = values.axis;
  const by = BREAKDOWNS.find((one) => one === values.by);
  if (by !== undefined) settings.by = by;
  const tab = TABS.find((one) => one === values.tab);
  if (tab !== undefined) settings.tab = tab;
  if (values.of !== identityOf(run)) return settings;
  const last = run.epochs.length - 1;
  const { epochs, page, region, line } = values;
  if (isRange(epochs) && epochs.from >= 0 && epochs.from <= epochs.to && epochs.to <= last) settings.epochs = epochs;
  if (typeof page === "number" && page >= 0 && page < run.pageCount) settings.page = page;
  if (typeof region === "number" && run.regions.some(({ number }) => number === region)) settings.region = region;
  if (isPlace(line) && run.files.includes(line.file)) settings.line = line;
  return settings;
}

function isPlace(value: unknown): value is Place {
  if (typeof value !== "object" || value === null || !("file" in value) || !("line" in value)) return false;
  return typeof value.file === "string" && Number.isInteger(value.line);
}

function isRange(value: unknown): value is EpochRange {
  return (
    typeof value === "object" &&
    value !== null &&
    "from" in value &&
    "to" in value &&
    Number.isInteger(value.from) &&
    Number.isInteger(value.to)
  );
}

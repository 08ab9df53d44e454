import { isDeepStrictEqual } from "node:util";
import * as vscode from "vscode";
import type { MachineOptions } from "../run/machine.ts";
import type {
  ComparisonCell,
  LineMarks,
  LinesReply,
  Perspective,
  ProfilesReply,
  ReportReply,
  RunId,
  RunSummary,
  SourceFile,
} from "../session/figures.ts";
import type { repricedLines } from "../session/model/repriced-lines.ts";
import { isProgramFile } from "./program-files.ts";
import type { SessionHost } from "./session-host.ts";
import { changedSource, sourceOfDocument, textHash } from "./text-hash.ts";

/** Runs that are kept; the oldest goes when there is one more. */
const MAX_RUNS = 8;
/** So long figures stay while new ones are made, so that nothing flickers where those come at once. */
const STAY_MS = 150;
/** Where lines are marked already, what else there is waits until the window has painted them. */
const MARKS_FIRST_MS = 60;
/** Longer than a slider takes from one step to the next. */
const QUIET_MS = 100;

/** Figures of a run as it is looked at now. */
export interface Figures {
  readonly perspective: Perspective;
  readonly report: ReportReply;
  readonly lines: LinesReply;
}

/** A run of a program, or one from a file. */
export interface Run {
  readonly id: RunId;
  readonly summary: RunSummary;
  /** The program, or the run file. */
  readonly uri: vscode.Uri;
  readonly perspective: Perspective;
  /** What the settings said when they were last followed: what they say otherwise since then counts. */
  readonly settings: Perspective;
  /**
   * Undefined until they have come. For a moment those of the perspective before when it changes, of which they say that they
   * are, or of the run before where the same text was run again.
   */
  readonly figures: Figures | undefined;
  /** Why there are none at this perspective, in one sentence. */
  readonly failure: string | undefined;
  /** Of the figures; where only prices change, a moment before those. */
  readonly marks: LineMarks | undefined;
  /** What is known of the other techniques, at this perspective's prices and options. */
  readonly comparison: readonly ComparisonCell[];
}

interface Entry extends Run {
  perspective: Perspective;
  settings: Perspective;
  figures: Figures | undefined;
  failure: string | undefined;
  marks: LineMarks | undefined;
  /** Generation that the marks are of. */
  marksOf: number;
  /** Figures that came last, shown or too old for that: with their counts, lines are priced ahead of the next. */
  latest: Figures | undefined;
  comparison: readonly ComparisonCell[];
  /** Grows with each change of the perspective: what was asked before is thrown away. */
  generation: number;
  cancelComparison: (() => void) | undefined;
  /** Its techniques have been compared, or were about to be. */
  isCompared: boolean;
  /** They are to be again when prices rest: what was replayed is replayed no more. */
  comparesAgain: boolean;
}

/** What lines are priced anew with. */
interface Repricing {
  readonly repricedLines: typeof repricedLines;
  readonly profiles: ProfilesReply;
}

/** The runs that the editor knows, and the one that it shows. */
export class Runs implements vscode.Disposable {
  readonly #session: SessionHost;
  readonly #subscriptions: readonly vscode.Disposable[];
  readonly #entries: Entry[] = [];
  #current: Entry | undefined;
  /** Loaded when figures have come and rest: lines are marked at other prices at once then. */
  #repricing: Repricing | undefined;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #settled = new vscode.EventEmitter<void>();
  readonly #failed = new vscode.EventEmitter<Error>();
  /** Runs came or went, another one is shown, or figures or marks have come. */
  readonly onDidChange = this.#changed.event;
  /** The same, once when changes that follow one another quickly are over: for views that nobody looks at meanwhile. */
  readonly onDidSettle = this.#settled.event;
  /** Figures could not be had. */
  readonly onDidFail = this.#failed.event;

  constructor(session: SessionHost) {
    this.#session = session;
    let quiet: NodeJS.Timeout | undefined;
    this.#subscriptions = [
      session.onDidEnd(() => this.#forgetAll()),
      this.onDidChange(() => {
        clearTimeout(quiet);
        quiet = setTimeout(() => {
          this.#settled.fire();
          this.#compareAgain();
          void this.#loadRepricing();
        }, QUIET_MS);
      }),
      { dispose: () => clearTimeout(quiet) },
    ];
  }

  /** The newest first. */
  get all(): readonly Run[] {
    return this.#entries;
  }

  get current(): Run | undefined {
    return this.#current;
  }

  byId(id: RunId): Run | undefined {
    return this.#entries.find((entry) => entry.id === id);
  }

  /** Takes in a run that the session has made, and shows it. An earlier one of the same program's same text goes. */
  add(summary: RunSummary, uri: vscode.Uri, perspective: Perspective, settings: Perspective): Run {
    const entry: Entry = {
      id: summary.run,
      summary,
      uri,
      perspective,
      settings,
      figures: undefined,
      failure: undefined,
      marks: undefined,
      marksOf: -1,
      latest: undefined,
      comparison: [],
      generation: 0,
      cancelComparison: undefined,
      isCompared: false,
      comparesAgain: false,
    };
    for (const other of [...this.#entries]) {
      if (!isSameProgram(other, entry)) continue;
      entry.figures = other.figures;
      entry.marks = other.marks;
      this.#remove(other);
    }
    this.#entries.unshift(entry);
    this.#current = entry;
    for (const old of this.#entries.slice(MAX_RUNS)) this.#remove(old);
    this.#renew(entry);
    return entry;
  }

  show(run: Run): void {
    const entry = this.#entry(run);
    if (entry === undefined || entry === this.#current) return;
    this.#current = entry;
    this.#changed.fire();
  }

  /** Looks at a run on another machine or at other prices. */
  look(run: Run, perspective: Perspective): void {
    const entry = this.#entry(run);
    if (entry === undefined) return;
    const before = entry.perspective;
    entry.perspective = perspective;
    if (!sameComparison(before, perspective)) {
      const isOfPrices = sameComparison({ ...before, prices: perspective.prices }, perspective);
      entry.comparesAgain = isOfPrices;
      entry.cancelComparison?.();
      entry.comparison = [];
    }
    this.#renew(entry);
  }

  /** A run's perspective is as these settings say, where they say otherwise than those before. */
  followed(run: Run, settings: Perspective): void {
    const entry = this.#entry(run);
    if (entry === undefined || isDeepStrictEqual(entry.settings, settings)) return;
    entry.settings = settings;
    this.#changed.fire();
  }

  /** Fills in the comparison of all techniques in the run's environment, or in all. */
  async compare(
    run: Run,
    environments: "own" | "all",
    onProgress?: (done: number, total: number) => void,
    token?: vscode.CancellationToken,
  ): Promise<void> {
    const entry = this.#entry(run);
    if (entry === undefined) return;
    entry.cancelComparison?.();
    entry.isCompared = true;
    entry.comparesAgain = false;
    const { generation } = entry;
    const { machine, prices } = entry.perspective;
    const call = this.#session.client.call(
      "compare",
      {
        run: entry.id,
        machine,
        prices,
        ...(environments === "own" ? { environments: [machine.environment] } : { mayRunAgain: true }),
      },
      ({ done, total }) => onProgress?.(done, total),
    );
    const subscription = token?.onCancellationRequested(() => call.cancel());
    const cancel = () => call.cancel();
    entry.cancelComparison = cancel;
    try {
      const cells = await call.result;
      if (entry.generation !== generation && !sameComparison({ machine, prices }, entry.perspective)) return;
      const key = (cell: ComparisonCell) => `${cell.environment} ${cell.technique}`;
      const fresh = new Set(cells.map(key));
      entry.comparison = [...entry.comparison.filter((cell) => !fresh.has(key(cell))), ...cells];
      this.#changed.fire();
    } finally {
      subscription?.dispose();
      if (entry.cancelComparison === cancel) entry.cancelComparison = undefined;
    }
  }

  /** The same for the run's environment, unless somebody has asked for a comparison already. */
  async compareOnce(run: Run): Promise<void> {
    if (this.#entry(run)?.isCompared === false) await this.compare(run, "own");
  }

  #compareAgain(): void {
    for (const entry of this.#entries) {
      if (entry.comparesAgain) this.compare(entry, "own").catch(() => {}); // The status bar goes without.
    }
  }

  /** Gives up comparisons that are under way: their replays would take the processors from a program that is run now. */
  cancelComparisons(): void {
    for (const entry of this.#entries) {
      entry.comparesAgain = false;
      entry.cancelComparison?.();
    }
  }

  /** The same line's figures elsewhere: asked for when somebody looks, and kept by the session. */
  linesIn(run: Run, perspective: Perspective): Promise<LinesReply> {
    return this.#session.client.ask("lines", { run: run.id, perspective });
  }

  close(run: Run): void {
    const entry = this.#entry(run);
    if (entry === undefined) return;
    this.#remove(entry);
    this.#changed.fire();
  }

  clear(): void {
    for (const entry of [...this.#entries]) this.#remove(entry);
    this.#changed.fire();
  }

  /** The run whose program was made of this document's text as it is now, and the name of the file in its figures. */
  forDocument(document: vscode.TextDocument): { readonly run: Run; readonly file: string } | undefined {
    const candidates = this.#current === undefined ? this.#entries : [this.#current, ...this.#entries];
    for (const run of candidates) {
      const source = sourceOfDocument(document, run.summary.sources);
      if (source !== undefined && source.sha256 === textHash(document)) return { run, file: source.file };
    }
    return undefined;
  }

  /** Shows the run of a document that the shown one is not of: that of its text, or else the newest of its file. */
  showFor(document: vscode.TextDocument): void {
    const isOf = ({ summary }: Run) => sourceOfDocument(document, summary.sources) !== undefined;
    if (this.#current !== undefined && isOf(this.#current)) return;
    const run = this.forDocument(document)?.run ?? this.#entries.find(isOf);
    if (run !== undefined) this.show(run);
  }

  /** Whether some run knows a file, whatever its text is now. */
  knows(uri: vscode.Uri): boolean {
    return this.#entries.some(({ summary }) => summary.sources.some(({ path }) => path === uri.fsPath));
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
    this.#settled.dispose();
    this.#failed.dispose();
  }

  /** Tells of the change, with what can be told at once, and has new figures made. */
  #renew(entry: Entry): void {
    const generation = ++entry.generation;
    entry.failure = undefined;
    this.#markAhead(entry);
    this.#changed.fire();
    if (entry.marksOf !== generation) this.#ask(entry);
    else
      setTimeout(() => {
        if (entry.generation === generation) this.#ask(entry);
      }, MARKS_FIRST_MS);
  }

  /** Asks for new figures; what is there goes when they are late. */
  #ask(entry: Entry): void {
    const { generation } = entry;
    const late = setTimeout(() => {
      const isMarked = entry.marks !== undefined && entry.marksOf !== generation;
      if (entry.generation !== generation || (entry.figures === undefined && !isMarked)) return;
      entry.figures = undefined;
      if (isMarked) entry.marks = undefined;
      this.#changed.fire();
    }, STAY_MS);
    void this.#load(entry).finally(() => clearTimeout(late));
  }

  async #load(entry: Entry): Promise<void> {
    const { generation, perspective } = entry;
    const params = { run: entry.id, perspective };
    try {
      const [report, lines] = await Promise.all([
        this.#session.client.ask("report", params),
        this.#session.client.ask("lines", params),
      ]);
      if (entry.generation !== generation || !this.#entries.includes(entry)) return;
      entry.figures = { perspective, report, lines };
      entry.latest = entry.figures;
      entry.marks = { lines: lines.lines, ghz: report.prices.ghz };
      entry.marksOf = generation;
      this.#changed.fire();
    } catch (error) {
      if (entry.generation !== generation || !this.#entries.includes(entry)) return;
      // Those of the perspective before are not this one's.
      entry.figures = undefined;
      entry.marks = undefined;
      entry.failure = (error as Error).message;
      this.#changed.fire();
      this.#failed.fire(error as Error);
    }
  }

  /** Where only prices have changed, lines need no answer of the session to be marked. */
  #markAhead(entry: Entry): void {
    const { generation, perspective, latest } = entry;
    if (latest === undefined || !isDeepStrictEqual(latest.perspective.machine, perspective.machine)) return;
    const { lines, report } = latest;
    const marks = this.#repricing?.repricedLines(lines, report, perspective.prices, this.#repricing.profiles);
    if (marks === undefined) return; // They come with the figures.
    entry.marks = marks;
    entry.marksOf = generation;
  }

  async #loadRepricing(): Promise<void> {
    if (this.#repricing !== undefined || this.#current?.latest === undefined) return;
    try {
      const [{ repricedLines }, profiles] = await Promise.all([
        import("../session/model/repriced-lines.ts"),
        this.#session.client.ask("profiles", {}),
      ]);
      this.#repricing = { repricedLines, profiles };
    } catch {
      // Lines are marked with the figures then.
    }
  }

  #entry(run: Run): Entry | undefined {
    return this.#entries.find(({ id }) => id === run.id);
  }

  #remove(entry: Entry): void {
    entry.cancelComparison?.();
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    if (this.#current === entry) this.#current = this.#entries[0];
    // Nobody waits for it; a session that is gone has forgotten the run anyway.
    this.#session.client.ask("close", { run: entry.id }).catch(() => {});
  }

  #forgetAll(): void {
    this.#entries.length = 0;
    this.#current = undefined;
    this.#changed.fire();
  }
}

/** The machine that a run's figures are of, or will be. */
export function shownMachine({ figures, perspective }: Run): MachineOptions {
  return (figures?.perspective ?? perspective).machine;
}

/** Absolute path of a file of a run's figures; undefined when nobody knows it. */
export function sourceOf(run: Run, file: string): SourceFile | undefined {
  return run.summary.sources.find((source) => source.file === file && source.path !== "");
}

/** Names of a run's files whose documents have another text than it was made of. */
export function changedSources({ summary }: Run): readonly string[] {
  return vscode.workspace.textDocuments.flatMap((document) => changedSource(document, summary.sources)?.file ?? []);
}

/** Where a run's program is; undefined for that of a saved run when nobody knows it. */
export function programOf(run: Run): vscode.Uri | undefined {
  if (isProgramFile(run.uri)) return run.uri;
  const source = sourceOf(run, run.summary.program.path);
  return source && vscode.Uri.file(source.path);
}

/** Same program, same text, same arguments: the newer result replaces the older one. */
export function isSameProgram(a: Run, b: Run): boolean {
  const key = ({ uri, summary: { origin, program, sources } }: Run) =>
    JSON.stringify([uri.toString(), origin, program.args, sources.map(({ path, sha256 }) => [path, sha256]).sort()]);
  return key(a) === key(b);
}

/** Whether a comparison holds for both: it covers techniques and environments, and nothing else. */
function sameComparison(a: Perspective, b: Perspective): boolean {
  const rest = ({ machine, prices }: Perspective) =>
    JSON.stringify([{ ...machine, technique: "", environment: "" }, prices]);
  return rest(a) === rest(b);
}

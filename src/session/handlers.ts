import { type PriceList, priceList } from "../machine/prices.ts";
import { PRIMITIVES } from "../machine/primitives.ts";
import { BUILT_IN_PROFILES } from "../machine/profiles.ts";
import { BadInputError } from "../program/program.ts";
import { createMachine, DEFAULT_MACHINE, type MachineOptions } from "../run/machine.ts";
import type { Outcome } from "../run/outcome.ts";
import { countsOf } from "../run/outcome-counts.ts";
import { report } from "../run/report.ts";
import { imagesUpTo } from "../run/run-file.ts";
import { Comparisons } from "./comparisons.ts";
import { EveryWrite } from "./every-write.ts";
import { exportRun } from "./exports/export-run.ts";
import type { Perspective, PriceChoice, RunId } from "./figures.ts";
import type { SessionHost } from "./host.ts";
import { MAX_BUCKETS } from "./methods.ts";
import { breakdown, costEvents } from "./model/breakdown.ts";
import type { History } from "./model/history.ts";
import { lineFigures } from "./model/line-figures.ts";
import { pageDetails, pageMap, pageMasks, pagesOfEpoch, pagesOfLine } from "./model/pages.ts";
import { chosenPrices } from "./model/prices.ts";
import { runDifferences } from "./model/run-differences.ts";
import { timelineWindow } from "./model/timeline.ts";
import { RunAhead } from "./run-ahead.ts";
import { type KeptRun, RunStore, summaryOf } from "./run-store.ts";
import type { Handlers } from "./serve.ts";

/** Answers all questions of the protocol about runs that it keeps. */
export function createHandlers(host: SessionHost, store = new RunStore()): Handlers {
  const profileOf = (choice: PriceChoice) =>
    chosenPrices(typeof choice.profile === "string" ? host.loadProfile(choice.profile) : choice.profile, choice);
  const pricesOf = (choice: PriceChoice, { pathLengths }: Outcome): PriceList =>
    priceList(profileOf(choice), pathLengths);
  const everyWrite = new EveryWrite(host, store);
  const runAhead = new RunAhead(host, store);
  const replayed = async (id: RunId, machine: MachineOptions) => {
    await everyWrite.findOut(id, machine.technique);
    const run = store.get(id);
    return { run, history: store.history(run, machine) };
  };
  const look = async (id: RunId, { machine, prices }: Perspective) => {
    const { run, history } = await replayed(id, machine);
    return { run, history, prices: pricesOf(prices, history.outcome) };
  };
  const comparisons = new Comparisons(host, store, everyWrite);
  const reportOf = ({ saved }: KeptRun, { outcome }: History, prices: PriceList) =>
    report(saved.recording, outcome, prices);

  return {
    async run(params, request) {
      const { machine, restartFrom } = params;
      // Refuses what cannot be before anything is compiled.
      createMachine({ ...DEFAULT_MACHINE, ...machine }, { startPages: 1, residentPages: [] });
      const images =
        restartFrom === undefined
          ? []
          : imagesUpTo(store.get(restartFrom.run).saved, restartFrom.version, `run ${restartFrom.run}`).all;
      everyWrite.stop();
      await runAhead.waitFor(params, request);
      const before = store.newestOf(params);
      const finished = await host.runProgram(params, images, request, before);
      const run =
        finished === before
          ? store.showAgain(before, host.now())
          : store.add(finished, "live", host.now(), { params, images });
      return summaryOf(run);
    },
    async compile(params, request) {
      await host.compileProgram(params, request);
      return null;
    },
    async runAhead(params, request) {
      await runAhead.begin(params, request);
      return null;
    },
    async loadCompiler(params, request) {
      await host.loadCompiler(params, request);
      return null;
    },
    restarts(params, request) {
      createMachine({ ...DEFAULT_MACHINE, ...params.machine }, { startPages: 1, residentPages: [] });
      return host.restartProgram(params, profileOf(params.prices), request);
    },
    openRunFile({ path, workingDirectory }) {
      const saved = host.readRunFile(path);
      return summaryOf(
        store.add(
          { saved, sources: host.sourceFiles(saved, workingDirectory), diagnostics: [], programKey: undefined },
          "file",
          host.now(),
        ),
      );
    },
    saveRunFile({ run, path }) {
      host.writeRunFile(path, store.get(run).saved);
      return null;
    },
    close({ run }) {
      store.close(run);
      return null;
    },
    runs: () => store.all.map(summaryOf),

    async report({ run: id, perspective }) {
      const { run, history, prices } = await look(id, perspective);
      const { name, title, ghz } = prices.profile;
      const { overhead, run: ownNeeds } = countsOf(history.outcome);
      return {
        ...reportOf(run, history, prices),
        machine: history.outcome.options,
        prices: { name, title, ghz },
        headline: { counts: { overhead, run: ownNeeds }, pathLengths: history.outcome.pathLengths },
      };
    },
    async lines({ run: id, perspective }) {
      const { run, history, prices } = await look(id, perspective);
      return lineFigures(run.index, history, prices);
    },
    async map({ run: id, measure, epochs, machine }) {
      if (measure !== "traps") return pageMap(store.get(id).index, measure, epochs);
      if (machine === undefined)
        throw new BadInputError("a map of traps needs a machine: techniques take different ones");
      const { run, history } = await replayed(id, machine);
      return pageMap(run.index, measure, epochs, history.traps);
    },
    masks({ run, firstPage, pageCount, epochs }) {
      return pageMasks(store.get(run).index, firstPage, pageCount, epochs);
    },
    regionsOfPages({ run, firstPage, pageCount }) {
      return store.get(run).index.regionOfPage.slice(firstPage, firstPage + pageCount);
    },
    page({ run: id, page, epochs }) {
      const { index } = store.get(id);
      if (!(page >= 0 && page < index.recording.endPages)) {
        throw new BadInputError(`there is no page ${page}: the program has ${index.recording.endPages}`);
      }
      return pageDetails(index, page, epochs);
    },
    pagesOfLine({ run, line, epochs }) {
      return pagesOfLine(store.get(run).index, line, epochs);
    },
    pagesOfCheckpoint({ run, epoch }) {
      return pagesOfEpoch(store.get(run).index, epoch);
    },
    async timeline({ run: id, perspective, axis, from, to, buckets, maxEvents }) {
      if (
        !(Number.isInteger(buckets) && buckets > 0 && buckets <= MAX_BUCKETS && from < (to ?? Number.POSITIVE_INFINITY))
      ) {
        throw new BadInputError(
          `a timeline has from 1 to ${MAX_BUCKETS} buckets between two times, not ${buckets} from ${from} to ${to ?? "the end"}`,
        );
      }
      const { run, history, prices } = await look(id, perspective);
      const timeline = store.timeline(run, perspective.machine, prices);
      return timelineWindow(run.index, history, timeline, { axis, from, to, buckets, maxEvents });
    },
    async breakdown({ run: id, perspective, selection, by }) {
      const { run, history, prices } = await look(id, perspective);
      return breakdown(run.index, history, prices, selection, by);
    },
    async events({ run: id, perspective, selection }) {
      const { run, history, prices } = await look(id, perspective);
      return costEvents(run.index, history, prices, selection);
    },
    compare: (params, request) => comparisons.compare(params, profileOf(params.prices), request),
    async compareRuns({ a, b, perspective }) {
      const sideOf = async (id: RunId) => {
        const { run, history, prices } = await look(id, perspective);
        return { history, prices, report: reportOf(run, history, prices) };
      };
      return runDifferences(await sideOf(a), await sideOf(b));
    },
    profiles: ({ files }) => ({
      profiles: [
        ...BUILT_IN_PROFILES.map((profile) => ({ profile, builtIn: true })),
        ...(files ?? []).map((file) => ({ profile: host.loadProfile(file), builtIn: false, file })),
      ],
      primitives: PRIMITIVES,
    }),
    saveProfile({ path, profile }) {
      host.writeProfile(path, profile);
      return null;
    },
    bytes({ run, image, region, offset, length }) {
      return store.get(run).restored.bytes(image, region, offset, length);
    },
    changes({ run, image, region, buckets }) {
      if (!(Number.isInteger(buckets) && buckets > 0 && buckets <= MAX_BUCKETS))
        throw new BadInputError(`changes are counted in 1 to ${MAX_BUCKETS} parts, not ${buckets}`);
      return store.get(run).restored.changes(image, region, buckets);
    },
    change({ run, image, region, from, direction }) {
      return store.get(run).restored.change(image, region, from, direction);
    },
    async export({ run: id, perspective, format, table }) {
      const { run, history, prices } = await look(id, perspective);
      const timeline = store.timeline(run, perspective.machine, prices);
      const { index, saved } = run;
      return exportRun({ program: saved.program, index, history, timeline, prices }, format, table);
    },
  };
}

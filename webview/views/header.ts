import { ENVIRONMENTS, type Environment } from "../../src/checkpoint/technique.ts";
import { chosenMachine } from "../../src/run/chosen-machine.ts";
import { type Headline, headlineOf } from "../../src/run/headline.ts";
import { cycles, integer, percent } from "../../src/run/units.ts";
import type { ComparisonCell, ReportReply } from "../../src/session/figures.ts";
import { profileId } from "../../src/session/model/prices.ts";
import { Latest } from "../latest.ts";
import { shownPrices } from "../prices.ts";
import { whyNot } from "../refused.ts";
import { hasSelection, type State } from "../store.ts";
import { baseName, t } from "../text.ts";
import { type Choice, dropdown, iconButton } from "../ui/controls.ts";
import { element } from "../ui/dom.ts";
import { epochsText } from "./timeline.ts";
import type { View, ViewContext } from "./view.ts";

/** An arrow that goes round. */
const AGAIN = "M12.4 5.4A5.2 5.2 0 1 0 13.2 8M12.8 2v3.6H9.2";

/** What is shown and under what; the figures that answer first; what is selected. */
export function headerView({ host, store, look, fail, say }: ViewContext): View {
  const title = element("h1", { class: "program" });
  const again = iconButton(t("Run again"), AGAIN, () => {
    const { run } = store.state;
    if (run !== undefined) host.post({ type: "runAgain", run: run.run });
  });
  const technique = dropdown<string>(
    t("Technique"),
    (value) => {
      const cell = store.state.comparison.find((one) => one.technique === value);
      if (cell !== undefined) look({ machine: { technique: cell.technique } });
    },
    say,
  );
  const environment = dropdown<Environment>(
    t("Environment"),
    (value) => {
      const { perspective } = store.state;
      if (perspective !== undefined) look({ machine: chosenMachine(perspective.machine, { environment: value }) });
    },
    say,
  );
  const profile = dropdown<string>(t("Price profile"), (value) => look({ prices: { profile: value } }));
  const figures = element("div", { class: "figures" });
  const selection = element("div", { class: "selection", role: "status" });
  const root = element(
    "header",
    { class: "page-header" },
    element(
      "div",
      { class: "toolbar" },
      title,
      again,
      element("span", { class: "spacer" }),
      environment.root,
      technique.root,
      profile.root,
    ),
    figures,
    selection,
  );

  /** What was answered last, and of what. */
  let answer: { readonly report: ReportReply; readonly asked: State } | undefined;
  const latest = new Latest<State, ReportReply>(
    ({ run, perspective }) =>
      run === undefined || perspective === undefined
        ? Promise.reject(new Error("no run is shown"))
        : host.session.ask("report", { run: run.run, perspective }),
    (report, asked) => {
      answer = { report, asked };
      figures.classList.toggle("older", !isOfNow(asked));
      showFigures();
      performance.mark("figures");
    },
    fail,
  );

  function isOfNow({ run, perspective }: State): boolean {
    return run === store.state.run && perspective === store.state.perspective;
  }

  /** What the shown run's counts on the shown machine cost at the prices of now, where the page can tell. */
  function headlineNow(): Headline | undefined {
    const { run, perspective } = store.state;
    if (answer === undefined || run === undefined || answer.asked.run !== run) return undefined;
    if (answer.asked.perspective?.machine !== perspective?.machine) return undefined;
    const { counts, pathLengths } = answer.report.headline;
    const prices = shownPrices(store.state, pathLengths);
    return prices && headlineOf(counts, run.programCycles, prices);
  }

  function showFigures(headline = headlineNow()): void {
    const { run, comparison } = store.state;
    if (answer === undefined || run === undefined) {
      figures.replaceChildren();
      return;
    }
    const { report } = answer;
    const { totals, machine } = report;
    const { overhead, programCycles } = headline ?? { overhead: report.overhead, ...totals };
    const of = (value: number) => percent((100 * value) / programCycles);
    const best = bestOf(comparison, machine.environment);
    figures.replaceChildren(
      figure(
        t("Overhead"),
        link(of(overhead.cycles), t("What it is made of, by layer"), { tab: "breakdown", by: "layer" }),
        t("{0} to {1}", of(overhead.low).replace(/ %$/, ""), of(overhead.high)),
      ),
      figure(
        t("A checkpoint"),
        totals.checkpoints === 0
          ? "0"
          : link(cycles(overhead.cycles / totals.checkpoints), t("What each costs"), {
              tab: "breakdown",
              by: "checkpoint",
            }),
        t("cycles, {0} in all", integer(totals.checkpoints)),
      ),
      figure(
        t("Dirty pages"),
        link(integer(totals.dirtyPages), t("Colour the map by epochs written in"), { measure: "epochs" }),
        t("in all"),
      ),
      figure(
        t("Traps"),
        link(integer(totals.traps), t("Colour the map by traps"), { measure: "traps" }),
        t("{0} hypercalls", integer(totals.hypercalls)),
      ),
      best === undefined
        ? figure(t("Cheapest here"), "…", t("comparing"))
        : best.technique === machine.technique
          ? figure(t("Cheapest here"), t("this one"), `${best.technique} · ${machine.environment}`)
          : figure(t("Cheapest here"), best.technique, percent(best.overheadPercent), switchTo(best)),
    );
  }

  function switchTo({ technique: better, machine }: Available): HTMLElement {
    const title = t("Look at the run under {0}", better);
    const made = element("button", { type: "button", class: "link figure-action", title }, t("Switch"));
    made.addEventListener("click", () => look({ machine }));
    return made;
  }

  /** A figure that shows, elsewhere on the page, what it is made of. */
  function link(text: string, title: string, change: Partial<State>): HTMLElement {
    const made = element("button", { type: "button", class: "figure-link", title }, text);
    made.addEventListener("click", () => store.set(change));
    return made;
  }

  function showSelection(state: State): void {
    if (!hasSelection(state)) {
      selection.replaceChildren(
        element("span", { class: "dim" }, t("Whole run. Click the timeline, a page or a bar to look closer.")),
      );
      return;
    }
    const { epochs, page, region, line, run } = state;
    const regionName = run?.regions.find(({ number }) => number === region);
    selection.replaceChildren(
      ...[
        epochs === undefined ? undefined : chip(epochsText(state, epochs), () => store.set({ epochs: undefined })),
        region === undefined
          ? undefined
          : chip(regionName?.name || t("Region {0}", regionName?.id ?? region), () => store.set({ region: undefined })),
        line === undefined
          ? undefined
          : chip(`${baseName(line.file)}:${line.line}`, () => store.set({ line: undefined })),
        page === undefined ? undefined : chip(t("Page {0}", integer(page)), () => store.set({ page: undefined })),
      ].filter((one) => one !== undefined),
    );
  }

  return {
    root,
    update(state, before) {
      const { run, perspective, profiles } = state;
      if (run !== undefined && perspective !== undefined) {
        title.textContent = baseName(run.program.path);
        title.title = run.program.path;
        const { machine, prices } = perspective;
        technique.update(techniqueChoices(state), machine.technique);
        environment.update(environmentChoices(state), machine.environment);
        const chosen = typeof prices.profile === "string" ? prices.profile : prices.profile.name;
        const known = (profiles?.profiles ?? []).map((entry) => ({
          value: profileId(entry),
          text: entry.profile.name,
          title: entry.profile.title,
        }));
        const isKnown = known.some(({ value }) => value === chosen);
        profile.update(isKnown ? known : [...known, { value: chosen, text: baseName(chosen) }], chosen);
      }
      if (run !== before.run || perspective !== before.perspective) {
        // Those of the question before stay, dimmed, until the new ones are there.
        if (run?.program.path !== before.run?.program.path) answer = undefined;
        const headline = headlineNow();
        figures.classList.toggle("older", answer !== undefined && headline === undefined);
        if (headline !== undefined) {
          // Of an older question an answer may be under way.
          latest.forget();
          showFigures(headline);
          performance.mark("figures");
        } else if (run !== undefined) latest.ask(state);
      }
      if (run !== before.run || state.comparison !== before.comparison) showFigures();
      showSelection(state);
    },
  };
}

function figure(name: string, value: string | HTMLElement, detail: string, action?: HTMLElement): HTMLElement {
  return element(
    "div",
    { class: "figure" },
    element("div", { class: "figure-name" }, name),
    element("div", { class: "figure-value" }, value),
    element("div", { class: "figure-detail" }, detail, " ", action),
  );
}

function chip(text: string, onClear: () => void): HTMLElement {
  const clear = element("button", { type: "button", class: "chip-clear", "aria-label": t("Clear {0}", text) }, "×");
  clear.addEventListener("click", onClear);
  return element("span", { class: "chip" }, text, clear);
}

type Available = Extract<ComparisonCell, { readonly available: true }>;

/** The cheapest technique that an environment has, as far as the comparison has come. */
export function bestOf(cells: readonly ComparisonCell[], environment: string): Available | undefined {
  let best: Available | undefined;
  for (const cell of cells) {
    if (!cell.available || cell.environment !== environment) continue;
    if (best === undefined || cell.overhead.cycles < best.overhead.cycles) best = cell;
  }
  return best;
}

function techniqueChoices({ comparison, perspective }: State): Choice<string>[] {
  const here = comparison.filter(({ environment }) => environment === perspective?.machine.environment);
  if (here.length === 0 && perspective !== undefined)
    return [{ value: perspective.machine.technique, text: perspective.machine.technique }];
  return here.map((cell) => {
    const { technique: value } = cell;
    // A comparison may still be of the options before.
    const refused =
      (perspective && whyNot({ ...perspective.machine, technique: value })) ??
      (cell.available ? undefined : cell.reason);
    if (refused !== undefined) return { value, text: `${value} · ${t("not here")}`, refused };
    return { value, text: cell.available ? `${value} · ${percent(cell.overheadPercent)}` : value };
  });
}

/** Where the shown technique cannot be is told with the reason. */
function environmentChoices({ perspective }: State): Choice<Environment>[] {
  return ENVIRONMENTS.map((value) => {
    const refused = perspective && whyNot(chosenMachine(perspective.machine, { environment: value }));
    if (perspective === undefined || refused === undefined) return { value, text: value };
    return { value, text: `${value} · ${t("without {0}", perspective.machine.technique)}`, refused };
  });
}

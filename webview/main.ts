import type { PictureName } from "../src/panel/messages/messages.ts";
import type { ComparisonCell, Perspective, ProfilesReply, RunId, RunSummary } from "../src/session/figures.ts";
import { SessionFailure } from "../src/session/messages.ts";
import { withTransferRate } from "../src/session/model/perspective.ts";
import { profileId } from "../src/session/model/prices.ts";
import { refusedText } from "../src/session/refused-text.ts";
import { captionOf } from "./export/caption.ts";
import { Drawings } from "./export/drawings.ts";
import { renderPicture } from "./export/picture.ts";
import { afterPaint, paint, paintNow } from "./frames.ts";
import { connect } from "./host.ts";
import { keptFor, type State, Store } from "./store.ts";
import { setTranslations, t } from "./text.ts";
import { onThemeChange, readTheme } from "./theme.ts";
import { button, tabs } from "./ui/controls.ts";
import { element } from "./ui/dom.ts";
import { breakdownView } from "./views/breakdown.ts";
import { changedNotice } from "./views/changed-notice.ts";
import { compareView } from "./views/compare.ts";
import { headerView } from "./views/header.ts";
import { pageMapView } from "./views/page-map.ts";
import { restartsView } from "./views/restarts.ts";
import { runsView } from "./views/runs.ts";
import { timelineView } from "./views/timeline.ts";
import type { PerspectiveChange, View, ViewContext } from "./views/view.ts";
import { whatIfView } from "./views/what-if.ts";

/** The source follows a slider so often at most. */
const TELL_MILLISECONDS = 40;
/** A comparison that is not in front follows so long after it. */
const COMPARE_MILLISECONDS = 100;

const host = connect();
const store = new Store((kept) => host.keepState(kept));
let theme = readTheme();
let started = false;

host.onMessage((message) => {
  switch (message.type) {
    case "hello":
      document.documentElement.lang = message.language;
      setTranslations(message.strings);
      start();
      return;
    case "empty": {
      const { reason: emptyReason, offersSample } = message;
      store.set({ run: undefined, perspective: undefined, comparison: [], emptyReason, offersSample });
      return;
    }
    case "run": {
      const { run, perspective, settings } = message;
      isUntold = false;
      if (store.state.run?.run === run.run) {
        store.set({ perspective, settings, profiles: profilesFor(perspective) });
        return;
      }
      const nothing = {
        price: undefined,
        epochs: undefined,
        page: undefined,
        region: undefined,
        line: undefined,
        cursor: undefined,
        restarts: undefined,
        changedSources: [],
        failure: undefined,
      };
      const profiles = profilesFor(perspective);
      store.set({
        ...nothing,
        ...keptFor(host.keptState(), run),
        run,
        perspective,
        settings,
        profiles,
        comparison: [],
      });
      return;
    }
    case "restarts":
      if (message.run !== store.state.run?.run) return;
      store.set({ restarts: message.restarts, ...(message.restarts === undefined ? { failure: undefined } : {}) });
      return;
    case "changedSources":
      if (message.run === store.state.run?.run) store.set({ changedSources: message.files });
      return;
    case "cursor":
      store.set({ cursor: message.place });
      return;
    case "draw":
      drawings.draw(message);
      return;
    case "picked":
      if (message.run === store.state.run?.run) store.set(message.picked);
      return;
  }
});
host.post({ type: "ready" });

/** The file whose profile was asked for last. */
let askedFile: string | undefined;

/** The known profiles, but for that of the file which the editor says counts: by now another may stand in it. */
function profilesFor({ prices }: Perspective): ProfilesReply | undefined {
  const { profiles: known } = store.state;
  askedFile = undefined;
  return (
    known && { ...known, profiles: known.profiles.filter(({ file }) => file === undefined || file !== prices.profile) }
  );
}

/** Asks for a profile that is none of the known ones: that of a file. */
function askForFile({ perspective, profiles }: State, say: (reason: string) => void): void {
  const profile = perspective?.prices.profile;
  if (profiles === undefined || typeof profile !== "string" || profile === askedFile) return;
  if (profiles.profiles.some((one) => profileId(one) === profile)) return;
  askedFile = profile;
  askProfiles([profile], say);
}

function askProfiles(files: readonly string[], say: (reason: string) => void): void {
  host.session.ask("profiles", { files }).then(
    (profiles) => store.set({ profiles }),
    (error: unknown) => say(messageOf(error)),
  );
}

/** A new run, until its first figures are in sight: other techniques would take the processors from them. */
let unpainted: RunSummary | undefined;
/** Comparisons of techniques that are under way. */
let comparing = 0;

/** The views that can be saved, once the page has begun. */
let pictures: Readonly<Record<PictureName, View>> | undefined;

const drawings = new Drawings(host, {
  // Until a new run's figures are there, views may hold those of the one before.
  picture(view) {
    if (unpainted !== undefined) return "later";
    return pictures?.[view].picture?.() ?? (comparing > 0 ? "later" : undefined);
  },
  render: (picture, format) => renderPicture(picture, captionOf(store.state), theme, format),
});

/** The editor was told a moment ago, and is told again when that is over. */
let telling = false;
/** The perspective was changed here since then: what the editor itself says of it is not said back. */
let isUntold = false;

function look(change: PerspectiveChange): void {
  const { perspective } = store.state;
  if (perspective === undefined) return;
  const looked = {
    machine: change.machine === undefined ? perspective.machine : { ...perspective.machine, ...change.machine },
    prices: change.prices ?? perspective.prices,
  };
  store.set({ perspective: withTransferRate(looked, perspective) });
  isUntold = true;
  // The marks in the source have the longest way. What the views ask goes along in the same message.
  if (!telling) tell();
  paintNow(update);
}

/** Brings the views up to the state, once the page has begun. */
let update = () => {};

/** Tells the editor of the perspective, and again as long as it changes. */
function tell(): void {
  const { run, perspective } = store.state;
  if (run === undefined || perspective === undefined) return;
  host.post({ type: "perspective", run: run.run, perspective });
  isUntold = false;
  telling = true;
  window.setTimeout(() => {
    telling = false;
    if (isUntold) tell();
  }, TELL_MILLISECONDS);
}

function start(): void {
  if (started) return;
  started = true;
  const problem = element("div", { class: "problem", role: "alert" });
  const say = (reason: string) => {
    problem.textContent = reason;
    problem.hidden = false;
  };
  const fail = (reason: string) => {
    say(reason);
    page.classList.add("unanswered");
  };
  problem.hidden = true;
  const context: ViewContext = { host, store, theme: () => theme, fail, say, look };
  const header = headerView(context);
  const changed = changedNotice(context);
  const timeline = timelineView(context);
  const map = pageMapView(context);
  const parts = {
    breakdown: breakdownView(context),
    compare: compareView(context),
    whatIf: whatIfView(context),
    runs: runsView(context),
    restarts: restartsView(context),
  };
  pictures = { timeline, map, breakdown: parts.breakdown, compare: parts.compare };
  const details = tabs(
    t("Costs"),
    [
      { id: "breakdown", text: t("Cost breakdown"), view: parts.breakdown.root },
      { id: "compare", text: t("Techniques"), view: parts.compare.root },
      { id: "whatIf", text: t("What if"), view: parts.whatIf.root },
      { id: "runs", text: t("Two runs"), view: parts.runs.root },
      { id: "restarts", text: t("Restarts"), view: parts.restarts.root },
    ],
    (tab) => store.set({ tab }),
  );
  const views: readonly View[] = [header, changed, timeline, map, ...Object.values(parts)];
  const page = element(
    "main",
    { class: "page" },
    header.root,
    changed.root,
    problem,
    timeline.root,
    element("div", { class: "columns" }, map.root, element("section", { class: "view" }, details.root)),
  );
  const emptyText = element("p", {});
  const sample = button(t("Open a sample"), () => host.post({ type: "openSample" }), "primary");
  const empty = element(
    "main",
    { class: "empty-page" },
    element("h1", {}, "Checkpoint Lens"),
    emptyText,
    element(
      "p",
      { class: "dim" },
      t("Here you will see which pages the program dirties, when checkpoints come, and what each costs."),
    ),
    sample,
  );
  document.body.append(page, empty);

  let painted: State | undefined;
  update = () => {
    const { state } = store;
    if (state === painted) return;
    const before =
      painted ?? ({ ...state, run: undefined, perspective: undefined, tab: undefined } as unknown as State);
    painted = state;
    page.hidden = state.run === undefined;
    empty.hidden = state.run !== undefined;
    emptyText.textContent = state.emptyReason;
    sample.hidden = !state.offersSample;
    if (state.perspective !== before.perspective || state.run !== before.run) {
      problem.hidden = true;
      page.classList.remove("unanswered");
    }
    details.update(state.tab);
    if (page.hidden) return;
    if (before.run === undefined) for (const view of views) view.repaint?.();
    for (const view of views) view.update(state, before);
  };
  const compareNow = () => {
    if (unpainted === undefined) compare(store.state, say);
  };
  let later: number | undefined;
  store.subscribe((state, before) => {
    paint(update);
    if (state.run !== before.run) {
      unpainted = state.run;
      window.clearTimeout(later);
      cancelComparison();
    }
    if (unpainted !== undefined || !(comparesAnew(state, before) || misses(state))) return;
    window.clearTimeout(later);
    // It is more than all else together. Where it is looked at or not there yet, it comes after what the views ask for;
    // else when the slider rests.
    if (state.tab === "compare" || state.comparison.length === 0) paint(compareNow);
    else later = window.setTimeout(compareNow, COMPARE_MILLISECONDS);
  });
  host.onIdle(() => {
    afterPaint(() => drawings.retry());
    // Before a new run was handed to the views, they have asked nothing of it.
    if (unpainted === undefined || painted?.run !== unpainted) return;
    const { run } = unpainted;
    unpainted = undefined;
    afterPaint(() => {
      host.post({ type: "painted", run });
      compareNow();
    });
  });
  const repaint = () => {
    theme = readTheme();
    if (!page.hidden) for (const view of views) view.repaint?.();
  };
  onThemeChange(() => paint(repaint));
  new ResizeObserver(() => paint(repaint)).observe(page);
  document.addEventListener("keydown", (event) => {
    // What it closes, a list for one, has taken it.
    if (event.key === "Escape" && !event.defaultPrevented) store.clearSelection();
  });
  store.subscribe((state) => askForFile(state, say));
  askProfiles([], say);
  paint(update);
}

/** Whether the comparison of all techniques says something else now. */
function comparesAnew({ run, perspective }: State, before: State): boolean {
  if (run === undefined || perspective === undefined) return false;
  if (run !== before.run || perspective.prices !== before.perspective?.prices) return true;
  const { technique: _, environment: __, ...options } = perspective.machine;
  const { technique: ___, environment: ____, ...optionsBefore } = before.perspective.machine;
  return JSON.stringify(options) !== JSON.stringify(optionsBefore);
}

/** The run that was compared last while somebody looked: its program has run again where that was needed. */
let lookedAt: RunId | undefined;

/** Whether somebody looks at a comparison that misses techniques for which the program would have to run again. */
function misses({ run, tab, comparison }: State): boolean {
  return (
    tab === "compare" &&
    run?.run !== lookedAt &&
    comparison.some((cell) => !cell.available && cell.refusal.kind === "writes")
  );
}

let cancelComparison = () => {};

function compare({ run, perspective, tab }: State, say: (reason: string) => void): void {
  if (run === undefined || perspective === undefined) return;
  cancelComparison();
  if (tab === "compare") lookedAt = run.run;
  const cells: ComparisonCell[] = [];
  // The first comparison shows each result as it comes; a later one replaces what is there when it is whole.
  const first = store.state.comparison.length === 0;
  let isWanted = true;
  comparing++;
  const call = host.session.call(
    "compare",
    {
      ...{ run: run.run, machine: perspective.machine, prices: perspective.prices },
      mayRunAgain: tab === "compare",
    },
    ({ cell }) => {
      cells.push(worded(cell));
      if (first && isWanted) store.set({ comparison: [...cells] });
    },
  );
  cancelComparison = () => {
    // What was found until the session hears of it still comes.
    isWanted = false;
    call.cancel();
  };
  const ended = call.result.then(
    (comparison) => {
      if (isWanted) store.set({ comparison: comparison.map(worded) });
    },
    (error: unknown) => {
      if (!(error instanceof SessionFailure && error.error.kind === "cancelled")) say(messageOf(error));
    },
  );
  void ended.finally(() => comparing--);
}

/** Refused in the page's words. */
function worded(cell: ComparisonCell): ComparisonCell {
  return cell.available ? cell : { ...cell, reason: refusedText(cell.refusal, t) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

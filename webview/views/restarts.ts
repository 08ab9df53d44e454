import type { Place } from "../../src/panel/messages/messages.ts";
import type { FindingDocument } from "../../src/run/audit/document.ts";
import type { RestartReport } from "../../src/run/restart/campaign-report.ts";
import { cycles, integer } from "../../src/run/units.ts";
import type { RestartsReply } from "../../src/session/figures.ts";
import { findingText, readText, writtenText } from "../../src/session/finding-text.ts";
import type { State } from "../store.ts";
import { t } from "../text.ts";
import { button } from "../ui/controls.ts";
import { element } from "../ui/dom.ts";
import type { View, ViewContext } from "./view.ts";

/** What becomes of the program after a crash at each of its checkpoints, what it lacks then, and what a failure would cost. */
export function restartsView({ host, store }: ViewContext): View {
  const hint = element("span", { class: "hint" });
  const audit = button(t("Audit restarts"), () => {
    const { run } = store.state;
    if (run !== undefined) host.post({ type: "audit", run: run.run });
  });
  const failure = failureControl((cycle) => store.set({ failure: cycle }));
  const body = element("div", { class: "rows" });
  const root = element(
    "section",
    { class: "tab-view", "aria-label": t("Restarts") },
    element("div", { class: "view-header" }, hint, element("div", { class: "actions" }, audit)),
    failure.root,
    body,
  );

  function show({ restarts, run }: State): void {
    failure.root.hidden = restarts === undefined || restarts.restarts.length === 0;
    if (restarts === undefined) {
      hint.textContent = t(
        "Does it really restart? The program is started anew from each of its checkpoints, and followed.",
      );
      body.replaceChildren();
      return;
    }
    hint.textContent = headline(restarts);
    failure.limit(restarts.programCycles);
    body.replaceChildren(
      restartTable(restarts),
      ...findings(restarts, (place) => {
        store.set({ line: place });
        if (run !== undefined) host.post({ type: "reveal", run: run.run, place, focus: false });
      }),
    );
  }

  return {
    root,
    update(state, before) {
      if (state.tab !== "restarts") return;
      const isOpened = before.tab !== "restarts";
      if (isOpened || state.restarts !== before.restarts || state.run !== before.run) show(state);
      if (isOpened || state.failure !== before.failure || state.restarts !== before.restarts)
        failure.update(state.failure, state.restarts);
    },
  };
}

/** How it ends, and on which machine: what is looked at may be another one by now. */
function headline(reply: RestartsReply): string {
  const { technique, environment } = reply.machine;
  const machine = t("Restarted by {0} on {1}.", technique, environment);
  return reply.restarts.length === 0 ? verdict(reply) : `${verdict(reply)} ${machine}`;
}

function verdict({ restarts, audit }: RestartsReply): string {
  const lost = restarts.filter(({ survived }) => !survived).length;
  if (restarts.length === 0) return t("The program takes no checkpoint: there is nothing to restart from.");
  if (lost > 0) return t("{0} of {1} restarts end otherwise than the run that nothing stopped.", lost, restarts.length);
  const missed = audit?.findings.some(({ kind }) => kind === "unprotected") ?? false;
  const checkpoints = restarts.filter(({ at }) => at !== "call").length;
  return missed
    ? t("All restarts end as they should, but not by what was saved.")
    : t("The program survives a crash after each of its {0} checkpoints.", checkpoints);
}

/** One row for each restart. */
function restartTable(reply: RestartsReply): HTMLElement {
  const head: readonly (readonly [text: string, title: string])[] = [
    [t("Version"), t("The newest checkpoint at the time of the crash")],
    [t("Verdict"), t("How the restarted program ends, held against the run that nothing stopped")],
    [t("Lost work"), t("The most that is done again: until the next checkpoint")],
    [t("Recovery"), t("Until it does new work: detection, reload, restore and re-entry")],
    [t("What differs"), ""],
  ];
  return element(
    "table",
    { class: "restarts" },
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        ...head.map(([text, title], i) =>
          element("th", { scope: "col", title, class: i === 2 || i === 3 ? "number" : "" }, text),
        ),
      ),
    ),
    element("tbody", {}, ...reply.restarts.map((restart) => restartRow(restart, reply.ghz))),
  );
}

function restartRow(restart: RestartReport, ghz: number): HTMLElement {
  const { name, version, at, survived, restoredVersion, difference, refusals } = restart;
  const { lostCycles, intervalCycles, recovery } = restart;
  const { detect, reload, restore, reentry } = recovery;
  const [kind, text] = !survived
    ? ["bad", t("differs")]
    : restoredVersion === null
      ? ["warn", t("from the start")]
      : ["good", t("survives")];
  const parts = [
    [t("detection, supposed"), detect],
    [t("reload"), reload],
    [t("restore"), restore],
    [t("re-entry"), reentry],
  ] as const;
  const title = parts.map(([what, part]) => `${what} ${time(part, ghz)}`).join(" · ");
  return element(
    "tr",
    {},
    element("td", {}, at === "call" ? t("{0} {1}, not safe yet", name, version) : `${name} ${version}`),
    element("td", {}, element("span", { class: `verdict ${kind}` }, text)),
    element("td", { class: "number" }, t("{0} cycles", cycles(lostCycles + intervalCycles))),
    element("td", { class: "number", title }, time(detect + reload + restore + reentry, ghz)),
    element("td", { class: "wide" }, [difference ?? "", ...refusals].filter((one) => one !== "").join("; ")),
  );
}

function findings({ audit }: RestartsReply, reveal: (place: Place) => void): HTMLElement[] {
  if (audit === undefined) return [];
  const group = (title: string, some: readonly FindingDocument[]) =>
    some.length === 0
      ? []
      : [
          element("h3", {}, title),
          element("ul", { class: "findings" }, ...some.map((finding) => findingItem(finding, reveal))),
        ];
  const of = (kind: FindingDocument["kind"]) => audit.findings.filter((one) => one.kind === kind);
  return [
    ...group(t("Missed after a restart"), of("unprotected")),
    ...group(t("Protected for nothing"), of("dead")),
    ...group(
      t("True, and harmless"),
      audit.harmless.filter(({ kind }) => kind === "unprotected"),
    ),
  ];
}

function findingItem(finding: FindingDocument, reveal: (place: Place) => void): HTMLElement {
  const { declaredAt, allocatedAt, readAt, writtenAt, fix, symbol, effect } = finding;
  const link = (text: string, place: Place | undefined) => {
    if (place === undefined) return undefined;
    const made = element("button", { class: "link", type: "button" }, `${text} (${place.file}:${place.line})`);
    made.addEventListener("click", () => reveal(place));
    return element("div", { class: "finding-place" }, made);
  };
  return element(
    "li",
    {},
    element("div", {}, effect === "harmless" ? t("{0} is read, to no effect.", symbol) : findingText(finding, t)),
    link(t("Declared"), declaredAt),
    link(t("Allocated"), allocatedAt),
    link(readText(finding, t), readAt),
    link(writtenText(finding, t), writtenAt),
    fix === undefined || fix.call === ""
      ? undefined
      : element("div", { class: "finding-place" }, element("code", {}, `${fix.call};`)),
    fix?.caution === undefined ? undefined : element("div", { class: "finding-place dim" }, fix.caution),
  );
}

/** A failure at any time of the program: what is found then, and what it costs. */
function failureControl(onChange: (cycle: number) => void): {
  readonly root: HTMLElement;
  limit(programCycles: number): void;
  update(failure: number | undefined, restarts: RestartsReply | undefined): void;
} {
  const input = element("input", { type: "range", min: "0", max: "1000", step: "1", value: "0", id: "failure-time" });
  const text = element("output", { for: "failure-time", class: "hint", "aria-live": "polite" });
  const root = element(
    "div",
    { class: "failure" },
    element("label", { for: "failure-time" }, t("A failure at")),
    input,
    text,
  );
  let end = 1;
  /** Its own value is in thousandths of the run. */
  const sayValue = (failure: number) => input.setAttribute("aria-valuetext", t("{0} cycles", cycles(failure)));
  sayValue(0);
  input.addEventListener("input", () => onChange((Number(input.value) / 1000) * end));
  return {
    root,
    limit(programCycles) {
      end = programCycles;
    },
    update(failure, restarts) {
      if (failure === undefined || restarts === undefined) {
        text.textContent = t("Move the slider: the timeline shows where, and what is lost is said here.");
        return;
      }
      input.value = String(Math.round((failure / end) * 1000));
      sayValue(failure);
      text.textContent = failureText(failure, restarts);
    },
  };
}

function failureText(failure: number, { restarts, ghz }: RestartsReply): string {
  const found = restarts.findLast(({ cycle, at }) => at !== "call" && cycle <= failure);
  const where = t("{0} cycles", cycles(failure));
  if (found === undefined) return t("{0}: there is no checkpoint yet, all of it is lost.", where);
  const { version, cycle, lostCycles, recovery, survived } = found;
  const { detect, reload, restore, reentry } = recovery;
  const sum = time(detect + reload + restore + reentry, ghz);
  const lost = cycles(lostCycles + failure - cycle);
  return survived
    ? t("{0}: version {1} is found, {2} cycles of work are lost, recovery takes {3}.", where, version, lost, sum)
    : t(
        "{0}: version {1} is found, {2} cycles of work are lost, and the restart ends otherwise.",
        where,
        version,
        lost,
      );
}

/** Cycles as time. */
function time(count: number, ghz: number): string {
  const nanoseconds = count / ghz;
  if (nanoseconds >= 1e9) return `${(nanoseconds / 1e9).toFixed(2)} s`;
  if (nanoseconds >= 1e6) return `${(nanoseconds / 1e6).toFixed(nanoseconds >= 1e8 ? 0 : 1)} ms`;
  return nanoseconds >= 1e3 ? `${(nanoseconds / 1e3).toFixed(1)} µs` : `${integer(Math.round(nanoseconds))} ns`;
}

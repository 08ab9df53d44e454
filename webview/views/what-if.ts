import type { Price, PriceProfile, Space } from "../../src/machine/prices.ts";
import { withDevices } from "../../src/machine/what-if.ts";
import { cycles } from "../../src/run/units.ts";
import type { EventRow, PriceChoice, PriceOverride } from "../../src/session/figures.ts";
import { ownPerspective, supposedCounts } from "../../src/session/model/perspective.ts";
import { Latest } from "../latest.ts";
import { shownProfile } from "../prices.ts";
import type { PriceTarget, State } from "../store.ts";
import { t } from "../text.ts";
import { button, notNegative, numberField } from "../ui/controls.ts";
import { element, styled } from "../ui/dom.ts";
import type { View, ViewContext } from "./view.ts";
import { whatIfOptions } from "./what-if-options.ts";

/** Prices that are offered: those that this run pays most for. */
const MOST_PRICES = 12;
/** A slider goes from an eighth of the profile's price to eight times of it, by powers of two. */
const OCTAVES = 3;
const STEP = 0.05;

interface Entry {
  readonly target: PriceTarget;
  readonly text: string;
  readonly unit: string;
  readonly meaning: string;
  readonly cost: number;
}

interface Row {
  readonly root: HTMLElement;
  readonly key: string;
  /** Brings it into sight, with the keyboard on its slider. */
  focus(): void;
  update(state: State, profile: PriceProfile): void;
}

/** Prices as sliders and options as lists; everything else follows at once. */
export function whatIfView({ host, store, look, fail, say }: ViewContext): View {
  const options = whatIfOptions({ store, look, say });
  const changed = element("span", { class: "hint" });
  const reset = button(t("Reset"), () => {
    const { perspective, settings } = store.state;
    if (perspective !== undefined) look(ownPerspective(perspective, settings));
  });
  const save = button(t("Save as profile…"), () => {
    const profile = profileOf(store.state);
    const { perspective } = store.state;
    if (profile !== undefined && perspective !== undefined)
      host.post({ type: "saveProfile", profile: changedProfile(profile, perspective.prices) });
  });
  const rows = element("div", { class: "rows" });
  const root = element(
    "section",
    { class: "tab-view", "aria-label": t("What if") },
    options.root,
    element("div", { class: "view-header" }, changed, element("div", { class: "actions" }, save, reset)),
    rows,
  );

  let entries: readonly Entry[] = [];
  let shown: readonly Row[] = [];
  /** A price that was asked for, until its row has the keyboard. */
  let wanted: PriceTarget | undefined;
  const latest = new Latest<State, readonly EventRow[]>(
    ({ run, perspective }) =>
      run === undefined || perspective === undefined
        ? Promise.reject(new Error("no run is shown"))
        : host.session.ask("events", { run: run.run, perspective, selection: {} }),
    (events) => {
      const next = entriesOf(events, store.state.price);
      // While prices move, the rows stay where they are: what is paid for does not change, only its order would.
      const key = (all: readonly Entry[]) => [...all.map(({ text }) => text)].sort().join();
      if (key(next) !== key(entries)) {
        entries = next;
        shown = entries.map((entry) => rowOf(entry));
        rows.replaceChildren(...shown.map((row) => row.root));
      }
      refresh(store.state);
      focusWanted();
    },
    fail,
  );

  function focusWanted(): void {
    const row = wanted && shown.find(({ key }) => wanted !== undefined && key === keyOf(wanted));
    if (row === undefined) return;
    wanted = undefined;
    for (const one of shown) one.root.classList.toggle("asked", one === row);
    // The tab comes into sight in this frame, the row in the next.
    requestAnimationFrame(() => row.focus());
  }

  function refresh(state: State): void {
    const { perspective, settings } = state;
    if (perspective === undefined) return;
    const supposed = supposedCounts(perspective, settings);
    reset.toggleAttribute("disabled", supposed.options + supposed.prices === 0);
    const profile = profileOf(state);
    if (profile === undefined) return;
    for (const row of shown) row.update(state, profile);
    const { title } = shownProfile(state) ?? profile;
    changed.textContent = [pricesText(supposed.prices, title), ...differingOptions(supposed.options)].join(" · ");
  }

  function rowOf(entry: Entry): Row {
    const slider = element("input", {
      type: "range",
      min: String(-OCTAVES),
      max: String(OCTAVES),
      step: String(STEP),
      "aria-label": entry.text,
    });
    const field = numberField(entry.text, (value) => setPrice(entry.target, value), notNegative());
    const factor = element("span", { class: "number dim" });
    const source = element("div", { class: "source dim" });
    const bandBar = element("span", { class: "price-band", "aria-hidden": "true" });
    slider.addEventListener("input", () => {
      const profile = profileOf(store.state);
      if (profile === undefined) return;
      const octaves = Number(slider.value);
      // The middle is the profile's own price.
      if (Math.abs(octaves) < STEP / 2) setPrice(entry.target, undefined);
      else setPrice(entry.target, priceIn(profile, entry.target).cycles * 2 ** octaves);
    });
    /** What stands there already, as other rows' prices move. */
    let seen: { readonly base: Price; readonly now: number } | undefined;
    slider.addEventListener("dblclick", () => setPrice(entry.target, undefined));
    const root = element(
      "div",
      { class: "price-row" },
      element("span", { class: "row-name", title: entry.meaning }, entry.text),
      element("span", { class: "slider" }, slider, element("span", { class: "price-bands" }, bandBar)),
      field.root,
      factor,
      source,
    );
    return {
      root,
      key: keyOf(entry.target),
      focus() {
        root.scrollIntoView({ block: "center" });
        slider.focus();
      },
      update(state, profile) {
        const base = priceIn(profile, entry.target);
        const now = overrideIn(state.perspective?.prices, entry.target)?.cycles ?? base.cycles;
        // It takes nothing while somebody types in it.
        field.update(now);
        if (seen?.base === base && seen.now === now) return;
        seen = { base, now };
        const ratio = base.cycles === 0 ? 1 : now / base.cycles;
        slider.value = String(Math.log2(ratio || 2 ** -OCTAVES));
        root.classList.toggle("changed", now !== base.cycles);
        // Its own value is a power of two.
        slider.setAttribute("aria-valuetext", `${short(now)} ${entry.unit}`);
        factor.textContent = now === base.cycles ? "" : `× ${Number(ratio.toPrecision(2))}`;
        const band = t("{0} to {1}", short(base.low), short(base.high));
        source.textContent = `${entry.unit}, ${band} · ${base.source} (${base.confidence})`;
        source.title = source.textContent;
        const [from, to] = [base.low, base.high].map((price) => sliderPart(price, base.cycles));
        styled(bandBar, { left: percentOf(from), width: percentOf(Math.max(0, to - from)) });
      },
    };
  }

  /** @param value undefined for the profile's own */
  function setPrice(of: PriceTarget, value: number | undefined): void {
    const prices = store.state.perspective?.prices;
    if (prices === undefined) return;
    const primitives = { ...prices.primitives };
    const cyclesPerInstruction = { ...prices.cyclesPerInstruction };
    if (of.kind === "primitive") {
      if (value === undefined) delete primitives[of.name];
      else primitives[of.name] = { cycles: value };
    } else if (value === undefined) delete cyclesPerInstruction[of.space];
    else cyclesPerInstruction[of.space] = { cycles: value };
    look({ prices: { ...prices, primitives, cyclesPerInstruction } });
  }

  return {
    root,
    update(state, before) {
      const machine = state.perspective?.machine;
      if (state.run === undefined) return;
      if (state.price !== before.price) wanted = state.price;
      const isNew = state.price !== before.price && state.price !== undefined;
      if (state.run !== before.run || machine !== before.perspective?.machine || isNew) latest.ask(state);
      const isSame = state.perspective === before.perspective && state.profiles === before.profiles;
      if (isSame && state.settings === before.settings) return;
      options.update(state);
      refresh(state);
    },
  };
}

/** The profile, with the devices that are supposed: what prices are supposed instead of. */
function profileOf(state: State): PriceProfile | undefined {
  const profile = shownProfile(state);
  return profile && withDevices(profile, state.perspective?.prices.devices ?? {});
}

function pricesText(count: number, title: string): string {
  if (count === 0) return t("Prices of {0}, the ones that matter most here first", title);
  return count === 1 ? t("1 price differs from {0}", title) : t("{0} prices differ from {1}", count, title);
}

/** How many options are supposed, for who sees their values elsewhere; nothing for none. */
export function differingOptions(count: number): string[] {
  if (count === 0) return [];
  return [count === 1 ? t("1 option differs") : t("{0} options differ", count)];
}

function keyOf(target: PriceTarget): string {
  return target.kind === "space" ? `space ${target.space}` : target.name;
}

/** Where on a slider a price stands, from 0 to 1. */
function sliderPart(price: number, base: number): number {
  const octaves = base > 0 && price > 0 ? Math.log2(price / base) : 0;
  return (Math.min(OCTAVES, Math.max(-OCTAVES, octaves)) + OCTAVES) / (2 * OCTAVES);
}

function percentOf(part: number): string {
  return `${(100 * part).toFixed(2)}%`;
}

/**
 * What the run pays for, the dearest first, and a price that was asked for; steps that are priced by their length stand for
 * their space.
 */
function entriesOf(events: readonly EventRow[], asked: PriceTarget | undefined): Entry[] {
  const entries = new Map<string, Entry>();
  for (const { primitive, unit, meaning, price, cycles: cost } of events) {
    const { space } = price;
    const key = keyOf(space === undefined ? { kind: "primitive", name: primitive } : { kind: "space", space });
    const before = entries.get(key)?.cost ?? 0;
    entries.set(
      key,
      space === undefined
        ? {
            target: { kind: "primitive", name: primitive },
            text: primitive,
            unit: t("cycles per {0}", unit),
            meaning,
            cost: before + cost,
          }
        : {
            target: { kind: "space", space },
            text: spaceText(space),
            unit: t("cycles per instruction"),
            meaning: t("Code of known length costs its instructions times this."),
            cost: before + cost,
          },
    );
  }
  const sorted = [...entries.values()].sort((a, b) => b.cost - a.cost);
  return sorted.filter(({ target }, i) => i < MOST_PRICES || (asked !== undefined && keyOf(target) === keyOf(asked)));
}

function spaceText(space: Space): string {
  switch (space) {
    case "user":
      return t("Library code");
    case "guestKernel":
      return t("Guest kernel code");
    case "hypervisor":
      return t("Hypervisor code");
  }
}

const NOTHING: Price = { cycles: 0, low: 0, high: 0, source: "", confidence: "C" };

function priceIn(profile: PriceProfile, target: PriceTarget): Price {
  return target.kind === "space"
    ? profile.cyclesPerInstruction[target.space]
    : (profile.primitives[target.name] ?? NOTHING);
}

function overrideIn(prices: PriceChoice | undefined, target: PriceTarget): PriceOverride | undefined {
  return target.kind === "space" ? prices?.cyclesPerInstruction?.[target.space] : prices?.primitives?.[target.name];
}

/** The profile with the prices that were supposed, each saying so. */
function changedProfile(
  profile: PriceProfile,
  { primitives = {}, cyclesPerInstruction = {} }: PriceChoice,
): PriceProfile {
  const supposed = ({ cycles: value, low = value, high = value }: PriceOverride, base: Price | undefined): Price => ({
    cycles: value,
    low,
    high,
    confidence: "C",
    source: base === undefined ? "supposed" : `supposed; ${profile.name} has ${base.cycles}: ${base.source}`,
  });
  const spaces: Record<Space, Price> = { ...profile.cyclesPerInstruction };
  for (const [space, override] of Object.entries(cyclesPerInstruction) as [Space, PriceOverride][])
    spaces[space] = supposed(override, profile.cyclesPerInstruction[space]);
  const prices: Record<string, Price> = { ...profile.primitives };
  for (const [name, override] of Object.entries(primitives))
    prices[name] = supposed(override, profile.primitives[name]);
  return {
    ...profile,
    name: `${profile.name}-what-if`,
    title: `${profile.title}, what if`,
    cyclesPerInstruction: spaces,
    primitives: prices,
  };
}

function short(value: number): string {
  return value >= 1e4 ? cycles(value) : String(Number(value.toPrecision(3)));
}

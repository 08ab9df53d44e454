import { COMMITS, COPIERS, MOST_HYBRID_WRITES, TARGETS } from "../../src/checkpoint/technique.ts";
import { DEVICE_PRIMITIVES, type Devices, devicesOf } from "../../src/machine/what-if.ts";
import type { MachineOptions } from "../../src/run/machine.ts";
import type { PriceChoice } from "../../src/session/figures.ts";
import { chosenPrices } from "../../src/session/model/prices.ts";
import { GATES } from "../../src/xen/checkpoint-service.ts";
import { shownProfile } from "../prices.ts";
import { whyNot } from "../refused.ts";
import type { State } from "../store.ts";
import { t } from "../text.ts";
import { aboveZero, type Choice, dropdown, numberField, type Wanted, wholeUpTo } from "../ui/controls.ts";
import { element } from "../ui/dom.ts";
import type { ViewContext } from "./view.ts";

/** An option that is a number. */
interface OptionFigure {
  readonly option: "hybridWrites" | "backgroundBytesPerCycle";
  readonly text: string;
  readonly wanted: Wanted;
  /** Whether it counts on a machine. */
  counts(machine: MachineOptions): boolean;
}

/** What a device is supposed to do; it counts where images go to it. */
interface DeviceFigure {
  readonly device: keyof Devices;
  readonly target: MachineOptions["target"];
  readonly text: string;
  /** One of the unit that is shown, in the device's own. */
  readonly unit: number;
}

export interface WhatIfOptions {
  readonly root: HTMLElement;
  update(state: State): void;
}

/** What a checkpoint does besides finding dirty pages: lists of ways, and figures where they count. */
export function whatIfOptions({ store, look, say }: Pick<ViewContext, "store" | "look" | "say">): WhatIfOptions {
  const lists = [
    optionList(t("Who copies"), "copy", COPIERS),
    optionList(t("Gate to Xen"), "gate", GATES),
    optionList(t("Commit"), "commit", COMMITS),
    optionList(t("Images go to"), "target", TARGETS),
  ];
  const optionFigures: readonly OptionFigure[] = [
    {
      option: "hybridWrites",
      text: t("Emulated writes of a page"),
      wanted: wholeUpTo(MOST_HYBRID_WRITES),
      counts: ({ technique }) => technique === "hv-hybrid",
    },
    {
      option: "backgroundBytesPerCycle",
      text: t("Copied meanwhile, bytes per cycle"),
      wanted: aboveZero(),
      counts: ({ commit }) => commit === "async",
    },
  ];
  const figures = optionFigures.map((figure) => {
    const { text, option, wanted } = figure;
    const field = numberField(text, (value) => look({ machine: { [option]: value } }), wanted);
    return { figure, field, root: labelled(text, field.root) };
  });
  const deviceFigures: readonly DeviceFigure[] = [
    { device: "wireBytesPerSecond", target: "replica", text: t("Bandwidth to it, Gbit/s"), unit: 1e9 / 8 },
    { device: "wireRoundTripSeconds", target: "replica", text: t("Round trip, µs"), unit: 1e-6 },
    { device: "diskBytesPerSecond", target: "disk", text: t("Bandwidth of it, MB/s"), unit: 1e6 },
    { device: "diskFlushSeconds", target: "disk", text: t("Flush, µs"), unit: 1e-6 },
  ];
  const devices = deviceFigures.map((figure) => {
    const { text, device, unit } = figure;
    const field = numberField(text, (value) => suppose(device, value * unit), aboveZero());
    return { figure, field, root: labelled(text, field.root) };
  });
  const root = element(
    "div",
    { class: "fields" },
    ...lists.map((list) => list.root),
    ...[...figures, ...devices].map((one) => one.root),
  );

  function optionList<K extends "copy" | "gate" | "commit" | "target">(
    text: string,
    option: K,
    values: readonly (MachineOptions[K] & string)[],
  ) {
    const list = dropdown<MachineOptions[K] & string>(text, (value) => look({ machine: { [option]: value } }), say);
    return {
      root: labelled(text, list.root),
      update: (machine: MachineOptions) => list.update(choices(machine, option, values), machine[option]),
    };
  }

  /** A device counts instead of what was supposed of its price before. */
  function suppose(device: keyof Devices, value: number): void {
    const prices = store.state.perspective?.prices;
    if (prices === undefined) return;
    const primitives = { ...prices.primitives };
    delete primitives[DEVICE_PRIMITIVES[device]];
    look({ prices: { ...prices, primitives, devices: { ...prices.devices, [device]: value } } });
  }

  return {
    root,
    update(state) {
      const { perspective } = state;
      if (perspective === undefined) return;
      const { machine, prices } = perspective;
      for (const list of lists) list.update(machine);
      for (const { figure, field, root: one } of figures) {
        one.hidden = !figure.counts(machine);
        field.update(machine[figure.option]);
      }
      const profile = shownProfile(state);
      const priced = profile && devicesOf(chosenPrices(profile, prices));
      for (const { figure, field, root: one } of devices) {
        one.hidden = priced === undefined || machine.target !== figure.target;
        if (priced === undefined) continue;
        field.update((supposedOf(prices, figure.device) ?? priced[figure.device]) / figure.unit);
      }
    },
  };
}

/** As it was typed: prices are rounded. Undefined where a price of its own counts. */
function supposedOf({ primitives, devices }: PriceChoice, device: keyof Devices): number | undefined {
  return primitives?.[DEVICE_PRIMITIVES[device]] === undefined ? devices?.[device] : undefined;
}

function labelled(text: string, control: HTMLElement): HTMLElement {
  return element("label", { class: "field" }, element("span", { class: "field-name" }, text), control);
}

/** Values of an option; those that the shown machine cannot have say why. */
function choices<K extends "copy" | "gate" | "commit" | "target">(
  machine: MachineOptions,
  option: K,
  values: readonly MachineOptions[K][],
): Choice<MachineOptions[K]>[] {
  return values.map((value) => {
    const refused = whyNot({ ...machine, [option]: value });
    return refused === undefined ? { value, text: value } : { value, text: `${value} · ${t("not here")}`, refused };
  });
}

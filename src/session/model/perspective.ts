import { type CheckpointOptions, DEFAULT_OPTIONS } from "../../checkpoint/technique.ts";
import { chosenMachine, machineRefusal } from "../../run/chosen-machine.ts";
import type { MachineOptions } from "../../run/machine.ts";
import { transferBytesPerCycle } from "../../run/transfer-rate.ts";
import type { Perspective, PriceChoice } from "../figures.ts";

/** What can be chosen of a perspective by itself. */
export interface PerspectiveChoice {
  readonly machine?: Partial<MachineOptions>;
  /** Its prices are taken as they are: what was supposed instead of another profile's goes. */
  readonly profile?: PriceChoice["profile"];
}

/** A perspective of which something else was chosen; all else stays. */
export function chosenPerspective(before: Perspective, choice: PerspectiveChoice): Perspective {
  const { machine, prices } = before;
  const chosen = {
    machine: choice.machine === undefined ? machine : chosenMachine(machine, choice.machine),
    prices: choice.profile === undefined ? prices : { profile: choice.profile },
  };
  return withTransferRate(chosen, before);
}

/** What leads from one perspective of settings, which suppose no prices, to another. */
export function choiceBetween(before: Perspective, now: Perspective): PerspectiveChoice {
  const options = Object.entries(now.machine) as [keyof MachineOptions, unknown][];
  const changed = options.filter(([name, value]) => value !== before.machine[name]);
  return {
    ...(changed.length === 0 ? {} : { machine: Object.fromEntries(changed) }),
    ...(now.prices.profile === before.prices.profile ? {} : { profile: now.prices.profile }),
  };
}

/**
 * A perspective whose asynchronous commits take as long as the devices need that are supposed in its prices.
 * @param before what it was made of: its rate stays where neither supposes any
 */
export function withTransferRate(perspective: Perspective, before: Perspective): Perspective {
  const { machine, prices } = perspective;
  if (prices.devices === undefined && before.prices.devices === undefined) return perspective;
  const isCrossing = machine.commit === "async" && machine.target !== "memory";
  // Another rate is another machine, whose counts are made anew: where nothing crosses meanwhile it is none.
  const rate = transferBytesPerCycle(machine.target, isCrossing ? (prices.devices ?? {}) : {});
  if (rate === machine.transferBytesPerCycle) return perspective;
  return { machine: { ...machine, transferBytesPerCycle: rate }, prices };
}

const OPTIONS = Object.keys(DEFAULT_OPTIONS) as (keyof CheckpointOptions)[];

/**
 * The same technique in the same environment, with nothing supposed.
 * @param own options that count then
 */
export function ownPerspective({ machine, prices }: Perspective, own: CheckpointOptions): Perspective {
  const options = Object.fromEntries(OPTIONS.map((name) => [name, own[name]]));
  const reset = chosenMachine(machine, options);
  // Not every technique has the commits that others have.
  const isPossible = machineRefusal(reset) === undefined;
  return { machine: isPossible ? reset : { ...reset, commit: machine.commit }, prices: { profile: prices.profile } };
}

/** How many options and prices are supposed instead of one's own. */
export function supposedCounts(
  perspective: Perspective,
  own: CheckpointOptions,
): { readonly options: number; readonly prices: number } {
  const { machine } = ownPerspective(perspective, own);
  const { primitives = {}, cyclesPerInstruction = {}, devices = {} } = perspective.prices;
  // A rate goes with a device.
  const differ = OPTIONS.filter(
    (name) => name !== "transferBytesPerCycle" && perspective.machine[name] !== machine[name],
  );
  const prices = [primitives, cyclesPerInstruction, devices].flatMap((all) => Object.keys(all));
  return { options: differ.length, prices: prices.length };
}

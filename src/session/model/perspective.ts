import { chosenMachine } from "../../run/chosen-machine.ts";
import type { MachineOptions } from "../../run/machine.ts";
import type { Perspective, PriceChoice } from "../figures.ts";

/** What can be chosen of a perspective by itself. */
export interface PerspectiveChoice {
  readonly machine?: Partial<MachineOptions>;
  /** Its prices are taken as they are: what was supposed instead of another profile's goes. */
  readonly profile?: PriceChoice["profile"];
}

/** A perspective of which something else was chosen; all else stays. */
export function chosenPerspective({ machine, prices }: Perspective, choice: PerspectiveChoice): Perspective {
  return {
    machine: choice.machine === undefined ? machine : chosenMachine(machine, choice.machine),
    prices: choice.profile === undefined ? prices : { profile: choice.profile },
  };
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

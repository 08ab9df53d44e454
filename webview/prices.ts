import type { PriceList, PriceProfile } from "../src/machine/prices.ts";
import { knownPrices, knownProfile } from "../src/session/model/prices.ts";
import type { State } from "./store.ts";

/** The profile that the shown prices build on; undefined while it is not known here. */
export function shownProfile({ perspective, profiles }: State): PriceProfile | undefined {
  return perspective && knownProfile(perspective.prices, profiles?.profiles);
}

/** The prices that everything is shown at, where the page can tell. @param pathLengths of the steps on the shown machine */
export function shownPrices({ perspective, profiles }: State, pathLengths: Float64Array): PriceList | undefined {
  return perspective && knownPrices(perspective.prices, profiles?.profiles, pathLengths);
}

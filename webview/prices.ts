import { type PriceList, type PriceProfile, priceList } from "../src/machine/prices.ts";
import { chosenPrices } from "../src/session/model/prices.ts";
import type { State } from "./store.ts";

/** The profile that the shown prices build on; undefined while it is not known here. */
export function shownProfile({ perspective, profiles }: State): PriceProfile | undefined {
  const profile = perspective?.prices.profile;
  if (typeof profile !== "string") return profile;
  return profiles?.profiles.find((one) => one.profile.name === profile)?.profile;
}

/**
 * The prices that everything is shown at, as the session makes them.
 * @param pathLengths of the steps on the shown machine, by primitive
 * @returns undefined where only the session knows, or only it can say what is wrong with them
 */
export function shownPrices(state: State, pathLengths: Float64Array): PriceList | undefined {
  const profile = shownProfile(state);
  if (profile === undefined || state.perspective === undefined) return undefined;
  try {
    return priceList(chosenPrices(profile, state.perspective.prices), pathLengths);
  } catch {
    return undefined;
  }
}

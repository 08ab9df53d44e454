import { type Price, type PriceList, type PriceProfile, priceList, SPACES } from "../../machine/prices.ts";
import { PRIMITIVES } from "../../machine/primitives.ts";
import { withDevices } from "../../machine/what-if.ts";
import { BadInputError } from "../../program/program.ts";
import type { PriceChoice, PriceOverride, ProfileEntry, ProfilesReply } from "../figures.ts";

/** What a choice of prices calls a profile: its name, or its file. */
export function profileId({ profile, file }: ProfileEntry): string {
  return file ?? profile.name;
}

/** The profile that a choice builds on; undefined while only the session knows it. */
export function knownProfile(
  { profile }: PriceChoice,
  profiles: ProfilesReply["profiles"] | undefined,
): PriceProfile | undefined {
  if (typeof profile !== "string") return profile;
  return profiles?.find((one) => profileId(one) === profile)?.profile;
}

/**
 * The session's prices for a choice, for who cannot wait for its answer.
 * @param pathLengths of the steps on the machine that is looked at, by primitive
 * @returns undefined where only the session knows, or only it can say what is wrong with them
 */
export function knownPrices(
  choice: PriceChoice,
  profiles: ProfilesReply["profiles"] | undefined,
  pathLengths: Float64Array,
): PriceList | undefined {
  const profile = knownProfile(choice, profiles);
  if (profile === undefined) return undefined;
  try {
    return priceList(chosenPrices(profile, choice), pathLengths);
  } catch {
    return undefined;
  }
}

/** A profile with the prices that were chosen instead of its own. @throws BadInputError for a price that cannot be */
export function chosenPrices(base: PriceProfile, choice: PriceChoice): PriceProfile {
  const { primitives, cyclesPerInstruction, devices } = choice;
  const profile = devices === undefined ? base : withDevices(base, devices);
  const changed = { ...profile.primitives };
  for (const [name, override] of Object.entries(primitives ?? {})) {
    if (!PRIMITIVES.some((primitive) => primitive.name === name)) {
      throw new BadInputError(`there is no primitive ${name} to set a price of`);
    }
    changed[name] = overridden(override, name);
  }
  const perInstruction = { ...profile.cyclesPerInstruction };
  for (const space of SPACES) {
    const override = cyclesPerInstruction?.[space];
    if (override !== undefined) perInstruction[space] = overridden(override, `cycles per instruction of ${space}`);
  }
  return { ...profile, primitives: changed, cyclesPerInstruction: perInstruction };
}

function overridden({ cycles, low = cycles, high = cycles }: PriceOverride, of: string): Price {
  if (![cycles, low, high].every((value) => Number.isFinite(value) && value >= 0) || low > cycles || cycles > high) {
    throw new BadInputError(`the price of ${of}, ${cycles} (${low} to ${high}), must be 0 or more and lie in its band`);
  }
  return { cycles, low, high, source: "supposed", confidence: "S" };
}

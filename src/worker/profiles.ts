import { readFileSync } from "node:fs";
import { type PriceProfile, PriceProfileError, parseProfile } from "../machine/prices.ts";
import { BUILT_IN_PROFILES } from "../machine/profiles.ts";
import { BadInputError } from "../program/program.ts";
import type { CalibratedProfile } from "../run/calibration.ts";
import { writeWhole } from "./write-whole.ts";

/**
 * A built-in profile by its name, or one from a file.
 * @param named how the user named it, for errors: with the option, where it was one
 * @throws BadInputError when there is none or it cannot be used
 */
export function loadProfile(nameOrFile: string, named = nameOrFile): PriceProfile {
  const builtIn = BUILT_IN_PROFILES.find(({ name }) => name === nameOrFile);
  if (builtIn !== undefined) return builtIn;
  if (!nameOrFile.endsWith(".json")) {
    const names = BUILT_IN_PROFILES.map(({ name }) => name).join(", ");
    throw new BadInputError(`${named}: no price profile has this name (${names}), and a file's name ends in .json`);
  }
  let text: string;
  try {
    text = readFileSync(nameOrFile, "utf8");
  } catch {
    throw new BadInputError(`${named}: there is no such file`);
  }
  try {
    return parseProfile(JSON.parse(text) as unknown, nameOrFile, BUILT_IN_PROFILES);
  } catch (error) {
    if (error instanceof PriceProfileError) throw new BadInputError(error.message);
    throw new BadInputError(`${named} is no JSON: ${(error as Error).message}`);
  }
}

/** Writes a profile whole or not at all. */
export function writeProfile(path: string, profile: PriceProfile | CalibratedProfile): void {
  writeWhole(path, "the profile", `${JSON.stringify(profile, null, 2)}\n`);
}

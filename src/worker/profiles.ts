import { readFileSync } from "node:fs";
import { type PriceProfile, PriceProfileError, parseProfile } from "../machine/prices.ts";
import { BUILT_IN_PROFILES } from "../machine/profiles.ts";
import { BadInputError } from "../program/program.ts";
import type { CalibratedProfile } from "../run/calibration.ts";
import { writeWhole } from "./write-whole.ts";

/**
 * A built-in profile by its name, or one from a file.
 * @throws BadInputError when there is none or it cannot be used
 */
export function loadProfile(nameOrFile: string): PriceProfile {
  const builtIn = BUILT_IN_PROFILES.find(({ name }) => name === nameOrFile);
  if (builtIn !== undefined) return builtIn;
  if (!nameOrFile.endsWith(".json")) {
    const names = BUILT_IN_PROFILES.map(({ name }) => name).join(", ");
    throw new BadInputError(
      `--prices ${nameOrFile}: no profile has this name (${names}), and a file's name ends in .json`,
    );
  }
  let text: string;
  try {
    text = readFileSync(nameOrFile, "utf8");
  } catch {
    throw new BadInputError(`--prices ${nameOrFile}: there is no such file`);
  }
  try {
    return parseProfile(JSON.parse(text) as unknown, nameOrFile, BUILT_IN_PROFILES);
  } catch (error) {
    if (error instanceof PriceProfileError) throw new BadInputError(error.message);
    throw new BadInputError(`--prices ${nameOrFile} is no JSON: ${(error as Error).message}`);
  }
}

/** Writes a profile whole or not at all. */
export function writeProfile(path: string, profile: PriceProfile | CalibratedProfile): void {
  writeWhole(path, "the profile", `${JSON.stringify(profile, null, 2)}\n`);
}

import { readFileSync } from "node:fs";
import { type PriceProfile, PriceProfileError, parseProfile } from "../machine/prices.ts";
import { BUILT_IN_PROFILES } from "../machine/profiles.ts";
import { BadInputError } from "../program/program.ts";
import type { CalibratedProfile } from "../run/calibration.ts";
import { RefusedError } from "../run/refused-error.ts";
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
    const known = BUILT_IN_PROFILES.map(({ name }) => name);
    throw new RefusedError({ kind: "noProfile", name: nameOrFile, known }, named);
  }
  let text: string;
  try {
    text = readFileSync(nameOrFile, "utf8");
  } catch {
    throw new RefusedError({ kind: "noProfileFile", path: nameOrFile }, named);
  }
  try {
    return parseProfile(JSON.parse(text) as unknown, nameOrFile, BUILT_IN_PROFILES);
  } catch (error) {
    if (error instanceof PriceProfileError) throw new BadInputError(error.message);
    const problem = (error as Error).message;
    throw new RefusedError({ kind: "noProfileText", path: nameOrFile, problem }, named);
  }
}

/** Writes a profile whole or not at all. */
export function writeProfile(path: string, profile: PriceProfile | CalibratedProfile): void {
  writeWhole(path, "the profile", `${JSON.stringify(profile, null, 2)}\n`);
}

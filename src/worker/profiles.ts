import { readFileSync } from "node:fs";
import { type PriceProfile, PriceProfileError, parseProfile } from "../machine/prices.ts";
import { BUILT_IN_PROFILES } from "../machine/profiles.ts";
import { BadInputError } from "../program/program.ts";
import type { CalibratedProfile } from "../run/calibration.ts";
import { RefusedError } from "../run/refused-error.ts";
import { writeWhole } from "./write-whole.ts";

/**
 * A built-in profile by its name, or one from a file.
 * @throws BadInputError when there is none or it cannot be used
 */
export function loadProfile(nameOrFile: string): PriceProfile {
  const builtIn = BUILT_IN_PROFILES.find(({ name }) => name === nameOrFile);
  if (builtIn !== undefined) return builtIn;
  if (!nameOrFile.endsWith(".json")) {
    throw new RefusedError({
      kind: "noProfile",
      name: nameOrFile,
      known: BUILT_IN_PROFILES.map(({ name }) => name),
    });
  }
  let text: string;
  try {
    text = readFileSync(nameOrFile, "utf8");
  } catch {
    throw new RefusedError({ kind: "noProfileFile", path: nameOrFile });
  }
  try {
    return parseProfile(JSON.parse(text) as unknown, nameOrFile, BUILT_IN_PROFILES);
  } catch (error) {
    if (error instanceof PriceProfileError) throw new BadInputError(error.message);
    throw new RefusedError({ kind: "noProfileText", path: nameOrFile, problem: (error as Error).message });
  }
}

/** Writes a profile whole or not at all. */
export function writeProfile(path: string, profile: PriceProfile | CalibratedProfile): void {
  writeWhole(path, "the profile", `${JSON.stringify(profile, null, 2)}\n`);
}

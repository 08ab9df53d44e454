import { type PriceProfile, parseProfile } from "./prices.ts";
import era from "./profiles/era.json" with { type: "json" };
import modern from "./profiles/modern.json" with { type: "json" };
import ooh from "./profiles/ooh.json" with { type: "json" };
import remus from "./profiles/remus.json" with { type: "json" };
import whiskeyLake from "./profiles/whiskey-lake.json" with { type: "json" };

const ERA = parseProfile(era, "profiles/era.json");
const MODERN = parseProfile(modern, "profiles/modern.json");
const WHISKEY_LAKE = parseProfile(whiskeyLake, "profiles/whiskey-lake.json", [MODERN]);

/**
 * The profiles that come with the product, the default first. Privileged operations, bytes and devices carry the figure
 * of a public source or one derived from it; steps are priced by their instructions times the cycles per instruction of
 * their space, fitted to published totals of whole operations.
 */
export const BUILT_IN_PROFILES: readonly PriceProfile[] = [
  ERA,
  MODERN,
  WHISKEY_LAKE,
  parseProfile(ooh, "profiles/ooh.json", [WHISKEY_LAKE]),
  parseProfile(remus, "profiles/remus.json", [ERA]),
];

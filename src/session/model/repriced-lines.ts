import { PRIMITIVES } from "../../machine/primitives.ts";
import { costOfRange } from "../../run/cost-table.ts";
import { costOf } from "../../run/cycles.ts";
import type { LineMarks, LinesReply, PriceChoice, ProfilesReply, ReportReply } from "../figures.ts";
import { shareOf } from "./costs.ts";
import { knownPrices } from "./prices.ts";

/**
 * What the lines of a reply cost at other prices, in its order: for who cannot wait for the session's next one. Counts stay, so the machine must.
 * @returns undefined where only the session knows the profile, or only it can say what is wrong with the prices
 */
export function repricedLines(
  { lines, primitives }: LinesReply,
  { headline }: Pick<ReportReply, "headline">,
  choice: PriceChoice,
  { profiles }: Pick<ProfilesReply, "profiles">,
): LineMarks | undefined {
  const prices = knownPrices(choice, profiles, headline.pathLengths);
  if (prices === undefined) return undefined;
  const overhead = costOf(headline.counts.overhead, prices);
  const numbers = primitives.map(({ name }) => PRIMITIVES.findIndex((primitive) => primitive.name === name));
  const byIndex = (column: Float64Array) => Float64Array.from(numbers, (number) => column[number]);
  const own = { ...prices, cycles: byIndex(prices.cycles), low: byIndex(prices.low), high: byIndex(prices.high) };
  return {
    lines: lines.map(({ file, line, events, traps, dirtyPages, stores }) => {
      const cost = costOfRange(events, 0, events.count.length, own);
      return { file, line, cycles: cost.cycles, share: shareOf(cost, overhead), traps, dirtyPages, stores };
    }),
    ghz: prices.profile.ghz,
  };
}

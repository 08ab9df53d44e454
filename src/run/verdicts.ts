import type { PriceList } from "../machine/prices.ts";
import { pricesPaid } from "./ratio-band.ts";

/** A price that alone can turn a verdict, and how far it would have to move. */
export interface TurningPrice {
  /** An operation, a byte, or the instructions of a space. */
  readonly price: string;
  /** What it would have to be multiplied by; above 1 dearer, below 1 cheaper. */
  readonly factor: number;
  /** Whether its own band reaches that far: then the verdict is open. */
  readonly withinBand: boolean;
}

/** Prices that are named for each verdict. */
const MOST_PRICES = 3;

/**
 * The prices that, moved alone, bring (cost of `user`) / (cost of `hypervisor`) to one of the borders; the one that has to
 * move least comes first. Costs are linear in each price, so the factor is exact.
 *
 * @param user events by primitive number, like `hypervisor`
 */
export function turningPrices(
  user: Float64Array,
  hypervisor: Float64Array,
  prices: PriceList,
  borders: readonly number[],
): TurningPrice[] {
  const turning: TurningPrice[] = [];
  for (const [price, numbers] of pricesPaid(user, hypervisor, prices)) {
    // Summed and not subtracted: a part may be most of the whole.
    const [userPart, userRest] = split(user, prices.cycles, numbers);
    const [hypervisorPart, hypervisorRest] = split(hypervisor, prices.cycles, numbers);
    const factors = borders
      .map((border) => (border * hypervisorRest - userRest) / (userPart - border * hypervisorPart))
      .filter((factor) => factor > 0 && Number.isFinite(factor))
      .sort((a, b) => distance(a) - distance(b));
    if (factors.length === 0) continue;
    const [factor] = factors;
    // One price may set several primitives; the widest of their bands counts.
    const withinBand = numbers.some(
      (number) =>
        factor >= prices.low[number] / prices.cycles[number] && factor <= prices.high[number] / prices.cycles[number],
    );
    turning.push({ price, factor, withinBand });
  }
  return turning.sort((a, b) => distance(a.factor) - distance(b.factor)).slice(0, MOST_PRICES);
}

/** How far a factor is from leaving things as they are; twice and half are equally far. */
export function distance(factor: number): number {
  return Math.abs(Math.log(factor));
}

/** What a side pays for some primitives, and for all others. */
function split(counts: Float64Array, cycles: Float64Array, numbers: readonly number[]): [part: number, rest: number] {
  const part = numbers.reduce((sum, number) => sum + counts[number] * cycles[number], 0);
  const rest = counts.reduce(
    (sum, count, number) => (numbers.includes(number) ? sum : sum + count * cycles[number]),
    0,
  );
  return [part, rest];
}

import { type PriceList, spaceOf } from "../machine/prices.ts";
import { PRIMITIVES } from "../machine/primitives.ts";

/**
 * How many times as dear one side is as the other, and how far the prices leave that open.
 *
 * Both sides pay the same prices: if an exception is dearer than thought, it is so for both. Dividing one side's high by
 * the other's low would price the same instruction twice. The band is instead the envelope of the ratios with
 * - all prices low and all prices high at once, and
 * - each price alone at its low and at its high, the others as they are; the same operation of the processor, or the same
 *   handling of bytes, by Xen and by the guest counts as one price here.
 * It is no confidence interval: several prices may be off at once in opposite directions, which it does not cover. It
 * says what the ratio owes to the price that matters most, and to the machine's being slower or faster as a whole.
 */
export interface RatioBand {
  readonly ratio: number;
  readonly ratioLow: number;
  readonly ratioHigh: number;
  /** The price that alone moves the ratio most: an operation, a byte, or the instructions of a space. */
  readonly mostSensitiveTo: string;
}

/** The band of (cost of `user`) / (cost of `hypervisor`), both in events by primitive number. */
export function ratioBand(user: Float64Array, hypervisor: Float64Array, prices: PriceList): RatioBand {
  const ratioWith = (cycles: Float64Array) => dot(user, cycles) / dot(hypervisor, cycles);
  const ratio = ratioWith(prices.cycles);
  const ratios = [ratio, ratioWith(prices.low), ratioWith(prices.high)];
  let mostSensitiveTo = "";
  let widest = -1;
  for (const [name, numbers] of pricesPaid(user, hypervisor, prices)) {
    const alone = [prices.low, prices.high].map((list) => {
      const cycles = prices.cycles.slice();
      for (const number of numbers) cycles[number] = list[number];
      return ratioWith(cycles);
    });
    ratios.push(...alone);
    const width = Math.abs(alone[0] - alone[1]);
    if (width > widest) {
      widest = width;
      mostSensitiveTo = name;
    }
  }
  return { ratio, ratioLow: Math.min(...ratios), ratioHigh: Math.max(...ratios), mostSensitiveTo };
}

/** The prices that either side pays, each with the primitives that it sets: its own, or all steps of a space. */
export function pricesPaid(user: Float64Array, hypervisor: Float64Array, prices: PriceList): Map<string, number[]> {
  const paid = new Map<string, number[]>();
  PRIMITIVES.forEach(({ name, layer }, number) => {
    if (user[number] === 0 && hypervisor[number] === 0) return;
    const own = Object.hasOwn(prices.profile.primitives, name);
    const key = own ? name.replace(WHO, "") : `an instruction, ${spaceOf(layer)}`;
    paid.set(key, [...(paid.get(key) ?? []), number]);
  });
  return paid;
}

/** Whose `cpu.iretq` or `memcpy.byte` it is: the same silicon does it. */
const WHO = /^(xen|user)\.(?=cpu\.|memcpy\.)/;

function dot(counts: Float64Array, cycles: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += counts[i] * cycles[i];
  return sum;
}

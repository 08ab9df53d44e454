import { CONFIDENCES, type Confidence, type PriceList, spaceOf } from "../machine/prices.ts";
import { PRIMITIVES } from "../machine/primitives.ts";

/** One price's part in a cost. */
export interface PriceShare {
  /** An operation, a byte, or the instructions of a space. */
  readonly price: string;
  readonly confidence: Confidence;
  /** Of the whole cost, from 0 to 1. */
  readonly share: number;
}

/** How sure the prices are that a cost rests on. */
export interface CostConfidence {
  /** Share of the cost, from 0 to 1, by how sure its prices are; what has none is left out. */
  readonly shareByConfidence: Readonly<Partial<Record<Confidence, number>>>;
  /** Share of the cost, from 0 to 1, that rests on prices from memory (C) or derived (D). */
  readonly lowConfidenceShare: number;
  /** Those of them that matter most. */
  readonly lowConfidencePrices: readonly PriceShare[];
}

/** Prices named of those that are not sure. */
const MOST_PRICES = 4;

/** @param counts by primitive number */
export function confidenceOf(counts: Float64Array, prices: PriceList): CostConfidence {
  const parts = new Map<string, { price: string; confidence: Confidence; cycles: number }>();
  let total = 0;
  PRIMITIVES.forEach(({ name, layer }, number) => {
    const cycles = counts[number] * prices.cycles[number];
    if (cycles === 0) return;
    total += cycles;
    const space = spaceOf(layer);
    const own = prices.profile.primitives[name];
    const price = own === undefined ? `an instruction, ${space}` : name;
    const { confidence } = own ?? prices.profile.cyclesPerInstruction[space];
    const part = parts.get(price) ?? { price, confidence, cycles: 0 };
    part.cycles += cycles;
    parts.set(price, part);
  });
  const shares = [...parts.values()]
    .map(({ price, confidence, cycles }): PriceShare => ({ price, confidence, share: cycles / total }))
    .sort((a, b) => b.share - a.share || (a.price < b.price ? -1 : 1));
  const sum = (some: readonly PriceShare[]) => some.reduce((all, { share }) => all + share, 0);
  const shareByConfidence: Partial<Record<Confidence, number>> = {};
  for (const confidence of CONFIDENCES) {
    const some = shares.filter((part) => part.confidence === confidence);
    if (some.length > 0) shareByConfidence[confidence] = sum(some);
  }
  const unsure = shares.filter(({ confidence }) => confidence === "C" || confidence === "D");
  return {
    shareByConfidence,
    lowConfidenceShare: sum(unsure),
    lowConfidencePrices: unsure.slice(0, MOST_PRICES),
  };
}

import { PRIMITIVES } from "./primitives.ts";

/**
 * How sure a price is: A read in the source's own text; B in an abstract or excerpt; C from memory, unchecked; M measured
 * by us; D derived by us from figures with sources; S supposed by who asks.
 */
export const CONFIDENCES = ["A", "B", "C", "D", "M", "S"] as const;
export type Confidence = (typeof CONFIDENCES)[number];

/** What one unit costs, in cycles of the profile's machine, and how far it may be off. */
export interface Price {
  readonly cycles: number;
  readonly low: number;
  readonly high: number;
  readonly source: string;
  readonly confidence: Confidence;
}

/** Spaces that run code of a known length; a step costs its instructions times the cycles per instruction there. */
export const SPACES = ["user", "guestKernel", "hypervisor"] as const;
export type Space = (typeof SPACES)[number];

/** A machine as a list of prices. */
export interface PriceProfile {
  readonly name: string;
  readonly title: string;
  readonly machine: string;
  readonly year: number;
  readonly ghz: number;
  /** Cycles per instruction of warm code, by space. */
  readonly cyclesPerInstruction: Readonly<Record<Space, Price>>;
  /** By the primitive's name; every primitive that is not a step has one. A step may have one, which then replaces its length. */
  readonly primitives: Readonly<Record<string, Price>>;
}

/** A price profile that cannot be used: which entry, what is wrong, what would be right. */
export class PriceProfileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PriceProfileError";
  }
}

/** The prices of all primitives by number, in one machine with one kernel. */
export interface PriceList {
  readonly profile: PriceProfile;
  readonly cycles: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/**
 * @param pathLengths instructions of each step, by primitive number, as the guest's kernel and hypervisor were built
 */
export function priceList(profile: PriceProfile, pathLengths: Float64Array): PriceList {
  const count = PRIMITIVES.length;
  const list = {
    profile,
    cycles: new Float64Array(count),
    low: new Float64Array(count),
    high: new Float64Array(count),
  };
  for (let number = 0; number < count; number++) {
    const primitive = PRIMITIVES[number];
    const own = profile.primitives[primitive.name];
    let price: Pick<Price, "cycles" | "low" | "high"> | undefined = own;
    let units = 1;
    if (price === undefined && primitive.kind === "step") {
      price = profile.cyclesPerInstruction[spaceOf(primitive.layer)];
      units = pathLengths[number];
    }
    if (price === undefined) {
      throw new PriceProfileError(`profile ${profile.name} has no price for ${primitive.name}`);
    }
    list.cycles[number] = price.cycles * units;
    list.low[number] = price.low * units;
    list.high[number] = price.high * units;
  }
  return list;
}

export function spaceOf(layer: string): Space {
  return layer === "guestKernel" || layer === "hypervisor" ? layer : "user";
}

/**
 * Reads a profile from unknown data. A profile may name a `base`, which supplies the prices that it does not state itself.
 * @param where what to call it in errors, e.g. the file's name
 * @param bases profiles that it may name as its base
 * @throws PriceProfileError with the entry's place
 */
export function parseProfile(data: unknown, where: string, bases: readonly PriceProfile[] = []): PriceProfile {
  const root = objectAt(data, where);
  const base = root.base === undefined ? undefined : baseAt(root.base, `${where}: base`, bases);
  const perInstruction = objectAt(root.cyclesPerInstruction, `${where}: cyclesPerInstruction`);
  const ghz = numberAt(root.ghz, `${where}: ghz`);
  const spacePrice = (space: Space) =>
    base !== undefined && perInstruction[space] === undefined
      ? inherited(base.cyclesPerInstruction[space], base, 1)
      : priceAt(perInstruction[space], `${where}: cyclesPerInstruction.${space}`);
  const cyclesPerInstruction = {
    user: spacePrice("user"),
    guestKernel: spacePrice("guestKernel"),
    hypervisor: spacePrice("hypervisor"),
  };
  const primitives = objectAt(root.primitives, `${where}: primitives`);
  const known = new Set(PRIMITIVES.map(({ name }) => name));
  const prices: Record<string, Price> = {};
  for (const [name, value] of Object.entries(primitives)) {
    if (!known.has(name)) throw new PriceProfileError(`${where}: primitives.${name} is no primitive of this machine`);
    prices[name] = priceAt(value, `${where}: primitives.${name}`);
  }
  for (const { name, kind, layer } of PRIMITIVES) {
    if (prices[name] !== undefined) continue;
    const price = base?.primitives[name];
    if (base !== undefined && price !== undefined) {
      const space = spaceOf(layer);
      const ofDevice = layer === "wire" || layer === "disk";
      const perInstructionNow = cyclesPerInstruction[space].cycles / base.cyclesPerInstruction[space].cycles;
      prices[name] = inherited(price, base, kind === "step" ? perInstructionNow : ofDevice ? ghz / base.ghz : 1);
    } else if (kind !== "step") {
      throw new PriceProfileError(`${where}: primitives.${name} is missing`);
    }
  }
  return {
    name: textAt(root.name, `${where}: name`),
    title: textAt(root.title, `${where}: title`),
    machine: textAt(root.machine, `${where}: machine`),
    year: numberAt(root.year, `${where}: year`),
    ghz,
    cyclesPerInstruction,
    primitives: prices,
  };
}

function baseAt(data: unknown, place: string, bases: readonly PriceProfile[]): PriceProfile {
  const name = textAt(data, place);
  const base = bases.find((candidate) => candidate.name === name);
  if (base !== undefined) return base;
  const names = bases.map((candidate) => candidate.name).join(", ");
  throw new PriceProfileError(`${place}: no profile is named ${name}${names === "" ? "" : `; choose one of ${names}`}`);
}

/**
 * A base's price on another machine: code takes as many instructions, a device as much time, and what the processor does
 * as many cycles.
 */
function inherited({ cycles, low, high, source, confidence }: Price, base: PriceProfile, factor: number): Price {
  const scaled = factor === 1 ? "" : ` x ${factor.toPrecision(3)}`;
  const times = (value: number) => (factor === 1 ? value : Number((value * factor).toPrecision(4)));
  return {
    cycles: times(cycles),
    low: times(low),
    high: times(high),
    source: `profile ${base.name}${scaled}: ${source}`,
    confidence,
  };
}

function priceAt(data: unknown, place: string): Price {
  const value = objectAt(data, place);
  const price = {
    cycles: numberAt(value.cycles, `${place}.cycles`),
    low: numberAt(value.low, `${place}.low`),
    high: numberAt(value.high, `${place}.high`),
    source: textAt(value.source, `${place}.source`),
    confidence: value.confidence as Confidence,
  };
  if (!(price.low <= price.cycles && price.cycles <= price.high)) {
    throw new PriceProfileError(`${place}: low <= cycles <= high does not hold`);
  }
  if (!CONFIDENCES.includes(price.confidence)) {
    throw new PriceProfileError(`${place}.confidence must be one of ${CONFIDENCES.join(", ")}`);
  }
  return price;
}

function objectAt(data: unknown, place: string): Record<string, unknown> {
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    throw new PriceProfileError(`${place} must be an object`);
  }
  return data as Record<string, unknown>;
}

function numberAt(data: unknown, place: string): number {
  if (typeof data !== "number" || !Number.isFinite(data) || data < 0) {
    throw new PriceProfileError(`${place} must be a number that is not negative`);
  }
  return data;
}

function textAt(data: unknown, place: string): string {
  if (typeof data !== "string" || data === "") throw new PriceProfileError(`${place} must be a text`);
  return data;
}

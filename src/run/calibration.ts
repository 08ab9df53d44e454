import type { KernelBuildName } from "../linux/kernel-build.ts";
import type { Price, PriceProfile } from "../machine/prices.ts";
import { PRIMITIVES } from "../machine/primitives.ts";
import { simulateCase } from "./simulated-case.ts";

/** What was measured of one unit of an operation, in ticks of the processor's time-stamp counter. */
export interface Measurement {
  readonly name: string;
  /** Median over the rounds; low and high are the 10th and the 90th percentile. */
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export interface MeasuredMachine {
  readonly cpu: string;
  /** Release of its Linux. */
  readonly kernel: string;
  /** The simulated kernel whose steps it is compared with. */
  readonly build: KernelBuildName;
  /** YYYY-MM-DD. */
  readonly date: string;
  /** Ticks per nanosecond. */
  readonly ghz: number;
}

/** Measured operations that the simulator runs natively, too: its case, and units in one run of it. */
const CASES: Readonly<Record<string, readonly [primitive: string, n: number, units: number]>> = {
  null_call: ["getpid", 1, 1000],
  signal: ["signal_tgkill_self", 1, 200],
  mprotect_close_1: ["mprotect_rw_to_ro", 1, 1],
  mprotect_open_1: ["mprotect_ro_to_rw", 1, 1],
  mprotect_close_8: ["mprotect_rw_to_ro", 8, 1],
  mprotect_open_8: ["mprotect_ro_to_rw", 8, 1],
  mprotect_close_64: ["mprotect_rw_to_ro", 64, 1],
  mprotect_open_64: ["mprotect_ro_to_rw", 64, 1],
  mprotect_close_512: ["mprotect_rw_to_ro", 512, 1],
  mprotect_open_512: ["mprotect_ro_to_rw", 512, 1],
  mprotect_close_4096: ["mprotect_rw_to_ro", 4096, 1],
  mprotect_open_4096: ["mprotect_ro_to_rw", 4096, 1],
  fault_sequential: ["prot_fault_segv_mprotect_sequential", 1, 256],
  fault_alternate: ["prot_fault_segv_mprotect_strided2", 1, 256],
  first_touch: ["minor_fault_first_touch_write", 1, 256],
  first_read: ["minor_fault_first_touch_read_zeropage", 1, 256],
  copy_on_write_zero: ["cow_fault_from_zeropage", 1, 256],
  copy_on_write_fork: ["cow_fault_after_fork", 1, 256],
  mmap_munmap: ["mmap_munmap_4pages_untouched", 1, 100],
  uffd_wp_sigbus: ["uffd_wp_fault_sigbus", 1, 256],
  uffd_wp_close_512: ["uffd_wp_protect", 512, 1],
  uffd_wp_open_512: ["uffd_wp_unprotect", 512, 1],
  clear_refs_4096: ["softdirty_clear_refs", 4096, 1],
  soft_dirty_fault: ["softdirty_write_fault", 512, 512],
  pagemap_4096: ["softdirty_read_pagemap", 4096, 1],
};

/** Sizes of one operation count together as much as any other operation. */
const FAMILY = /_\d+$/;

/** A measured operation and what the simulator's composition of it is made of. */
export interface Observation {
  readonly name: string;
  /** Cycles measured. */
  readonly measured: number;
  /** Instructions of the guest's kernel. */
  readonly kernelInstructions: number;
  /** Privileged operations, in cycles at the base profile's prices. */
  readonly privileged: number;
  /** Cycles that are known: the process's own instructions, pages cleared and copied. */
  readonly known: number;
  readonly weight: number;
}

export interface Fit {
  readonly kernelCyclesPerInstruction: number;
  /** By how much privileged operations are dearer than in the base profile. */
  readonly privilegedFactor: number;
  /** measured / composed - 1, by operation. */
  readonly residuals: ReadonlyMap<string, number>;
  /** Weighted root mean square of log(measured / composed). */
  readonly spread: number;
}

/** Bounds of what a fit may find: outside of them, something else was measured. */
const CPI_BOUNDS = [0.15, 12] as const;
const FACTOR_BOUNDS = [0.1, 12] as const;

/**
 * Least squares over the logarithms of measured / composed: cycles per instruction of the kernel, and one factor on all
 * privileged operations. Gauss-Newton in the parameters' logarithms, with damping.
 *
 * @param expectedFactor what is thought of that factor beforehand, which counts like one operation more: few operations
 * tell it from the instructions around it
 */
export function fitObservations(observations: readonly Observation[], expectedFactor?: number): Fit {
  const expected = Math.log(expectedFactor ?? 1);
  const expectedWeight = expectedFactor === undefined ? 0 : 1;
  const start = [0, expected];
  const bounds = [CPI_BOUNDS, FACTOR_BOUNDS].map((pair) => pair.map(Math.log));
  const composed = (o: Observation, [a, b]: readonly number[]) =>
    o.kernelInstructions * Math.exp(a) + o.privileged * Math.exp(b) + o.known;
  const badness = (at: readonly number[]) =>
    observations.reduce(
      (sum, o) => sum + o.weight * Math.log(o.measured / composed(o, at)) ** 2,
      expectedWeight * (at[1] - expected) ** 2,
    );
  let at = start;
  let damping = 1e-3;
  for (let step = 0; step < 200 && damping < 1e12; step++) {
    // Normal equations of the linearised problem.
    let [aa, ab, bb, ra, rb] = [0, 0, expectedWeight, 0, expectedWeight * (expected - at[1])];
    for (const o of observations) {
      const whole = composed(o, at);
      const da = (o.kernelInstructions * Math.exp(at[0])) / whole;
      const db = (o.privileged * Math.exp(at[1])) / whole;
      const residual = Math.log(o.measured / whole);
      aa += o.weight * da * da;
      ab += o.weight * da * db;
      bb += o.weight * db * db;
      ra += o.weight * da * residual;
      rb += o.weight * db * residual;
    }
    const [a, b] = [aa * (1 + damping) + 1e-12, bb * (1 + damping) + 1e-12];
    const determinant = a * b - ab * ab;
    const next = [at[0] + (ra * b - rb * ab) / determinant, at[1] + (rb * a - ra * ab) / determinant].map((value, i) =>
      Math.min(Math.max(value, bounds[i][0]), bounds[i][1]),
    );
    if (badness(next) < badness(at)) {
      at = next;
      damping /= 5;
    } else {
      damping *= 5;
    }
  }
  const weights = observations.reduce((sum, { weight }) => sum + weight, 0);
  return {
    kernelCyclesPerInstruction: Math.exp(at[0]),
    privilegedFactor: Math.exp(at[1]),
    residuals: new Map(observations.map((o) => [o.name, o.measured / composed(o, at) - 1])),
    spread: weights > 0 ? Math.sqrt((badness(at) - expectedWeight * (at[1] - expected) ** 2) / weights) : 0,
  };
}

/** Runs each measured operation in the simulated native guest and takes its ledger apart. */
export function observe(
  measurements: readonly Measurement[],
  build: KernelBuildName,
  base: PriceProfile,
): Observation[] {
  const byName = new Map(measurements.map((measurement) => [measurement.name, measurement]));
  const user = byName.get("user_instruction")?.median ?? base.cyclesPerInstruction.user.cycles;
  const pages = pagePrices(byName);
  const modelled = measurements.filter(({ name }) => CASES[name] !== undefined);
  const familySize = (name: string) =>
    modelled.filter((other) => other.name.replace(FAMILY, "") === name.replace(FAMILY, "")).length;
  return modelled.map(({ name, median }): Observation => {
    const [primitive, n, units] = CASES[name];
    const { counts, lengths } = simulateCase(build, "native", primitive, n);
    let [kernelInstructions, privileged, known] = [0, 0, 0];
    counts.forEach((count, number) => {
      if (count === 0) return;
      const { kind, layer, name: step } = PRIMITIVES[number];
      const own = pages[step]?.cycles ?? base.primitives[step]?.cycles;
      if (kind === "operation") privileged += (count * own) / units;
      else if (own !== undefined) known += (count * own) / units;
      else if (layer === "guestKernel") kernelInstructions += (count * lengths[number]) / units;
      else known += (count * lengths[number] * user) / units;
    });
    return { name, measured: median, kernelInstructions, privileged, known, weight: 1 / familySize(name) };
  });
}

/** A profile document that names a base for what this machine could not tell. */
export interface CalibratedProfile {
  readonly name: string;
  readonly title: string;
  readonly machine: string;
  readonly year: number;
  readonly ghz: number;
  readonly base: string;
  readonly cyclesPerInstruction: Readonly<Record<string, Price>>;
  readonly primitives: Readonly<Record<string, Price>>;
}

/** Turns measurements and their fit into prices; what was not measured comes from the base, in proportion. */
export function calibratedProfile(
  measurements: readonly Measurement[],
  fit: Fit,
  machine: MeasuredMachine,
  base: PriceProfile,
): CalibratedProfile {
  const byName = new Map(measurements.map((measurement) => [measurement.name, measurement]));
  const source = `measured on ${machine.cpu}, Linux ${machine.kernel}, ${machine.date}`;
  const { kernelCyclesPerInstruction: cpi, privilegedFactor: factor } = fit;
  const spread = Math.exp(Math.max(fit.spread, LEAST_SPREAD));
  const operations = `${fit.residuals.size} operations composed by the simulator, typically off by ${((spread - 1) * 100).toFixed(0)} %`;
  const primitives: Record<string, Price> = {};
  for (const [name, price] of Object.entries(pagePrices(byName))) {
    primitives[name] = rounded({ ...price, confidence: "M", source: `${source}: ${price.what}` });
  }
  for (const [name, of, note] of DIRECT) {
    const measured = byName.get(of);
    if (measured !== undefined) {
      primitives[name] = rounded({ ...priceOf(measured), confidence: "M", source: `${source}: ${note}` });
    }
  }
  for (const { name, kind, layer } of PRIMITIVES) {
    if (kind !== "operation" || (layer !== "guestKernel" && layer !== "hypervisor")) continue;
    const price = base.primitives[name];
    // One factor for all: a single operation may take as long as on the base's machine, which its band reaches.
    const sameTime = machine.ghz / base.ghz;
    const proportion = `profile ${base.name} x ${factor.toPrecision(3)}`;
    const isFitted = layer === "guestKernel" && name !== "cpu.hypercall";
    primitives[name] = rounded({
      cycles: price.cycles * factor,
      low: price.low * Math.min(factor, sameTime),
      high: price.high * Math.max(factor, sameTime),
      confidence: "D",
      source: isFitted
        ? `${proportion}, one factor for all privileged operations, ${source}: fitted to ${operations}`
        : `${proportion}, as the guest's own privileged operations were measured here; not measured itself: ${price.source}`,
    });
  }
  const user = byName.get("user_instruction");
  const hypervisor = base.cyclesPerInstruction.hypervisor;
  const slower = cpi / base.cyclesPerInstruction.guestKernel.cycles;
  return {
    name: "calibrated",
    title: `Measured: ${machine.cpu}`,
    machine: `${machine.cpu}, Linux ${machine.kernel}, ${machine.date}; cycles are those of its time-stamp counter, ${machine.ghz.toPrecision(4)} GHz`,
    year: Number(machine.date.slice(0, 4)),
    ghz: Number(machine.ghz.toPrecision(6)),
    base: base.name,
    cyclesPerInstruction: {
      ...(user === undefined
        ? {}
        : {
            user: rounded({
              ...priceOf(user),
              high: Math.max(user.high, user.median * USER_BAND),
              confidence: "M",
              source: `${source}: a loop of loads, a store, tests and sums, well predicted; high: ${USER_BAND} times that, code that misses`,
            }),
          }),
      guestKernel: rounded({
        cycles: cpi,
        low: cpi / spread,
        high: cpi * spread,
        confidence: "M",
        source: `${source}: fitted to ${operations}`,
      }),
      hypervisor: rounded({
        cycles: hypervisor.cycles * slower,
        low: hypervisor.low * slower,
        high: hypervisor.high * slower,
        confidence: "D",
        source: `profile ${base.name} x ${slower.toPrecision(3)}, as the guest kernel's instructions were measured here; not measured itself: ${hypervisor.source}`,
      }),
    },
    primitives,
  };
}

/** No composition is better known than this, whatever the residuals of one run say. */
const LEAST_SPREAD = 0.1;
/** How many times as many cycles an instruction of the process may take outside of a loop. */
const USER_BAND = 4;

/** Prices that are a measurement as it is. */
const DIRECT: readonly (readonly [primitive: string, measurement: string, note: string])[] = [
  ["wire.byte", "wire_byte", "TCP on 127.0.0.1, no network between"],
  ["wire.round_trip", "wire_round_trip", "TCP on 127.0.0.1, no network between"],
  ["disk.byte", "disk_byte", "8 MiB written and fdatasync, in the profile's folder"],
  ["disk.flush", "disk_flush", "a page written over another and fdatasync, in the profile's folder"],
];

interface BytePrice extends Pick<Price, "cycles" | "low" | "high"> {
  readonly what: string;
}

/**
 * Work on data, from hot (in the nearest cache) to cold (in memory). What a checkpoint reads was written a while ago and
 * is partly in a cache: the geometric mean of both, with both as its band.
 */
function pagePrices(byName: ReadonlyMap<string, Measurement>): Record<string, BytePrice> {
  const prices: Record<string, BytePrice> = {};
  for (const [primitive, work, bytes] of [
    ["user.memcpy.byte", "memcpy", 1],
    ["xen.memcpy.byte", "memcpy", 1],
    ["user.compare.byte", "compare", 1],
    ["user.hash.byte", "hash", 1],
    ["linux.copy_page", "memcpy", 4096],
    ["linux.clear_page", "clear", 4096],
  ] as const) {
    const hot = byName.get(`${work}_hot`);
    const cold = byName.get(`${work}_cold`);
    if (hot === undefined || cold === undefined) continue;
    prices[primitive] = {
      cycles: Math.sqrt(hot.median * cold.median) * bytes,
      low: Math.min(hot.low, cold.low) * bytes,
      high: Math.max(hot.high, cold.high) * bytes,
      what: `${work} of 4 KiB by the process, from hot (${hot.median.toPrecision(3)} cycles per byte) to cold (${cold.median.toPrecision(3)})`,
    };
  }
  return prices;
}

function priceOf({ median, low, high }: Measurement): Pick<Price, "cycles" | "low" | "high"> {
  return { cycles: median, low, high };
}

function rounded({ cycles, low, high, source, confidence }: Price): Price {
  const short = (value: number) => Number(value.toPrecision(4));
  return { cycles: short(cycles), low: short(low), high: short(high), confidence, source };
}

/** What a measurement's unit is, for people. */
export function unitOf(name: string): string {
  if (/_(hot|cold|byte)$/.test(name)) return "byte";
  if (name.startsWith("fault_") || /touch|read|write|sigbus|thread|soft_dirty/.test(name)) return "fault";
  if (name === "pipe_ping_pong" || name === "wire_round_trip") return "round trip";
  if (name === "context_switch") return "switch";
  if (name === "disk_flush") return "flush";
  if (name === "user_instruction") return "instruction";
  return name === "mmap_munmap" ? "pair" : "call";
}

import { BadInputError } from "../program/program.ts";
import { type MeasuredKernel, recogniseKernel } from "./measured-kernel.ts";

/** What one side (bare hardware, or Xen PV) of a case did, as the file says it: per operation. */
export interface MeasuredSide {
  readonly instructionsMin: number | undefined;
  readonly instructionsMedian: number | undefined;
  /** Instructions by address space of the code, with the harness of the measurement. */
  readonly split: Readonly<Record<"user" | "guest_kernel" | "xen", number>> | undefined;
  /** Privileged and special instructions by who executed them, e.g. `xen.mov_to_cr3`; empty when unknown. */
  readonly privileged: ReadonlyMap<string, number> | undefined;
  /** Times that functions were entered, e.g. `xen:do_mmu_update`. */
  readonly entries: ReadonlyMap<string, number> | undefined;
}

export interface MeasuredCase {
  readonly primitive: string;
  readonly n: number;
  readonly operations: number;
  readonly native: MeasuredSide | undefined;
  readonly pv: MeasuredSide | undefined;
  /** Events under Xen PV per operation, by the file's names. */
  readonly events: ReadonlyMap<string, number> | undefined;
  /** mmu_update hypercalls of a whole run by their number of entries. */
  readonly batchSizes: ReadonlyMap<string, number> | undefined;
}

export interface MeasuredVariant {
  readonly key: string;
  readonly kernel: MeasuredKernel;
  readonly cases: readonly MeasuredCase[];
}

/**
 * Reads measured cases from unknown data.
 * @throws BadInputError that names the place
 */
export function parseMeasuredCases(data: unknown): MeasuredVariant[] {
  const variants = objectAt(objectAt(data, "the document").variants, "variants");
  return Object.entries(variants).map(([key, value]) => {
    const variant = objectAt(value, `variants.${key}`);
    const { cases, description } = variant;
    if (!Array.isArray(cases)) throw new BadInputError(`variants.${key}.cases must be an array`);
    return {
      key,
      kernel: recogniseKernel(key, typeof description === "string" ? description : ""),
      cases: cases.map((item, index) => caseAt(item, `variants.${key}.cases[${index}]`)),
    };
  });
}

function caseAt(data: unknown, place: string): MeasuredCase {
  const item = objectAt(data, place);
  if (typeof item.primitive !== "string") throw new BadInputError(`${place}.primitive must be a text`);
  const operations = countAt(item.operations_per_run ?? 1, `${place}.operations_per_run`);
  const events = item.pv_events_per_op;
  const batches = isObject(events) ? events.mmu_update_batch_sizes : undefined;
  return {
    primitive: item.primitive,
    n: countAt(item.n ?? 1, `${place}.n`),
    operations,
    native: sideAt(item.native, `${place}.native`),
    pv: sideAt(item.pv, `${place}.pv`),
    events: numbersAt(events, `${place}.pv_events_per_op`),
    batchSizes: numbersAt(batches, `${place}.pv_events_per_op.mmu_update_batch_sizes`),
  };
}

function sideAt(data: unknown, place: string): MeasuredSide | undefined {
  if (data === undefined || data === null) return undefined;
  const side = objectAt(data, place);
  const split = numbersAt(side.split_instructions_per_op, `${place}.split_instructions_per_op`);
  return {
    instructionsMin: optionalNumber(side.instructions_per_op_min, `${place}.instructions_per_op_min`),
    instructionsMedian: optionalNumber(side.instructions_per_op_median, `${place}.instructions_per_op_median`),
    split:
      split === undefined
        ? undefined
        : { user: split.get("user") ?? 0, guest_kernel: split.get("guest_kernel") ?? 0, xen: split.get("xen") ?? 0 },
    privileged: numbersAt(
      side.privileged_or_special_instructions_per_op,
      `${place}.privileged_or_special_instructions_per_op`,
    ),
    entries: numbersAt(side.function_entries_per_op, `${place}.function_entries_per_op`),
  };
}

/** The numbers of an object; other members are left out. */
function numbersAt(data: unknown, place: string): ReadonlyMap<string, number> | undefined {
  if (data === undefined || data === null) return undefined;
  const numbers = new Map<string, number>();
  for (const [key, value] of Object.entries(objectAt(data, place))) {
    if (typeof value === "number") numbers.set(key, value);
    else if (!isObject(value)) throw new BadInputError(`${place}.${key} must be a number`);
  }
  return numbers;
}

function optionalNumber(data: unknown, place: string): number | undefined {
  if (data === undefined || data === null) return undefined;
  if (typeof data !== "number" || !Number.isFinite(data)) throw new BadInputError(`${place} must be a number`);
  return data;
}

function countAt(data: unknown, place: string): number {
  if (typeof data !== "number" || !Number.isInteger(data) || data < 1) {
    throw new BadInputError(`${place} must be a whole number from 1`);
  }
  return data;
}

function objectAt(data: unknown, place: string): Record<string, unknown> {
  if (!isObject(data)) throw new BadInputError(`${place} must be an object`);
  return data;
}

function isObject(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}

import type { KernelBuildName } from "../linux/kernel-build.ts";
import { mostCopies } from "./allowances.ts";
import type { Check, Comparison, Skipped, Validation } from "./check.ts";
import { checkEvents, unknownEvents } from "./check-events.ts";
import { checkPaths, checkPrivileged, unknownPrivileged } from "./check-instructions.ts";
import { type MeasuredCase, parseMeasuredCases } from "./measured-cases.ts";
import { whyNotSimulated } from "./prims-code.ts";
import { simulateCase } from "./simulated-case.ts";

/**
 * Runs each case of measured data on a simulated guest and compares events, privileged operations and path lengths.
 *
 * Events are exact, timer ticks aside. The simulator has no timer; on the real machine each tick of a run adds one iret,
 * and stack_switch and set_segment_base hypercalls where it wakes a kernel thread. A run of N instructions can hold
 * N / 4,000,000 ticks and one more, tracing's own instructions counted.
 *
 * @param groundTruth a document in the form of the built-in one, as parsed from JSON
 * @throws BadInputError when it has another form
 */
export function validateCases(groundTruth: unknown): Validation {
  const checks: Check[] = [];
  const skipped: Skipped[] = [];
  for (const { key, kernel, cases } of parseMeasuredCases(groundTruth)) {
    for (const measured of cases) {
      const name = `${measured.primitive} n=${measured.n}`;
      const skip = (reason: string) => skipped.push({ source: key, case: name, reason });
      const why = whyNotSimulated(measured.primitive, measured.n);
      if ("reason" in kernel) skip(kernel.reason);
      else if (why !== undefined) skip(why);
      else {
        const before = checks.length;
        for (const check of checkCase(kernel.build, measured)) checks.push({ source: key, case: name, ...check });
        const unknown = unknownFigures(measured);
        if (unknown.length > 0) skip(`not counted by the simulator: ${unknown.join(", ")}`);
        else if (checks.length === before) skip("it states no figure that is compared");
      }
    }
  }
  return { checks, skipped };
}

function* checkCase(build: KernelBuildName, measured: MeasuredCase): IterableIterator<Comparison> {
  const { primitive, n, operations } = measured;
  const copies = mostCopies(build, primitive);
  if (measured.native !== undefined) {
    const run = simulateCase(build, "native", primitive, n);
    yield* checkPaths("native", measured.native, run, operations);
    yield* checkPrivileged("native", measured.native, run, operations, copies);
  }
  if (measured.pv !== undefined || measured.events !== undefined) {
    yield* checkEvents(measured, copies, simulateCase(build, "xen-pv", primitive, n, true));
    if (measured.pv !== undefined) {
      const run = simulateCase(build, "xen-pv", primitive, n);
      yield* checkPaths("pv", measured.pv, run, operations);
      yield* checkPrivileged("pv", measured.pv, run, operations, copies);
    }
  }
}

/** Events and privileged instructions that a case states and that nothing here is compared with. */
function unknownFigures(measured: MeasuredCase): string[] {
  const sides = [measured.native, measured.pv].flatMap((side) => (side === undefined ? [] : unknownPrivileged(side)));
  return [...new Set([...unknownEvents(measured), ...sides])];
}

import type { KernelBuildName } from "../linux/kernel-build.ts";
import { Ledger } from "../machine/ledger.ts";
import { PRIMITIVE_COUNT } from "../machine/primitives.ts";
import { Prims } from "./prims.ts";

/** One run of a case on a simulated guest. */
export interface SimulatedRun {
  readonly counts: Float64Array;
  readonly batchSizes: Readonly<Record<string, number>>;
  readonly lengths: Float64Array;
}

/** Sets a case up as its program did, with its warm-up runs, and runs it once. */
export function simulateCase(
  build: KernelBuildName,
  environment: "native" | "xen-pv",
  primitive: string,
  n: number,
  traced = false,
): SimulatedRun {
  const ledger = new Ledger(PRIMITIVE_COUNT);
  const prims = new Prims(build, environment, ledger, traced);
  const warmUps = 3;
  for (let run = 0; run < warmUps; run++) {
    prims.setUp(primitive, n);
    prims.run(primitive, n);
  }
  prims.setUp(primitive, n);
  const { hypervisor, pathLengths } = prims.guest;
  const batches = hypervisor?.countBatches();
  ledger.enter("track", 0, -1, -1);
  prims.run(primitive, n);
  const batchSizes: Record<string, number> = {};
  batches?.forEach((count, size) => {
    if (count > 0) batchSizes[size] = count;
  });
  return { counts: ledger.totals(({ phase }) => phase === "track"), batchSizes, lengths: pathLengths };
}

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseProfile } from "../../../src/machine/prices.ts";
import { BUILT_IN_PROFILES } from "../../../src/machine/profiles.ts";
import {
  calibratedProfile,
  fitObservations,
  type Measurement,
  type Observation,
  observe,
} from "../../../src/run/calibration.ts";
import { percentile } from "../../../src/worker/calibrate.ts";

const [, MODERN] = BUILT_IN_PROFILES;
const BUILD = "6.1-default";
const MACHINE = { cpu: "Some CPU", kernel: "6.9.1", build: BUILD, date: "2026-01-02", ghz: 3 } as const;

const exactly = (name: string, median: number): Measurement => ({
  name,
  median,
  low: median * 0.9,
  high: median * 1.2,
});
const BYTES = ["memcpy", "compare", "hash", "clear"].flatMap((work) => [
  exactly(`${work}_hot`, 0.04),
  exactly(`${work}_cold`, 1),
]);
const OPERATIONS = [
  "null_call",
  "signal",
  "mprotect_close_1",
  "mprotect_open_1",
  "mprotect_close_512",
  "mprotect_open_512",
  "fault_sequential",
  "fault_alternate",
  "first_touch",
  "copy_on_write_zero",
  "mmap_munmap",
  "uffd_wp_sigbus",
  "pagemap_4096",
];

const near = (a: number, b: number, tolerance: number, what: string) =>
  assert.ok(Math.abs(a / b - 1) < tolerance, `${what}: ${a}, not ${b}`);

/** Measurements of a machine on which the simulator's composition holds to the last cycle. */
function perfectMachine(cpi: number, factor: number): Measurement[] {
  const others = [...BYTES, exactly("user_instruction", 0.4)];
  const parts = observe([...OPERATIONS.map((name) => exactly(name, 1)), ...others], BUILD, MODERN);
  return [
    ...parts.map(({ name, kernelInstructions, privileged, known }) =>
      exactly(name, kernelInstructions * cpi + privileged * factor + known),
    ),
    ...others,
  ];
}

test("measurements that follow from known prices give those prices back", () => {
  for (const [cpi, factor] of [
    [0.5, 0.6],
    [1, 1],
    [1.7, 0.3],
    [3, 4],
  ] as const) {
    const fit = fitObservations(observe(perfectMachine(cpi, factor), BUILD, MODERN));
    near(fit.kernelCyclesPerInstruction, cpi, 1e-4, "cycles per instruction");
    near(fit.privilegedFactor, factor, 1e-4, "privileged operations");
    assert.ok(fit.spread < 1e-4);
    for (const [name, residual] of fit.residuals) assert.ok(Math.abs(residual) < 1e-3, name);
  }
});

test("what is expected of privileged operations decides where no measurement tells of them", () => {
  const [part] = observe([exactly("mprotect_close_512", 1), ...BYTES], BUILD, MODERN);
  const alone = { ...part, privileged: 0, measured: part.kernelInstructions * 2 + part.known };
  const fit = fitObservations([alone], 0.7);
  near(fit.privilegedFactor, 0.7, 1e-6, "privileged operations");
  near(fit.kernelCyclesPerInstruction, 2, 1e-6, "cycles per instruction");
});

test("whatever is measured, the fit stays within its bounds, and noise of some percent moves it by not much more", () => {
  const parts = observe(perfectMachine(1.2, 0.8), BUILD, MODERN);
  const times = (factors: readonly number[]): Observation[] =>
    parts.map((part, i) => ({ ...part, measured: part.measured * factors[i] }));
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1e-4, max: 1e4, noNaN: true }), FACTORS), (factors) => {
      const { kernelCyclesPerInstruction: cpi, privilegedFactor } = fitObservations(times(factors));
      assert.ok(cpi >= 0.14 && cpi <= 12.1, String(cpi));
      assert.ok(privilegedFactor >= 0.09 && privilegedFactor <= 12.1, String(privilegedFactor));
    }),
    { numRuns: 50 },
  );
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.97, max: 1.03, noNaN: true }), FACTORS), (factors) => {
      const { kernelCyclesPerInstruction: cpi, spread } = fitObservations(times(factors));
      near(cpi, 1.2, 0.1, "cycles per instruction");
      assert.ok(spread < 0.04, String(spread));
    }),
    { numRuns: 50 },
  );
});
const FACTORS = { minLength: OPERATIONS.length, maxLength: OPERATIONS.length };

test("a calibrated profile loads, says what was measured where, and takes the rest from its base", () => {
  const measurements = [...perfectMachine(2, 0.5), exactly("wire_byte", 1), exactly("wire_round_trip", 5e4)];
  const fit = fitObservations(observe(measurements, BUILD, MODERN));
  const document: unknown = JSON.parse(JSON.stringify(calibratedProfile(measurements, fit, MACHINE, MODERN)));
  const profile = parseProfile(document, "calibrated.json", BUILT_IN_PROFILES);
  const { cyclesPerInstruction, primitives } = profile;
  near(cyclesPerInstruction.guestKernel.cycles, 2, 1e-3, "guest kernel");
  assert.equal(cyclesPerInstruction.guestKernel.confidence, "M");
  assert.match(cyclesPerInstruction.guestKernel.source, /^measured on Some CPU, Linux 6\.9\.1, 2026-01-02: fitted/);
  near(cyclesPerInstruction.hypervisor.cycles, 2 * MODERN.cyclesPerInstruction.hypervisor.cycles, 1e-3, "hypervisor");
  assert.equal(cyclesPerInstruction.hypervisor.confidence, "D");
  near(primitives["cpu.exception"].cycles, MODERN.primitives["cpu.exception"].cycles / 2, 1e-3, "an exception");
  assert.match(primitives["cpu.exception"].source, /one factor for all privileged operations, measured on Some CPU/);
  assert.equal(primitives["xen.cpu.exception"].confidence, "D");
  assert.match(primitives["xen.cpu.exception"].source, /not measured itself/);
  near(primitives["user.memcpy.byte"].cycles, 0.2, 1e-3, "memcpy");
  near(primitives["linux.copy_page"].cycles, 0.2 * 4096, 1e-3, "a page copied");
  // A disk takes the same time, which is fewer of this machine's cycles; Xen's code takes as many instructions.
  near(primitives["disk.byte"].cycles, (MODERN.primitives["disk.byte"].cycles * 3) / MODERN.ghz, 1e-3, "disk");
  assert.match(primitives["disk.byte"].source, /^profile modern x 0\.857: /);
  near(primitives["xen.service.page"].cycles, MODERN.primitives["xen.service.page"].cycles * 2, 1e-3, "service");
});

test("a base that does not exist is refused", () => {
  assert.throws(
    () => parseProfile({ ...MODERN, base: "nowhere" }, "p", BUILT_IN_PROFILES),
    /^PriceProfileError: p: base: no profile is named nowhere; choose one of era, modern, whiskey-lake, ooh, remus$/,
  );
});

test("percentiles lie between the samples", () => {
  assert.equal(percentile([1, 2, 3], 0.5), 2);
  assert.equal(percentile([1, 2], 0.5), 1.5);
  assert.equal(percentile([7], 0.9), 7);
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, share) => {
        const sorted = values.toSorted((a, b) => a - b);
        const value = percentile(sorted, share);
        assert.ok(value >= sorted[0] && value <= sorted[sorted.length - 1]);
      },
    ),
  );
});

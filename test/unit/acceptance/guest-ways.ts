import { refusalOf } from "../../../src/checkpoint/refusal.ts";
import { COMMITS, COPIERS, ENVIRONMENTS, TARGETS } from "../../../src/checkpoint/technique.ts";
import { TECHNIQUES } from "../../../src/checkpoint/techniques.ts";
import { DEFAULT_MACHINE, type MachineOptions } from "../../../src/run/machine.ts";
import { GATES } from "../../../src/xen/checkpoint-service.ts";

/** Every technique wherever it is offered. */
export const GUEST_WAYS = waysOf(TECHNIQUES);

function waysOf(techniques: typeof TECHNIQUES): readonly MachineOptions[] {
  return ENVIRONMENTS.flatMap((environment) =>
    techniques
      .filter((technique) => technique.unavailable(environment) === undefined)
      .map(({ id: technique }): MachineOptions => ({ ...DEFAULT_MACHINE, technique, environment })),
  );
}

/** What crosses with techniques, each with its values. How fast a background copy is matters to asynchronous commits alone. */
const CHOICES: readonly (readonly Partial<MachineOptions>[])[] = [
  (["5.10", "6.1"] as const).map((kernel) => ({ kernel })),
  COPIERS.map((copy) => ({ copy })),
  GATES.map((gate) => ({ gate })),
  COMMITS.flatMap((commit) =>
    (commit === "async" ? [0.01, 1, 100] : [DEFAULT_MACHINE.backgroundBytesPerCycle]).map((rate) => ({
      commit,
      backgroundBytesPerCycle: rate,
    })),
  ),
  TARGETS.map((target) => ({ target })),
];

/** Values of what matters to hv-hybrid alone: its rows take turns. */
const HYBRID_WRITES = [0, 3, 16, 1];

/** Every set of values, whether it can be had or not. */
const CROSSED: readonly Partial<MachineOptions>[] = CHOICES.reduce<Partial<MachineOptions>[]>(
  (rows, values) => rows.flatMap((row) => values.map((value) => ({ ...row, ...value }))),
  [{}],
);

/** Every technique in every environment with every combination of options. */
export function* allCombinations(): Generator<MachineOptions> {
  for (const { id: technique } of TECHNIQUES) {
    for (const environment of ENVIRONMENTS) {
      for (const options of CROSSED) yield { ...DEFAULT_MACHINE, technique, environment, ...options };
    }
  }
}

/** The two-value combinations that a row has: a way with an option's value, and two options' values. */
function pairsOf(options: MachineOptions): string[] {
  const values = CHOICES.map(([first]) =>
    Object.keys(first)
      .map((key) => `${key} ${options[key as keyof MachineOptions]}`)
      .join(" "),
  );
  values.push(`${options.technique} ${options.environment}`);
  return values.flatMap((a, i) => values.slice(i + 1).map((b) => `${a}, ${b}`));
}

/**
 * Few rows in which every technique, wherever it is offered, meets every value of every option that it can be had with,
 * and every two values of options that go together meet. Greedy, and always the same.
 */
export function coveringWays(techniques = TECHNIQUES): MachineOptions[] {
  const covered = new Set<string>();
  return waysOf(techniques).flatMap((way) => {
    const possible = CROSSED.map((options) => ({ ...way, ...options })).filter(
      (options) => refusalOf(definitionOf(options), options) === undefined,
    );
    const missing = new Set(possible.flatMap(pairsOf).filter((pair) => !covered.has(pair)));
    const rows: MachineOptions[] = [];
    while (missing.size > 0) {
      const gains = possible.map((options) => pairsOf(options).filter((pair) => missing.has(pair)).length);
      const best = possible[gains.indexOf(Math.max(...gains))];
      for (const pair of pairsOf(best)) {
        missing.delete(pair);
        covered.add(pair);
      }
      rows.push({ ...best, hybridWrites: HYBRID_WRITES[rows.length % HYBRID_WRITES.length] });
    }
    return rows;
  });
}

function definitionOf({ technique }: MachineOptions) {
  const found = TECHNIQUES.find(({ id }) => id === technique);
  if (found === undefined) throw new Error(`${technique} is not in the table of techniques`);
  return found;
}

export function describeWay(options: MachineOptions): string {
  const { technique, environment, kernel, copy, gate, commit, backgroundBytesPerCycle: rate, target } = options;
  const committed = commit === "async" ? `async at ${rate} bytes per cycle` : commit;
  const writes = technique === "hv-hybrid" ? `, ${options.hybridWrites} writes` : "";
  return `${technique} in ${environment} (Linux ${kernel}, copy ${copy}, gate ${gate}, commit ${committed}, target ${target}${writes})`;
}

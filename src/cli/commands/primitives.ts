import { type Command, Option } from "commander";
import { ENVIRONMENTS, type Environment } from "../../checkpoint/technique.ts";
import type { Cycles } from "../../run/cycles.ts";
import type { MachineOptions } from "../../run/machine.ts";
import {
  COMPARABLE_ENVIRONMENTS,
  isInPaperRange,
  measurePrimitives,
  type PrimitiveRow,
  pricePrimitives,
} from "../../run/primitives.ts";
import { PAPER_RATIO } from "../../run/ratio-reason.ts";
import { cycles, integer } from "../../run/units.ts";
import { distance, type TurningPrice } from "../../run/verdicts.ts";
import {
  addKernelOption,
  addPathOptions,
  addPriceOptions,
  listOf,
  optionsDocument,
  type PriceFlags,
  profileOf,
} from "../options.ts";
import { confidenceText, print, printJson, table } from "../output.ts";
import { refuseUnused } from "../unused-options.ts";

interface PrimitivesOptions extends Pick<MachineOptions, "kernel" | "copy" | "gate" | "target">, PriceFlags {
  readonly environments: readonly Environment[];
  readonly json?: boolean;
}

export function addPrimitivesCommand(program: Command): void {
  const command = program
    .command("primitives")
    .description("the paper's comparison: what each step of a checkpoint costs, user-level against hypervisor-assisted")
    .addOption(
      new Option("--environments <list>", "where to compare, separated by commas")
        .argParser(listOf(ENVIRONMENTS))
        .default(COMPARABLE_ENVIRONMENTS, COMPARABLE_ENVIRONMENTS.join(",")),
    )
    .option("--json", "print one JSON document");
  addPriceOptions(addPathOptions(addKernelOption(command))).action(async (options: PrimitivesOptions) => {
    const { kernel, copy, gate, target, environments } = options;
    refuseUnused(command, options);
    const prices = profileOf(options);
    const rows = pricePrimitives(measurePrimitives({ kernel, copy, gate, target, environments }), prices);
    if (options.json === true) {
      await printJson({
        prices: { name: prices.name, ghz: prices.ghz },
        options: { kernel, ...optionsDocument({ copy, gate, target }, options) },
        rows,
      });
      return;
    }
    const head =
      `${prices.title}: ${prices.ghz} GHz, Linux ${kernel}, gate ${gate}, ` +
      `whole cycle copied by the ${copy} to ${target === "memory" ? "the backup's memory" : `a ${target}`}`;
    await print(`${head}\n\n${tableOf(rows)}\n\n${reasonsOf(rows)}\n\n${verdictsOf(rows)}\n\n${FOOTER}\n`);
  });
}

const FOOTER =
  `A verdict hangs on the prices that turn it with the least move, each alone: x 0.5 is at half its price.\n` +
  `Cycles of one execution, with bands. The ratio's band varies each price alone and all at once, the same for both sides.\n` +
  `The paper's techniques and tables are not available to us: mprotect and hv-protect are our reconstruction of what its\n` +
  `abstract compares, and ${PAPER_RATIO.low} to ${PAPER_RATIO.high} times is what that abstract reports (Lee et al., DSN 2011).`;

function tableOf(rows: readonly PrimitiveRow[]): string {
  return table(
    [
      "primitive",
      "pages",
      "environment",
      "user-level",
      "low - high",
      "hypervisor",
      "low - high",
      "native",
      "ratio",
      "low - high",
      "4x to 13x",
    ],
    ["left", "right", "left", "right", "left", "right", "left", "right", "right", "left", "left"],
    rows.map((row) => [
      row.primitive,
      integer(row.pages),
      row.environment,
      cycles(row.user.cycles),
      bandOf(row.user),
      cycles(row.hypervisor.cycles),
      bandOf(row.hypervisor),
      cycles(row.native.cycles),
      times(row.ratio),
      `${times(row.ratioLow)} - ${times(row.ratioHigh)}`,
      placeOf(row),
    ]),
  );
}

/** Where the ratio lies to the paper's range, and whether its band reaches another answer. */
function placeOf({ ratio, ratioLow, ratioHigh, inPaperRange }: PrimitiveRow): string {
  if (inPaperRange) return isInPaperRange(ratioLow) && isInPaperRange(ratioHigh) ? "yes" : "yes, not all of the band";
  const place = ratio < PAPER_RATIO.low ? "below" : "above";
  return ratioHigh >= PAPER_RATIO.low && ratioLow <= PAPER_RATIO.high ? `${place}, but the band reaches it` : place;
}

function reasonsOf(rows: readonly PrimitiveRow[]): string {
  return rows
    .flatMap(({ primitive, pages, environment, reason }) =>
      reason === undefined ? [] : [`${primitive} ${integer(pages)}, ${environment}: ${reason}`],
    )
    .join("\n");
}

/** For each environment and verdict: its standing, and the three prices that turn it in some row with the least move. */
function verdictsOf(rows: readonly PrimitiveRow[]): string {
  return [...new Set(rows.map(({ environment }) => environment))]
    .flatMap((environment) => {
      const own = rows.filter((row) => row.environment === environment);
      const count = (holds: (row: PrimitiveRow) => boolean) => `${own.filter(holds).length} of ${own.length} rows`;
      return [
        `${environment}: hypervisor-assisted is cheaper in ${count(({ ratio }) => ratio > 1)}; ` +
          `that hangs on ${hangsOn(own, "cheaper")}`,
        `${environment}: the ratio is in the paper's range in ${count((row) => row.inPaperRange)}; ` +
          `that hangs on ${hangsOn(own, "inPaperRange")}`,
        ...groundsOf(own),
      ];
    })
    .join("\n");
}

/** How sure the prices are of a whole cycle, on both sides. */
function groundsOf(rows: readonly PrimitiveRow[]): string[] {
  const row = rows.findLast(({ primitive }) => primitive === "whole-cycle");
  if (row === undefined) return [];
  return [row.user, row.hypervisor].map(
    (side) => `${row.environment}: prices of a whole cycle under ${side.technique}: ${confidenceText(side)}`,
  );
}

function hangsOn(rows: readonly PrimitiveRow[], verdict: keyof PrimitiveRow["hangsOn"]): string {
  const nearest = new Map<string, TurningPrice & { readonly row: PrimitiveRow }>();
  for (const row of rows) {
    for (const turning of row.hangsOn[verdict]) {
      const before = nearest.get(turning.price);
      if (before === undefined || distance(turning.factor) < distance(before.factor)) {
        nearest.set(turning.price, { ...turning, row });
      }
    }
  }
  const shown = [...nearest.values()].sort((a, b) => distance(a.factor) - distance(b.factor)).slice(0, 3);
  if (shown.length === 0) return "no single price";
  return shown
    .map(
      ({ price, factor, withinBand, row }) =>
        `${price} x ${factor.toPrecision(3)} (${row.primitive} ${integer(row.pages)}${withinBand ? ", within its band" : ""})`,
    )
    .join(", ");
}

function bandOf({ low, high }: Cycles): string {
  return `${cycles(low)} - ${cycles(high)}`;
}

function times(ratio: number): string {
  return ratio >= 100 ? ratio.toFixed(0) : ratio.toPrecision(3);
}

import { type Command, Option } from "commander";
import { ENVIRONMENTS, type Environment } from "../../checkpoint/technique.ts";
import { DEFAULT_MACHINE, type MachineOptions } from "../../run/machine.ts";
import {
  COMPARABLE_ENVIRONMENTS,
  isInPaperRange,
  measurePrimitives,
  type PrimitiveRow,
  pricePrimitives,
} from "../../run/primitives.ts";
import { PAPER_RATIO } from "../../run/ratio-reason.ts";
import type { Cycles } from "../../run/report.ts";
import { loadProfile } from "../../worker/profiles.ts";
import { addPriceOption, listOf } from "../options.ts";
import { cycles, integer, print, printJson, table } from "../output.ts";

interface PrimitivesOptions extends Pick<MachineOptions, "kernel" | "copy" | "gate"> {
  readonly prices: string;
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
    .addOption(
      new Option("--kernel <version>", "the guest's Linux").choices(["5.10", "6.1"]).default(DEFAULT_MACHINE.kernel),
    )
    .addOption(
      new Option("--copy <who>", "who copies in the hypervisor-assisted whole cycle")
        .choices(["guest", "hypervisor"])
        .default(DEFAULT_MACHINE.copy),
    )
    .addOption(
      new Option("--gate <how>", "how the program reaches Xen")
        .choices(["trap", "privcmd", "shared-page"])
        .default(DEFAULT_MACHINE.gate),
    )
    .option("--json", "print one JSON document");
  addPriceOption(command).action(async (options: PrimitivesOptions) => {
    const { kernel, copy, gate, environments } = options;
    const prices = loadProfile(options.prices);
    const rows = pricePrimitives(measurePrimitives({ kernel, copy, gate, environments }), prices);
    if (options.json === true) {
      await printJson({ prices: { name: prices.name, ghz: prices.ghz }, options: { kernel, copy, gate }, rows });
      return;
    }
    const head = `${prices.title}: ${prices.ghz} GHz, Linux ${kernel}, gate ${gate}, whole cycle copied by the ${copy}`;
    await print(`${head}\n\n${tableOf(rows)}\n\n${reasonsOf(rows)}\n\n${FOOTER}\n`);
  });
}

const FOOTER =
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

function bandOf({ low, high }: Cycles): string {
  return `${cycles(low)} - ${cycles(high)}`;
}

function times(ratio: number): string {
  return ratio >= 100 ? ratio.toFixed(0) : ratio.toPrecision(3);
}

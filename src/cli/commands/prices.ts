import type { Command } from "commander";
import type { Price, PriceProfile } from "../../machine/prices.ts";
import { BUILT_IN_PROFILES } from "../../machine/profiles.ts";
import { loadProfile } from "../../worker/profiles.ts";
import { print, printJson, table } from "../output.ts";

export function addPricesCommand(program: Command): void {
  program
    .command("prices")
    .description("list the price profiles, or show one with its sources")
    .argument("[name or file]")
    .option("--json", "print one JSON document")
    .action(async (name: string | undefined, options: { readonly json?: boolean }) => {
      if (name === undefined) {
        const list = BUILT_IN_PROFILES.map(({ name: id, title, machine, year, ghz }) => ({
          name: id,
          title,
          machine,
          year,
          ghz,
        }));
        if (options.json === true) await printJson({ profiles: list });
        else {
          const rows = list.map((p) => [p.name, p.title, String(p.year), String(p.ghz), p.machine]);
          await print(
            `${table(["name", "title", "year", "GHz", "machine"], ["left", "left", "right", "right", "left"], rows)}\n`,
          );
        }
        return;
      }
      const profile = loadProfile(name);
      if (options.json === true) await printJson(profile);
      else await print(textOf(profile));
    });
}

function textOf(profile: PriceProfile): string {
  const row = (name: string, { cycles, low, high, confidence, source }: Price) => [
    name,
    String(cycles),
    String(low),
    String(high),
    confidence,
    source,
  ];
  const rows = [
    ...Object.entries(profile.cyclesPerInstruction).map(([space, price]) => row(`an instruction, ${space}`, price)),
    ...Object.entries(profile.primitives).map(([name, price]) => row(name, price)),
  ];
  const head = `${profile.title}: ${profile.machine}, ${profile.year}, ${profile.ghz} GHz`;
  const body = table(
    ["primitive", "cycles", "low", "high", "", "source"],
    ["left", "right", "right", "right", "left", "left"],
    rows,
  );
  return `${head}\n\n${body}\n`;
}

import { Command } from "commander";
import type { CheckpointOptions } from "../checkpoint/technique.ts";
import type { TechniqueId } from "../checkpoint/techniques.ts";
import { BadInputError } from "../program/program.ts";
import { addProgramOptions } from "./options.ts";

/** What decides whether an option has an effect; absent where a command has no say in it. */
interface Chosen extends Partial<Pick<CheckpointOptions, "commit" | "target">> {
  readonly techniques?: readonly TechniqueId[];
}

/** An option by its attribute, and the choice beside which alone it has an effect. */
interface Dependence {
  readonly attribute: string;
  readonly on: "technique" | "commit" | "target";
  readonly value: string;
}

const DEPENDENCES: readonly Dependence[] = [
  { attribute: "hybridWrites", on: "technique", value: "hv-hybrid" },
  { attribute: "backgroundRate", on: "commit", value: "async" },
  { attribute: "bandwidth", on: "target", value: "replica" },
  { attribute: "roundTrip", on: "target", value: "replica" },
  { attribute: "diskBandwidth", on: "target", value: "disk" },
  { attribute: "diskFlush", on: "target", value: "disk" },
];

/**
 * Refuses what the user gave that would have no effect beside the rest. Defaults are nobody's wish, and never refused.
 * @throws BadInputError which says what would give it an effect
 */
export function refuseUnused(command: Command, { techniques = [], commit, target }: Chosen): void {
  const chosen = { technique: techniques, commit: [commit], target: [target] };
  for (const { attribute, on, value } of DEPENDENCES) {
    const values: readonly (string | undefined)[] = chosen[on];
    const given = givenAmong(command, attribute);
    if (given === undefined || values.includes(value)) continue;
    const flag = command.options.map(({ long }) => long).find((long) => long === `--${on}` || long === `--${on}s`);
    throw new BadInputError(
      `${given} has an effect only with the ${on} ${value}, and here it is ${values.join(" or ")}; ` +
        (flag === undefined ? "leave it out" : `leave it out, or choose ${flag} ${value}`),
    );
  }
}

/**
 * Refuses what says how a program runs, where a run file is named and none does.
 * @param args what was given as the program's arguments
 * @throws BadInputError
 */
export function refuseProgramOptions(command: Command, path: string, args: readonly string[]): void {
  const attributes = addProgramOptions(new Command()).options.map((option) => option.attributeName());
  const given = givenAmong(command, ...attributes) ?? (args.length > 0 ? `"${args.join(" ")}"` : undefined);
  if (given === undefined) return;
  throw new BadInputError(
    `${given} is for a program that runs, and ${path} is a run that has ended; leave it out, or name the program instead`,
  );
}

/** @returns the flag of the first of some options, by their attributes, that the user gave */
function givenAmong(command: Command, ...attributes: readonly string[]): string | undefined {
  return (
    command.options.find((option) => {
      const attribute = option.attributeName();
      return attributes.includes(attribute) && command.getOptionValueSource(attribute) === "cli";
    })?.long ?? undefined
  );
}

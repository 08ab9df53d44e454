import type { Gate } from "../xen/checkpoint-service.ts";
import type { CheckpointOptions, Environment, Need, TechniqueDefinition } from "./technique.ts";
import { TECHNIQUES } from "./techniques.ts";

/** A technique in an environment, with the options that cross with it. */
export interface Combination extends CheckpointOptions {
  readonly environment: Environment;
}

/**
 * Why a combination cannot be had, and what can be chosen instead; command line and editor each have words for it.
 * - `need`: the environment has not what the technique needs; other techniques there, or other environments.
 * - `copy`, `gate`: they lead to a hypervisor, and there is none; a copy by the guest, or no gate.
 * - `commit`: an asynchronous one, of a technique that notices no write; a synchronous one, or other techniques.
 * - `writes`: the technique needs every single write, and the recording was made without.
 */
export type Refusal =
  | {
      readonly kind: "need";
      readonly technique: string;
      readonly environment: Environment;
      readonly need: Need;
      readonly techniques: readonly string[];
      readonly environments: readonly Environment[];
    }
  | { readonly kind: "copy" }
  | { readonly kind: "gate"; readonly gate: Gate }
  | { readonly kind: "commit"; readonly technique: string; readonly techniques: readonly string[] }
  | { readonly kind: "writes"; readonly technique: string };

/**
 * Whether a technique can be had in an environment with these options.
 * @returns why not and what can be chosen instead; undefined when it can
 */
export function refusalOf(
  technique: TechniqueDefinition,
  { environment, copy, gate, commit }: Combination,
): Refusal | undefined {
  const unavailable = technique.unavailable(environment);
  if (unavailable !== undefined) return { kind: "need", technique: technique.id, environment, ...unavailable };
  if (environment === "native" && copy === "hypervisor") return { kind: "copy" };
  if (environment === "native" && gate !== "trap") return { kind: "gate", gate };
  if (commit === "async" && !technique.noticesWrites) {
    const others = TECHNIQUES.filter((other) => other.noticesWrites && other.unavailable(environment) === undefined);
    return { kind: "commit", technique: technique.id, techniques: others.map(({ id }) => id) };
  }
  return undefined;
}

const NEEDS: Readonly<Record<Need, string>> = {
  pageLog: "the log that a processor keeps under hardware-assisted paging",
  checkpointService: "a hypervisor's checkpoint service",
  logDirty: "Xen's log-dirty mode",
  dirtyBitScan: "a hypervisor that scans D bits for applications",
  writeEmulation: "a hypervisor that emulates writes",
};

/** A refusal as the command line says it, in one sentence with its flags. */
export function refusalText(refusal: Refusal): string {
  switch (refusal.kind) {
    case "need": {
      const { technique, environment, need, techniques, environments } = refusal;
      return (
        `${technique} needs ${NEEDS[need]}, and ${environment} has none; ` +
        `choose ${techniques.join(" or ")}, or the environment ${environments.join(", ").replace(/, ([^,]*)$/, " or $1")}`
      );
    }
    case "copy":
      return "--copy hypervisor needs a hypervisor, and native has none; choose --copy guest";
    case "gate":
      return `--gate ${refusal.gate} leads to a hypervisor, and native has none; leave it out (--gate trap, which nothing uses there)`;
    case "commit":
      return (
        `--commit async needs a technique that notices a write before it is done, and ${refusal.technique} does not; ` +
        `choose --commit sync, or ${refusal.techniques.join(" or ")}`
      );
    case "writes":
      return `${refusal.technique} needs every single write, and the recording was made without; record it again, or choose hv-protect`;
  }
}

/** The options as an environment can have them: without a hypervisor there is none that copies or is reached. */
export function optionsIn<T extends CheckpointOptions>(environment: Environment, options: T): T {
  return environment === "native" ? { ...options, copy: "guest", gate: "trap" } : options;
}

import type { CheckpointOptions, Environment, TechniqueDefinition } from "./technique.ts";
import { TECHNIQUES } from "./techniques.ts";

/** A technique in an environment, with the options that cross with it. */
export interface Combination extends CheckpointOptions {
  readonly environment: Environment;
}

/**
 * Whether a technique can be had in an environment with these options.
 * @returns why not and what can be chosen instead, in one sentence; undefined when it can
 */
export function refusalOf(
  technique: TechniqueDefinition,
  { environment, copy, gate, commit }: Combination,
): string | undefined {
  const refusal = technique.unavailable(environment);
  if (refusal !== undefined) return refusal;
  if (environment === "native" && copy === "hypervisor") {
    return "--copy hypervisor needs a hypervisor, and native has none; choose --copy guest";
  }
  if (environment === "native" && gate !== "trap") {
    return `--gate ${gate} leads to a hypervisor, and native has none; leave it out (--gate trap, which nothing uses there)`;
  }
  if (commit === "async" && !technique.noticesWrites) {
    const others = TECHNIQUES.filter((other) => other.noticesWrites && other.unavailable(environment) === undefined);
    return (
      `--commit async needs a technique that notices a write before it is done, and ${technique.id} does not; ` +
      `choose --commit sync, or ${others.map(({ id }) => id).join(" or ")}`
    );
  }
  return undefined;
}

/** The options as an environment can have them: without a hypervisor there is none that copies or is reached. */
export function optionsIn<T extends CheckpointOptions>(environment: Environment, options: T): T {
  return environment === "native" ? { ...options, copy: "guest", gate: "trap" } : options;
}

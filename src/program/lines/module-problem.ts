import { BadInputError } from "../program.ts";
import { readSections } from "./sections.ts";

/** Why these bytes are no module that can run here, with the offset; undefined when they are one. */
export function moduleProblem(bytes: Uint8Array): string | undefined {
  try {
    readSections(bytes);
    new WebAssembly.Module(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof BadInputError) return error.message;
    return error instanceof Error ? error.message.replace(/^WebAssembly\.Module\(\): /, "") : String(error);
  }
}

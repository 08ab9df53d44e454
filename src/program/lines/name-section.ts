import { BadInputError } from "../program.ts";
import { ByteReader } from "./byte-reader.ts";
import { customSection, type Section } from "./sections.ts";

/** The names that a module carries, by index; imported functions and globals come first. */
export interface ModuleNames {
  readonly functions: ReadonlyMap<number, string>;
  /** By function, then by local; parameters come first. */
  readonly locals: ReadonlyMap<number, ReadonlyMap<number, string>>;
  readonly globals: ReadonlyMap<number, string>;
}

const FUNCTIONS = 1;
const LOCALS = 2;
const GLOBALS = 7;

/**
 * Reads the name section. Names are a convenience: engines accept modules whose name section is broken, and so does this,
 * which then takes what can be read.
 */
export function readNames(module: Uint8Array, sections: readonly Section[]): ModuleNames {
  const functions = new Map<number, string>();
  const locals = new Map<number, Map<number, string>>();
  const globals = new Map<number, string>();
  const section = customSection(module, sections, "name");
  if (!section) return { functions, locals, globals };
  try {
    const reader = new ByteReader(section, "the name section");
    while (!reader.done) {
      const id = reader.u8();
      const contents = reader.slice(reader.uleb());
      if (id === FUNCTIONS) readNameMap(contents, functions);
      if (id === GLOBALS) readNameMap(contents, globals);
      if (id !== LOCALS) continue;
      for (let left = contents.uleb(); left > 0; left--) {
        const names = new Map<number, string>();
        locals.set(contents.uleb(), names);
        readNameMap(contents, names);
      }
    }
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
  }
  return { functions, locals, globals };
}

function readNameMap(reader: ByteReader, names: Map<number, string>): void {
  for (let left = reader.uleb(); left > 0; left--) names.set(reader.uleb(), reader.name());
}

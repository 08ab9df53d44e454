import { BadInputError } from "../program.ts";
import { createByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { ExternalKind, type ModuleOutline, SectionId } from "./module-reader.ts";

const FUNCTION_NAMES = 1;

/**
 * Names of functions from the name section, by index. A name section says nothing that running the module needs, so one
 * that is malformed is read as far as it goes.
 */
export function readFunctionNames(module: ModuleOutline): Map<number, string> {
  const names = new Map<number, string>();
  for (const section of module.sections) {
    if (section.id !== SectionId.custom) continue;
    try {
      const reader = createByteReader(module.bytes, section.contents, section.end);
      if (reader.name() !== "name") continue;
      while (reader.position < reader.end) {
        const id = reader.u8();
        const part = reader.part(reader.u32(), "a part of the name section");
        if (id !== FUNCTION_NAMES) continue;
        for (let left = part.count("names"); left > 0; left--) names.set(part.u32(), part.name());
      }
    } catch (error) {
      if (!(error instanceof BadInputError)) throw error;
    }
  }
  return names;
}

/** Name for people: from the name section, an export, an import, or the index. */
export function displayName(module: ModuleOutline, names: ReadonlyMap<number, string>, index: number): string {
  const name = names.get(index);
  if (name) return name;
  const exported = module.exports.find((one) => one.kind === ExternalKind.function && one.index === index);
  if (exported) return exported.name;
  if (index < module.importedFunctionCount) {
    const entry = module.imports.filter((one) => one.kind === ExternalKind.function)[index];
    return `${entry.module}.${entry.name}`;
  }
  return `func[${index}]`;
}

/** The contents of a name section that names these functions. @param names by index in the new module */
export function writeNameSection(names: ReadonlyMap<number, string>): ByteWriter {
  const part = new ByteWriter();
  const ascending = [...names].sort(([x], [y]) => x - y);
  part.u32(ascending.length);
  for (const [index, name] of ascending) {
    part.u32(index);
    part.name(name);
  }
  const section = new ByteWriter(part.length + 16);
  section.name("name");
  section.u8(FUNCTION_NAMES);
  section.u32(part.length);
  section.append(part);
  return section;
}

import type {
  Function as AscFunction,
  Class,
  FunctionDeclaration,
  Node,
  Program,
  Property,
  Source,
  Type,
} from "assemblyscript";
import type { Transform } from "assemblyscript/asc";
import { isLibrary } from "../lines/source-map.ts";
import type {
  Declarations,
  DeclaredClass,
  DeclaredField,
  DeclaredFunction,
  DeclaredGlobal,
  DeclaredLocal,
  TypeKey,
} from "../symbols/declarations.ts";

/** Kinds of elements, from the compiler's own enumeration, which its package has in types only. */
const GLOBAL = 0;
const FUNCTION = 5;
const CLASS = 7;
const PROPERTY_PROTOTYPE = 10;

/** Listens to one compilation, and tells after it what it declared. */
export interface DeclarationCollector {
  readonly transform: Transform;
  collected(): Declarations;
}

/**
 * The compiler knows type, file and line of what it compiles, and the layout of each class, and writes none of it into the
 * module. It lets others look at the program when it is compiled, so this takes notes.
 */
export function collectDeclarations(): DeclarationCollector {
  let program: Program | undefined;
  let declarations: Declarations = { classes: [], globals: [], functions: [] };
  const transform: Pick<Transform, "afterInitialize" | "afterCompile"> = {
    afterInitialize(initialized) {
      program = initialized;
    },
    afterCompile() {
      if (program) declarations = declarationsOf(program);
    },
  };
  // The compiler takes any object with some of a transform's methods.
  return { transform: transform as Transform, collected: () => declarations };
}

function declarationsOf(program: Program): Declarations {
  const classes: DeclaredClass[] = [];
  const functions: DeclaredFunction[] = [];
  const inlinedNames = namesInInlinedFunctions(program);
  for (const element of program.instancesByName.values()) {
    if (element.kind === CLASS) classes.push(declaredClass(program, element as Class));
    if (element.kind !== FUNCTION) continue;
    const made = element as AscFunction;
    const declaration = made.declaration as FunctionDeclaration;
    const { source } = declaration.range;
    if (isLibrary(source.normalizedPath)) continue; // what the compiler makes itself, too
    const places = [
      ...declaration.signature.parameters.map(({ name }) => ({
        name: name.text,
        line: lineOf(source, name.range.start),
      })),
      ...(declaration.body ? variablesIn([declaration.body], source) : []),
    ];
    functions.push(declaredFunction(made, source, nameIn(source, made.internalName), places, inlinedNames));
  }
  for (const file of program.filesByName.values()) {
    const { source } = file;
    if (isLibrary(source.normalizedPath)) continue;
    // What stands outside of functions is compiled to a function of the file's own.
    const places = source.statements.flatMap((statement) =>
      "declarations" in statement ? [] : variablesIn([statement], source),
    );
    functions.push(declaredFunction(file.startFunction, source, "", places, inlinedNames));
  }
  return { classes, globals: declaredGlobals(program), functions };
}

function declaredClass(program: Program, made: Class): DeclaredClass {
  const isManaged = program.managedClasses.get(made.id) === made;
  const fields: DeclaredField[] = [];
  for (const member of made.members?.values() ?? []) {
    if (member.kind !== PROPERTY_PROTOTYPE) continue;
    const field = (member as { instance?: Property | null }).instance;
    if (!field?.isField || field.memoryOffset < 0) continue;
    fields.push({ name: field.name, offsetBytes: field.memoryOffset, type: typeKey(field.type) });
  }
  fields.sort((a, b) => a.offsetBytes - b.offsetBytes);
  const isArray = /^~lib\/(?:array\/Array|staticarray\/StaticArray)</.test(made.internalName);
  const element = isArray ? made.typeArguments?.[0] : undefined;
  return {
    key: made.internalName,
    name: withoutPaths(made.name),
    ...(isManaged ? { classId: made.id } : { classId: undefined }),
    sizeBytes: made.nextMemoryOffset,
    fields,
    element: element && typeKey(element),
  };
}

function declaredGlobals(program: Program): DeclaredGlobal[] {
  const globals: DeclaredGlobal[] = [];
  for (const [key, element] of program.elementsByName) {
    if (element.kind !== GLOBAL) continue;
    const global = element as unknown as { type: Type; declaration: { name: Node; range: { source: Source } } };
    const { source } = global.declaration.range;
    if (isLibrary(source.normalizedPath)) continue;
    globals.push({
      ...{ key, name: nameIn(source, key), file: source.normalizedPath },
      line: lineOf(source, global.declaration.name.range.start),
      type: typeKey(global.type),
    });
  }
  return globals;
}

interface NamedPlace {
  readonly name: string;
  readonly line: number;
}

/**
 * The compiler's locals do not say which declaration they come from, but they come in the order of the declarations. Where
 * there are as many of a name as there are declarations of it, each has its own; where there is one declaration and some
 * of its statements were compiled twice, all have that. Otherwise it is not known.
 */
function declaredFunction(
  made: AscFunction,
  source: Source,
  name: string,
  places: readonly NamedPlace[],
  inlinedNames: ReadonlySet<string>,
): DeclaredFunction {
  const lines = new Map<string, number[]>();
  for (const place of places) lines.set(place.name, [...(lines.get(place.name) ?? []), place.line]);
  const counts = new Map<string, number>();
  for (const local of made.localsByIndex) counts.set(local.name, (counts.get(local.name) ?? 0) + 1);

  const keys = new Set<string>();
  const met = new Map<string, number>();
  const locals: DeclaredLocal[] = [];
  made.localsByIndex.forEach((local, index) => {
    // As the compiler names them in the module.
    const key = keys.has(local.name) ? `${local.name}|${index}` : local.name;
    keys.add(key);
    if (/^\d*$/.test(local.name)) return; // a step of a computation
    const declared = lines.get(local.name) ?? [];
    const nth = met.get(local.name) ?? 0;
    met.set(local.name, nth + 1);
    const isOneForAll = declared.length === 1 && !inlinedNames.has(local.name);
    const line = declared.length === counts.get(local.name) ? declared[nth] : isOneForAll ? declared[0] : 0;
    locals.push({ key, name: local.name, line, type: typeKey(local.type) });
  });
  return { key: made.internalName, name, file: source.normalizedPath, locals };
}

/** Names of variables in functions that are always inlined: their locals are among those of their callers. */
function namesInInlinedFunctions(program: Program): ReadonlySet<string> {
  const names = new Set<string>();
  for (const source of program.sources) {
    walk(source.statements, (node) => {
      if (!isInlined(node)) return true;
      for (const { name } of node.signature.parameters) names.add(name.text);
      for (const { name } of variablesIn([node.body], source)) names.add(name);
      return true;
    });
  }
  return names;
}

interface InlinedFunction {
  readonly signature: { readonly parameters: readonly { readonly name: { readonly text: string } }[] };
  readonly body: unknown;
}

function isInlined(node: object): node is InlinedFunction {
  if (!("signature" in node && "body" in node && "decorators" in node) || !Array.isArray(node.decorators)) return false;
  return node.decorators.some(({ name }: { name: { text?: string } }) => name.text === "inline");
}

/** The variables that statements declare, without those of functions in them, in the order of the text. */
function variablesIn(statements: readonly unknown[], source: Source): readonly NamedPlace[] {
  const found: NamedPlace[] = [];
  walk(statements, (node) => {
    if ("declarations" in node && Array.isArray(node.declarations)) {
      for (const { name } of node.declarations as readonly { name: { text: string; range: { start: number } } }[]) {
        found.push({ name: name.text, line: lineOf(source, name.range.start) });
      }
    }
    return !("signature" in node && "body" in node);
  });
  return found;
}

/** Visits the nodes of a syntax tree in the order of the text; below a node only where `visit` says so. */
function walk(nodes: readonly unknown[], visit: (node: object) => boolean): void {
  for (const node of nodes) {
    if (Array.isArray(node)) walk(node, visit);
    else if (typeof node === "object" && node !== null && "kind" in node && "range" in node && visit(node)) {
      walk(
        Object.entries(node).flatMap(([key, value]) => (key === "range" ? [] : [value])),
        visit,
      );
    }
  }
}

function lineOf(source: Source, position: number): number {
  return source.lineAt(position);
}

function typeKey(type: Type): TypeKey {
  return type.classReference?.internalName ?? type.toString();
}

/** An element's name without the file that it is in: `Box.made` of `lib/shapes/Box.made`. */
function nameIn(source: Source, internalName: string): string {
  const prefix = `${source.internalPath}/`;
  return withoutPaths(internalName.startsWith(prefix) ? internalName.slice(prefix.length) : internalName);
}

/** Types in a name carry the file that they are from: `Array<shapes/Box>`. */
function withoutPaths(name: string): string {
  return name.replaceAll(/[^<>,|\s]*\//g, "");
}

import type { ClassPrototype, FunctionPrototype, PropertyPrototype } from "assemblyscript";
import type { Transform } from "assemblyscript/asc";

/** The decorator's flag, from the compiler's own enumeration, which its package has in types only. */
const INLINE = 64;
/** The library's kinds of arrays, and how they read and write elements. */
const ARRAYS = /^~lib\/(?:array|staticarray|typedarray)\//;
const ARRAY_ACCESSORS: readonly string[] = ["__get", "__uget", "__set", "__uset", "length"];

/**
 * Has the compiler treat the accessors of arrays as `@inline`, in programs that are optimised. Without it `values[i] = x` is a
 * call of one function of the library, which all such stores of a program share, so that each needs a look at the stack for
 * its line; and it puts references on the collector's stack. The optimiser does not inline what checks bounds.
 */
export function inlineArrayAccessors(): Transform {
  const transform: Pick<Transform, "afterInitialize"> = {
    afterInitialize(program) {
      for (const [name, element] of program.elementsByName) {
        if (!ARRAYS.test(name)) continue;
        const members = (element as Partial<ClassPrototype>).instanceMembers;
        for (const accessor of ARRAY_ACCESSORS) {
          const member = members?.get(accessor) as PropertyPrototype | FunctionPrototype | undefined;
          const prototype = member !== undefined && "getterPrototype" in member ? member.getterPrototype : member;
          if (prototype) prototype.decoratorFlags |= INLINE;
        }
      }
    },
  };
  // The compiler takes any object with some of a transform's methods.
  return transform as Transform;
}

/** What is needed of Binaryen's JavaScript interface. */
interface Binaryen {
  getFunctionInfo(ref: number): { readonly name: string };
  setPassArgument(name: string, value: string | null): void;
  getAlwaysInlineMaxSize(): number;
  setAlwaysInlineMaxSize(size: number): void;
}

/** A module in Binaryen, as the compiler hands it to a transform. */
interface BinaryenModule {
  getNumFunctions(): number;
  getFunctionByIndex(index: number): number;
  runPasses(passes: readonly string[]): void;
}

/** Reads and writes of fields, which the compiler makes, and of elements, which the library has. */
const ACCESSOR =
  /#(?:get|set):|^~lib\/(?:array|arraybuffer|dataview|staticarray|typedarray)\/.*#(?:__u?[gs]et|get:length)$/;
/** The accessors are smaller, in Binaryen's count of expressions. */
const MAX_EXPRESSIONS = 200;

/**
 * Puts the code of all accessors in place of calls of them, in programs that are not optimised. The optimiser does that as well
 * for what checks no bounds, among much else; without it every `values[i]` of a program is a call of one function of the library,
 * and what it reads would be told of the library's line instead of the program's. Locals keep their numbers and names, those of
 * accessors come after them.
 */
export async function inlineAccessors(): Promise<Transform> {
  const name = "binaryen"; // the compiler's own dependency: the same instance that it uses
  const binaryen = ((await import(name)) as { readonly default: Binaryen }).default;
  const transform = {
    afterCompile(module: BinaryenModule): void {
      for (let i = 0; i < module.getNumFunctions(); i++) {
        const { name } = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
        if (ACCESSOR.test(name)) continue;
        binaryen.setPassArgument("no-inline", name);
        module.runPasses(["no-inline"]);
      }
      binaryen.setPassArgument("no-inline", null);
      const usual = binaryen.getAlwaysInlineMaxSize();
      binaryen.setAlwaysInlineMaxSize(MAX_EXPRESSIONS);
      module.runPasses(["inlining"]);
      binaryen.setAlwaysInlineMaxSize(usual);
    },
  };
  // The compiler takes any object with some of a transform's methods.
  return transform as unknown as Transform;
}

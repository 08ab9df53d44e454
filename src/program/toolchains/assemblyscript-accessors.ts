import type { Transform } from "assemblyscript/asc";

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
 * Puts the code of accessors in place of calls of them. The optimiser does that as well, among much else; without it every
 * `values[i]` of a program is a call of one function of the library, and what it reads would be told of the library's line
 * instead of the program's. Locals keep their numbers and names, those of accessors come after them.
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

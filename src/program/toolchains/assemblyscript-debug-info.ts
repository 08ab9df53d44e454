import type { Function as AscFunction, Expression, Range } from "assemblyscript";
import { isLibrary } from "../lines/source-map.ts";

/** Binaryen's C interface as its JavaScript build exposes it: functions on numbers (pointers into its own memory). */
type Binaryen = Record<string, (...args: number[]) => number>;

/** What is said of a function: the line of an expression in it, the name of a local. Names stay in Binaryen's memory. */
const SETTERS = ["_BinaryenFunctionSetDebugLocation", "_BinaryenFunctionSetLocalName"];
const REMOVE = "_BinaryenRemoveFunction";
const ADD = "_BinaryenAddFunction";
const FIND = "_BinaryenGetFunction";

interface SetCall {
  readonly setter: string;
  readonly args: readonly number[];
}

let mended: Promise<void> | undefined;

/** Has the compiler say which line its code is of. To be called before it is imported: it takes Binaryen's functions when it loads. */
export function mendDebugInfo(): Promise<void> {
  mended ??= keepOfRewrittenFunctions().then(placeInlinedCode);
  return mended;
}

/**
 * Keeps the source lines and the names of locals of functions that hold references. With the garbage collector of its
 * default runtime, AssemblyScript 0.28 rewrites each such function at the end (its "shadow stack" pass): it removes the
 * function and adds it again with more locals after those that it has, and what Binaryen keeps by function is gone. This
 * watches the calls and tells the new function what the old one was told; the expressions in it are the same.
 */
async function keepOfRewrittenFunctions(): Promise<void> {
  const name = "binaryen"; // the compiler's own dependency: the same instance that it uses
  const binaryen = ((await import(name)) as { readonly default: Binaryen }).default;
  const remove = binaryen[REMOVE];
  const add = binaryen[ADD];
  const find = binaryen[FIND];
  const told = new Map<number, SetCall[]>();
  let removed: readonly SetCall[] = [];

  for (const setter of SETTERS) {
    const set = binaryen[setter];
    binaryen[setter] = (target, ...args) => {
      const calls = told.get(target);
      if (calls === undefined) told.set(target, [{ setter, args }]);
      else calls.push({ setter, args });
      return set(target, ...args);
    };
  }
  binaryen[REMOVE] = (module, functionName) => {
    const target = find(module, functionName);
    removed = told.get(target) ?? [];
    told.delete(target);
    return remove(module, functionName);
  };
  binaryen[ADD] = (...args) => {
    const target = add(...args);
    told.delete(target); // a pointer that was somebody else's before
    for (const { setter, args: said } of removed) binaryen[setter](target, ...said);
    removed = [];
    return target;
  };
}

/** What is used of the compiler's own class, whose package declares a part of it as private. */
interface AscCompiler {
  readonly currentFlow: { readonly targetFunction: AscFunction };
  compileExpression(expression: Expression, ...how: readonly unknown[]): number;
  addDebugLocation(made: number, range: Range): void;
}

/**
 * Gives the library's code that is compiled into a function of the program's (`@inline`) the line of the innermost expression
 * of the program's that it is there for: with its own line nobody could tell which of the lines around it it belongs to, once
 * the optimiser has put other functions between them.
 */
async function placeInlinedCode(): Promise<void> {
  const compiler = (await import("assemblyscript")).Compiler.prototype as unknown as AscCompiler;
  const { compileExpression, addDebugLocation } = compiler;
  /** The expression that each function of the program's is compiled for now. */
  const ranges = new WeakMap<AscFunction, Range>();
  const isOfLibrary = (range: Range) => isLibrary(range.source.normalizedPath);
  compiler.compileExpression = function (expression, ...how) {
    if (isOfLibrary(expression.range)) return compileExpression.call(this, expression, ...how);
    const { targetFunction } = this.currentFlow;
    const around = ranges.get(targetFunction);
    ranges.set(targetFunction, expression.range);
    const made = compileExpression.call(this, expression, ...how);
    if (around === undefined) ranges.delete(targetFunction);
    else ranges.set(targetFunction, around);
    return made;
  };
  compiler.addDebugLocation = function (made, range) {
    const place = isOfLibrary(range) ? ranges.get(this.currentFlow.targetFunction) : undefined;
    addDebugLocation.call(this, made, place ?? range);
  };
}

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

let kept: Promise<void> | undefined;

/**
 * Keeps the source lines and the names of locals of functions that hold references. With the garbage collector of its
 * default runtime, AssemblyScript 0.28 rewrites each such function at the end (its "shadow stack" pass): it removes the
 * function and adds it again with more locals after those that it has, and what Binaryen keeps by function is gone. This
 * watches the calls and tells the new function what the old one was told; the expressions in it are the same. To be called
 * before the compiler is imported, as it takes Binaryen's functions when it loads.
 */
export function keepDebugInfoOfRewrittenFunctions(): Promise<void> {
  kept ??= watch();
  return kept;
}

async function watch(): Promise<void> {
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

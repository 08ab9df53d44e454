/** Binaryen's C interface as its JavaScript build exposes it: functions on numbers (pointers into its own memory). */
type Binaryen = Record<string, (...args: number[]) => number>;

const SET_LOCATION = "_BinaryenFunctionSetDebugLocation";
const REMOVE = "_BinaryenRemoveFunction";
const ADD = "_BinaryenAddFunction";
const FIND = "_BinaryenGetFunction";

let kept: Promise<void> | undefined;

/**
 * Keeps the source lines of functions that hold references. With the garbage collector of its default runtime,
 * AssemblyScript 0.28 rewrites each such function at the end (its "shadow stack" pass): it removes the function and adds
 * it again with more locals, and the lines, which Binaryen keeps by function, are gone. This watches the calls and gives
 * the new function the lines of the old one; the expressions in it are the same. To be called before the compiler is
 * imported, as it takes Binaryen's functions when it loads.
 */
export function keepLinesOfRewrittenFunctions(): Promise<void> {
  kept ??= watch();
  return kept;
}

async function watch(): Promise<void> {
  const name = "binaryen"; // the compiler's own dependency: the same instance that it uses
  const binaryen = ((await import(name)) as { readonly default: Binaryen }).default;
  const setLocation = binaryen[SET_LOCATION];
  const remove = binaryen[REMOVE];
  const add = binaryen[ADD];
  const find = binaryen[FIND];
  /** By function: expression, file, line and column of each call. */
  const locations = new Map<number, number[][]>();
  let removed: readonly (readonly number[])[] = [];

  const note = (target: number, location: number[]): number => {
    const list = locations.get(target);
    if (list === undefined) locations.set(target, [location]);
    else list.push(location);
    return setLocation(target, ...location);
  };
  binaryen[SET_LOCATION] = (target, ...location) => note(target, location);
  binaryen[REMOVE] = (module, functionName) => {
    const target = find(module, functionName);
    removed = locations.get(target) ?? [];
    locations.delete(target);
    return remove(module, functionName);
  };
  binaryen[ADD] = (...args) => {
    const target = add(...args);
    locations.delete(target); // a pointer that was somebody else's before
    for (const location of removed) note(target, [...location]);
    removed = [];
    return target;
  };
}

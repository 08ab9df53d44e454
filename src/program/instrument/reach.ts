import type { DecodedBody } from "./decode.ts";
import { ExternalKind, type ModuleOutline } from "./module-reader.ts";
import { Op } from "./opcodes.ts";

/** Functions whose frames `watch` keeps: those that can get to this module's imports, by whatever way. */
const CHECKPOINT_MODULE = "veloc";

/** Which functions can call which: collected body by body. */
export class CallGraph {
  readonly #module: ModuleOutline;
  /** By callee: who calls it. */
  readonly #callers = new Map<number, Set<number>>();
  /** By type: who calls some function of it. */
  readonly #indirectCallers = new Map<number, Set<number>>();

  constructor(module: ModuleOutline) {
    this.#module = module;
  }

  add(functionIndex: number, body: DecodedBody): void {
    for (let i = 0; i < body.count; i++) {
      const op = body.opcode[i];
      if (op === Op.call || op === Op.returnCall) entryOf(this.#callers, body.a[i]).add(functionIndex);
      else if (op === Op.callIndirect || op === Op.returnCallIndirect)
        entryOf(this.#indirectCallers, body.a[i]).add(functionIndex);
    }
  }

  /** Functions from which a call can get to an import of the checkpoint interface, the imports among them. */
  reaching(): ReadonlySet<number> {
    const { imports, functionTypes, types } = this.#module;
    const targets = imports
      .filter(({ kind }) => kind === ExternalKind.function)
      .flatMap(({ module }, index) => (module === CHECKPOINT_MODULE ? [index] : []));
    const reached = new Set(targets);
    for (let next = targets.pop(); next !== undefined; next = targets.pop()) {
      const type = types[functionTypes[next]];
      const callers = [...(this.#callers.get(next) ?? [])];
      for (const [index, others] of this.#indirectCallers)
        if (same(types[index].parameters, type.parameters) && same(types[index].results, type.results))
          callers.push(...others);
      for (const caller of callers) {
        if (reached.has(caller)) continue;
        reached.add(caller);
        targets.push(caller);
      }
    }
    return reached;
  }
}

function entryOf(map: Map<number, Set<number>>, key: number): Set<number> {
  let entry = map.get(key);
  if (entry === undefined) {
    entry = new Set();
    map.set(key, entry);
  }
  return entry;
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

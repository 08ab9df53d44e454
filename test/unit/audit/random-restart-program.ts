import { createRandom } from "../instrument/random-module.ts";

/** State in the program's memory: `count` elements of `width` bytes. */
export interface Variable {
  readonly name: string;
  readonly address: number;
  readonly width: 1 | 2 | 4 | 8;
  readonly count: number;
}

/** Which element: `(base + stride * i) mod count`, with the index of the loop around it. */
export interface Element {
  readonly variable: number;
  readonly base: number;
  readonly stride: number;
}

/** All numbers are i32; elements are extended without sign, and cut off. */
export type Expression =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "load"; readonly element: Element }
  | { readonly kind: "global" | "local"; readonly index: number }
  | { readonly kind: "loop index" }
  | { readonly kind: Operator; readonly left: Expression; readonly right: Expression };

export const OPERATORS = ["add", "sub", "mul", "xor", "rotl", "rem_u", "eq", "lt_u"] as const;
export type Operator = (typeof OPERATORS)[number];

export type Statement =
  | { readonly kind: "store"; readonly element: Element; readonly value: Expression }
  | { readonly kind: "set global" | "set local"; readonly index: number; readonly value: Expression }
  /** Not within another. */
  | { readonly kind: "loop"; readonly count: number; readonly body: readonly Statement[] }
  | { readonly kind: "if"; readonly condition: Expression; readonly body: readonly Statement[] }
  | { readonly kind: "copy"; readonly from: number; readonly to: number; readonly bytes: number }
  | { readonly kind: "fill"; readonly variable: number; readonly value: Expression }
  | { readonly kind: "protect"; readonly region: number };

export interface Region {
  readonly address: number;
  readonly bytes: number;
}

/**
 * What a program does: init, protect the regions `early`, ask for a checkpoint; if there is one, restore and `resume`, if there
 * is none or it cannot be restored, `fresh`; then `always`. Each step: `body`, count it, and each so many steps a checkpoint, whose
 * version is their number. At last `finish`, and the bytes of the variable `RESULT` go to standard output.
 */
export interface RestartProgram {
  readonly seed: number;
  readonly variables: readonly Variable[];
  /** Mutable globals of the module, all 0 at first. */
  readonly globalCount: number;
  /** State in locals of the one function that does everything. */
  readonly localCount: number;
  /** By id. */
  readonly regions: readonly Region[];
  readonly early: readonly number[];
  /** Ids of the regions that are restored; undefined for all, in one call. */
  readonly recovers: readonly number[] | undefined;
  readonly init: readonly Statement[];
  readonly fresh: readonly Statement[];
  readonly resume: readonly Statement[];
  readonly always: readonly Statement[];
  readonly body: readonly Statement[];
  readonly finish: readonly Statement[];
  readonly steps: number;
  readonly stepsPerCheckpoint: number;
}

/** Variables that every program has. */
export const STEP = 0;
export const RESULT = 1;

/**
 * A small program whose variables live on, are rewritten, rebuilt, only written or never written, in memory, globals and locals;
 * some are protected, whole or in part, in time or too late. It ends from every checkpoint, and never traps.
 */
export function randomRestartProgram(seed: number): RestartProgram {
  const random = createRandom(seed);
  const variables = layOut();
  const globalCount = random.below(3);
  const localCount = random.below(3);
  const init: Statement[] = [];
  const fresh: Statement[] = [];
  const resume: Statement[] = [];
  const always: Statement[] = [];
  const body: Statement[] = [];
  const finish: Statement[] = [];
  const stepsPerCheckpoint = 1 + random.below(4);
  const steps = stepsPerCheckpoint * (1 + random.below(3)) + random.below(stepsPerCheckpoint + 1);
  const own = variables.map((_, i) => i).slice(RESULT + 1);

  function layOut(): Variable[] {
    const list: Variable[] = [];
    let address = 1024 + random.below(3500);
    for (const name of ["step", "result", ..."abcdefgh".slice(0, 2 + random.below(6))]) {
      const width = list.length < 2 ? 4 : random.pick([1, 2, 4, 8] as const);
      const count = name === "step" ? 1 : name === "result" ? 2 : random.pick([1, 1, 2, 5, 16, 40]);
      list.push({ name, address, width, count });
      address += width * count + random.pick([0, 0, 0, 1, 8, 64, 1000]);
    }
    return list;
  }

  const constant = (value: number): Expression => ({ kind: "constant", value });
  const load = (element: Element): Expression => ({ kind: "load", element });
  const binary = (kind: Operator, left: Expression, right: Expression): Expression => ({ kind, left, right });
  const at = (variable: number, inLoop: boolean): Element => ({
    variable,
    base: random.below(variables[variable].count),
    stride: inLoop ? random.pick([0, 1, 1, 1, 3]) : 0,
  });
  const each = (variable: number): Element => ({ variable, base: 0, stride: 1 });

  /** A value out of these variables, and whatever else is at hand. */
  function value(from: readonly number[], inLoop: boolean, depth = 2): Expression {
    if (depth > 0 && !random.chance(3)) {
      const kind = random.pick(OPERATORS);
      const right = kind === "rem_u" ? constant(1 + random.below(1000)) : value(from, inLoop, depth - 1);
      return binary(kind, value(from, inLoop, depth - 1), right);
    }
    const choices: (() => Expression)[] = [() => constant(random.next() | 0)];
    if (from.length > 0) {
      for (let i = 0; i < 4; i++) choices.push(() => load(at(random.pick(from), inLoop)));
    }
    if (inLoop) choices.push(() => ({ kind: "loop index" }));
    return random.pick(choices)();
  }

  /** For each element of a variable, in a loop where it has several. */
  function forEach(variable: number, make: (element: Element, inLoop: boolean) => Statement): Statement {
    const { count } = variables[variable];
    if (count === 1) return make({ variable, base: 0, stride: 0 }, false);
    return { kind: "loop", count, body: [make(each(variable), true)] };
  }

  const assign = (variable: number, from: readonly number[]) =>
    forEach(variable, (element, inLoop) => ({ kind: "store", element, value: value(from, inLoop) }));
  const update = (variable: number, from: readonly number[]) =>
    forEach(variable, (element, inLoop) => ({
      kind: "store",
      element,
      value: binary("add", binary("mul", load(element), constant(random.next() | 1)), value(from, inLoop)),
    }));
  const sometimes = (then: Statement): Statement => {
    const modulus = constant(2 + random.below(4));
    return {
      kind: "if",
      condition: binary("rem_u", load({ variable: STEP, base: 0, stride: 0 }), modulus),
      body: [then],
    };
  };

  /** What each variable is for: statements that make it so. */
  function giveRole(variable: number, known: readonly number[]): void {
    if (!random.chance(3)) init.push(assign(variable, []));
    const first: Element = { variable, base: 0, stride: 0 };
    switch (random.below(12)) {
      case 0: // constant
        return;
      case 1: // written in each step, for the next statements of it
        body.push(assign(variable, known));
        return;
      case 2: // cleared in each step
        body.push(
          { kind: "fill", variable, value: constant(random.below(256)) },
          random.chance(2) ? sometimes(update(variable, known)) : update(variable, known),
        );
        return;
      case 3: {
        // follows from others, and is rebuilt
        const rebuild = assign(variable, known.slice(0, 2));
        random.pick([always, resume])?.push(rebuild);
        body.push(rebuild);
        return;
      }
      case 4: // lives on, but is not used in each step
        body.push(sometimes(update(variable, known)));
        return;
      case 5: {
        const from = known.length === 0 ? STEP : random.pick(known);
        const bytes = Math.min(sizeOf(variables[from]), sizeOf(variables[variable]));
        const copy: Statement = { kind: "copy", from, to: variable, bytes: 1 + random.below(bytes) };
        // What it is now, or what the step before left.
        if (random.chance(2)) body.push(copy);
        else body.unshift(copy);
        return;
      }
      case 6: {
        // filled when it is first needed, as its first element tells
        const fill = [assign(variable, known), { kind: "store", element: first, value: constant(1) } as const];
        body.push({ kind: "if", condition: binary("eq", load(first), constant(0)), body: fill });
        return;
      }
      case 7:
      case 8: {
        // lives on, and depends on another whether it does
        const condition = binary("lt_u", value(known, false), constant(random.next() | 0));
        body.push({ kind: "if", condition, body: [update(variable, own)] });
        return;
      }
      default: // lives on
        body.push(update(variable, known));
    }
  }
  for (const [i, variable] of own.entries()) giveRole(variable, own.slice(0, i));

  for (let index = 0; index < globalCount; index++) {
    const global: Expression = { kind: "global", index };
    body.push({ kind: "set global", index, value: binary("add", global, value(own, false)) });
    if (!random.chance(3)) body.push(changed(random.pick(own), global));
  }
  for (let index = 0; index < localCount; index++) {
    const local: Expression = { kind: "local", index };
    const next = random.chance(2) ? value(own, false) : binary("xor", local, value(own, false));
    body.push({ kind: "set local", index, value: next });
    if (!random.chance(3)) body.push(changed(random.pick(own), local));
  }
  if (random.chance(2)) fresh.push(assign(random.pick(own), []));
  if (random.chance(4)) resume.push(update(random.pick(own), []));
  if (random.chance(2)) body.push(update(random.pick(own), own));

  function changed(variable: number, by: Expression): Statement {
    const element = at(variable, false);
    return { kind: "store", element, value: binary("xor", load(element), by) };
  }

  const regions: Region[] = [];
  const early: number[] = [];
  const protect = (region: Region) => early.push(regions.push(region) - 1);
  if (!random.chance(12)) protect(whole(variables[STEP]));
  /** Programs differ in how careful they are. */
  const forgetsOneIn = random.pick([3, 6, 1000]);
  for (const variable of own) {
    const { address, width, count } = variables[variable];
    if (random.chance(forgetsOneIn) && early.length > 0) {
      if (random.chance(4)) {
        const region = regions.push(whole(variables[variable])) - 1;
        const condition = binary("rem_u", load({ variable: STEP, base: 0, stride: 0 }), constant(1 + random.below(3)));
        body.push({ kind: "if", condition, body: [{ kind: "protect", region }] });
        if (!random.chance(4)) always.push({ kind: "protect", region });
        if (random.chance(2)) early.push(region);
      }
      continue;
    }
    // Now and then a size is too small or too large.
    const size = random.below(12);
    protect({ address, bytes: size === 0 ? width * random.below(count + 1) : width * count + (size === 1 ? 8 : 0) });
  }
  if (early.length === 0) protect(whole(variables[RESULT]));
  const recovers = random.chance(4) ? early.filter(() => !random.chance(4)) : undefined;

  const sum: Element = { variable: RESULT, base: 0, stride: 0 };
  finish.push({ kind: "store", element: sum, value: load({ variable: STEP, base: 0, stride: 0 }) });
  finish.push({ kind: "store", element: { ...sum, base: 1 }, value: constant(0) });
  for (const variable of own) {
    if (random.chance(3)) continue;
    finish.push(
      forEach(variable, (element) => ({
        kind: "store",
        element: sum,
        value: binary("add", binary("mul", load(sum), constant(31)), load(element)),
      })),
    );
  }
  return {
    ...{ seed, variables, globalCount, localCount, regions, early, recovers },
    ...{ init, fresh, resume, always, body, finish, steps, stepsPerCheckpoint },
  };
}

export function sizeOf({ width, count }: Variable): number {
  return width * count;
}

function whole(variable: Variable): Region {
  return { address: variable.address, bytes: sizeOf(variable) };
}

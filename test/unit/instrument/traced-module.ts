// An independent witness of what a module does: the same program, rewritten as text so that it tells of itself.

type Node = string | readonly Node[];

/** A memory instruction of the text, in the order of the module's code. */
export interface TracedAccess {
  readonly kind: "load" | "store" | "fill" | "copy" | "init";
  /** 0 for bulk instructions. */
  readonly size: number;
  readonly offset: number;
}

export interface TracedFunction {
  /** In the original module. */
  readonly index: number;
  /** Types of parameters and locals. */
  readonly locals: readonly string[];
  readonly body: readonly Node[];
}

export interface TracedModule {
  readonly wat: string;
  readonly accesses: readonly TracedAccess[];
  /** By the number under which they enter: functions that can get to `reachable`'s imports. */
  readonly framed: ReadonlyMap<number, TracedFunction>;
}

const operandTypes: Readonly<Record<string, string>> = { i32: "i32", i64: "i64", f32: "f32", f64: "f64", v128: "v128" };
const IMPORTS = `
  (import "traced" "access" (func $traced.access (param i32 i32 i32 i32)))
  (import "traced" "enter" (func $traced.enter (param i32) (result i32)))
  (import "traced" "calling" (func $traced.calling (param i32)))
  (import "traced" "value" (func $traced.value (param i32 i64)))
  (import "traced" "reload" (func $traced.reload (param i32 i32 i64) (result i64)))
  (import "traced" "reloaded" (func $traced.reloaded (param i32)))
  (import "traced" "local" (func $traced.local (param i32 i32 i32 i32 i64) (result i64)))
  (import "traced" "global" (func $traced.global (param i32 i32 i32)))`;

/** The bits of a value as an i64, and back. */
const toBits: Readonly<Record<string, (value: string) => string>> = {
  i32: (value) => `(i64.extend_i32_u ${value})`,
  i64: (value) => value,
  f32: (value) => `(i64.extend_i32_u (i32.reinterpret_f32 ${value}))`,
  f64: (value) => `(i64.reinterpret_f64 ${value})`,
};
const fromBits: Readonly<Record<string, (bits: string) => string>> = {
  i32: (bits) => `(i32.wrap_i64 ${bits})`,
  i64: (bits) => bits,
  f32: (bits) => `(f32.reinterpret_i32 (i32.wrap_i64 ${bits}))`,
  f64: (bits) => `(f64.reinterpret_i64 ${bits})`,
};

/**
 * Memory instructions move into functions of their own that call `traced.access(number, operands...)` first. Functions that can get to
 * an import of the module `reachable` call `traced.enter(function)` at their beginning, which gives the activation a number; around
 * each call `traced.calling(activation)`, `traced.value(local, bits)` for each local, and after it `traced.reload(activation, local,
 * bits)`, whose result the local is set to, as where an exception is caught. Before each `local.get` there and after each set `traced.local(activation, local, number,
 * isSet, bits)` does the same, and `traced.global(global, number, isSet)` tells of mutable globals everywhere. Numbers of accesses
 * and of variables count the instructions in the order of the code.
 *
 * @param wat one module whose instructions are all folded, and whose functions, locals and globals are used as they are declared: by
 *   name or by number
 */
export function traceModule(wat: string, reachable: string): TracedModule {
  const [module] = parse(wat);
  if (typeof module === "string") throw new Error("not a module");
  const imported = module.filter((node) => isList(node, "import")).filter((node) => isList(node[3], "func"));
  const globals = module.filter((node) => isList(node, "global"));
  const functions = module.filter((node) => isList(node, "func"));
  const names = [
    ...imported.map((node) => String((node[3] as Node[])[1])),
    ...functions.map((node) => String(node[1])),
  ];
  const types = [...imported.map((node) => signature(node[3] as Node[])), ...functions.map((node) => signature(node))];
  const declaredTypes = new Map(
    module.filter((node) => isList(node, "type")).map((node) => [String(node[1]), signature(node[2] as Node[])]),
  );

  const reaching = new Set(imported.flatMap((node, index) => (node[1] === `"${reachable}"` ? [index] : [])));
  const calls = functions.map((node, i) => ({ caller: imported.length + i, callees: [...calleesOf(node)] }));
  for (let changed = true; changed; ) {
    changed = false;
    for (const { caller, callees } of calls) {
      const gets = callees.some((callee) =>
        typeof callee === "string"
          ? reaching.has(names.indexOf(callee))
          : [...reaching].some((index) => types[index] === declaredTypes.get(callee.type)),
      );
      if (gets && !reaching.has(caller)) {
        reaching.add(caller);
        changed = true;
      }
    }
  }

  const accesses: TracedAccess[] = [];
  const helpers: string[] = [];
  const framed = new Map<number, TracedFunction>();
  let variables = 0;

  function rewriteFunction(node: readonly Node[], index: number): string {
    const locals: { readonly name: string; readonly type: string }[] = [];
    let bodyStart = 1;
    for (; bodyStart < node.length; bodyStart++) {
      const part = node[bodyStart];
      if (typeof part !== "string" && !["export", "param", "result", "local", "type"].includes(String(part[0]))) break;
      if (!isList(part, "param") && !isList(part, "local")) continue;
      const [, ...rest] = part.map(String);
      if (rest[0]?.startsWith("$")) locals.push({ name: rest[0], type: rest[1] });
      else for (const type of rest) locals.push({ name: "", type });
    }
    const localIndex = (name: string) =>
      name.startsWith("$") ? locals.findIndex((one) => one.name === name) : Number(name);
    const hasFrame = reaching.has(index);
    const kept = locals.flatMap(({ type }, i) => (type in toBits ? [{ type, i }] : []));
    if (hasFrame) framed.set(index, { index, locals: locals.map(({ type }) => type), body: node });

    const afterLocal = (local: number, isSet: boolean): string => {
      const { type } = locals[local];
      if (!hasFrame || !(type in toBits)) return "";
      const bits = toBits[type](`(local.get ${local})`);
      const told = `(call $traced.local (local.get $traced) (i32.const ${local}) (i32.const ${variables++}) (i32.const ${isSet ? 1 : 0}) ${bits})`;
      return `(local.set ${local} ${fromBits[type](told)})`;
    };
    /** The operands come first, then what is told, then the call itself. */
    const calling = (): string => {
      if (!hasFrame) return "";
      const values = kept.map(
        ({ type, i }) => `(call $traced.value (i32.const ${i}) ${toBits[type](`(local.get ${i})`)})`,
      );
      return `(call $traced.calling (local.get $traced)) ${values.join(" ")}`;
    };
    const reloading = (): string => {
      if (!hasFrame) return "";
      const reloads = kept.map(({ type, i }) => {
        const bits = toBits[type](`(local.get ${i})`);
        return `(local.set ${i} ${fromBits[type](`(call $traced.reload (local.get $traced) (i32.const ${i}) ${bits})`)})`;
      });
      return `${reloads.join(" ")} (call $traced.reloaded (local.get $traced))`;
    };

    function rewrite(part: Node): string {
      if (typeof part === "string") return part;
      const [head, ...rest] = part;
      const op = String(head);
      switch (op) {
        case "local.get": {
          const local = localIndex(String(rest[0]));
          return `${afterLocal(local, false)} (local.get ${local})`;
        }
        case "local.set":
        case "local.tee": {
          const local = localIndex(String(rest[0]));
          const operand = rest.slice(1).map(rewrite).join(" ");
          return `(${op} ${local} ${operand}) ${afterLocal(local, true)}`;
        }
        case "global.get":
        case "global.set": {
          const global = globals.findIndex((one) => one[1] === rest[0]);
          const operand = rest.slice(1).map(rewrite).join(" ");
          const access = `(${op} ${String(rest[0])} ${operand})`;
          if (!isList(globals[global][2], "mut")) return access;
          const told = `(call $traced.global (i32.const ${global}) (i32.const ${variables++}) (i32.const ${op === "global.set" ? 1 : 0}))`;
          return op === "global.set" ? `${access} ${told}` : `${told} ${access}`;
        }
        case "catch":
        case "catch_all": {
          const tag = op === "catch" ? String(rest[0]) : "";
          return `(${op} ${tag} ${reloading()} ${rest
            .slice(op === "catch" ? 1 : 0)
            .map(rewrite)
            .join(" ")})`;
        }
        case "call":
        case "call_indirect":
          return `(${op} ${rest.map(rewrite).join(" ")} ${calling()}) ${reloading()}`;
      }
      const access = accessOf(op, rest);
      if (access === undefined) return `(${op} ${rest.map(rewrite).join(" ")})`;
      const operands = rest.filter((one) => typeof one !== "string").map(rewrite);
      return `(call $traced.access.${outline(op, rest, access)} ${operands.join(" ")})`;
    }

    const head = node.slice(0, bodyStart).map(print).join(" ");
    const own = hasFrame ? `(local $traced i32) (local.set $traced (call $traced.enter (i32.const ${index})))` : "";
    return `(${head} ${own} ${node.slice(bodyStart).map(rewrite).join("\n")})`;
  }

  /** A function that does one memory instruction. */
  function outline(op: string, rest: readonly Node[], access: TracedAccess): number {
    const number = accesses.push(access) - 1;
    const immediates = rest.filter((one) => typeof one === "string").join(" ");
    const [type] = op.split(".");
    const parameters =
      access.size === 0
        ? ["i32", "i32", "i32"]
        : access.kind === "store" || op.endsWith("_lane")
          ? ["i32", operandTypes[type]]
          : ["i32"];
    const result = access.kind === "load" ? `(result ${operandTypes[type]})` : "";
    const told = [0, 1, 2].map((i) => (parameters[i] === "i32" ? `(local.get ${i})` : "(i32.const 0)")).join(" ");
    const operands = parameters.map((_, i) => `(local.get ${i})`).join(" ");
    helpers.push(`(func $traced.access.${number} (param ${parameters.join(" ")}) ${result}
      (call $traced.access (i32.const ${number}) ${told}) (${op} ${immediates} ${operands}))`);
    return number;
  }

  let next = imported.length;
  const parts = module.slice(1).map((node) => (isList(node, "func") ? rewriteFunction(node, next++) : print(node)));
  const exported = globals.flatMap((node, i) =>
    isList(node[2], "mut") ? [`(export "traced.global.${i}" (global ${String(node[1])}))`] : [],
  );
  const text = `(module ${IMPORTS} ${parts.join("\n")} ${helpers.join("\n")} ${exported.join(" ")})`;
  return { wat: text, accesses, framed };
}

function* calleesOf(node: Node): Generator<string | { readonly type: string }> {
  if (typeof node === "string") return;
  if (node[0] === "call") yield String(node[1]);
  if (node[0] === "call_indirect") {
    const type = node.find((part) => isList(part, "type"));
    yield { type: String((type as Node[])[1]) };
  }
  for (const part of node) yield* calleesOf(part);
}

const bulks = { "memory.fill": "fill", "memory.copy": "copy", "memory.init": "init" } as const;

function accessOf(op: string, rest: readonly Node[]): TracedAccess | undefined {
  if (op in bulks) return { kind: bulks[op as keyof typeof bulks], size: 0, offset: 0 };
  const found = /^(i32|i64|f32|f64|v128)\.(load|store)(\d+)?(x\d)?/.exec(op);
  if (found === null) return undefined;
  const [, type, kind, bits, lanes] = found;
  const whole = { i32: 4, i64: 8, f32: 4, f64: 8, v128: 16 }[type] ?? 0;
  const size = lanes !== undefined ? 8 : bits !== undefined ? Number(bits) / 8 : whole;
  const offset = rest.find((one) => typeof one === "string" && one.startsWith("offset="));
  return { kind: kind as "load" | "store", size, offset: offset === undefined ? 0 : Number(String(offset).slice(7)) };
}

/** Parameters and results, in one spelling. */
function signature(node: readonly Node[]): string {
  const typesOf = (kind: string) =>
    node
      .filter((part) => isList(part, kind))
      .flatMap((part) => part.slice(1).map(String))
      .filter((word) => !word.startsWith("$"));
  return `${typesOf("param").join()} -> ${typesOf("result").join()}`;
}

function isList(node: Node | undefined, head: string): node is readonly Node[] {
  return node !== undefined && typeof node !== "string" && node[0] === head;
}

function print(node: Node): string {
  return typeof node === "string" ? node : `(${node.map(print).join(" ")})`;
}

function parse(text: string): Node[] {
  const open: Node[][] = [[]];
  for (const token of text.match(/"(?:[^"\\]|\\.)*"|[()]|[^\s()"]+/g) ?? []) {
    if (token === "(") open.push([]);
    else if (token === ")") {
      const done = open.pop() ?? [];
      open[open.length - 1].push(done);
    } else open[open.length - 1].push(token);
  }
  return open[0];
}

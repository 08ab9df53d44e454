import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { readFunctions } from "../../../src/program/lines/functions.ts";
import type { Program } from "../../../src/program/program.ts";
import { loadSymbols } from "../../../src/program/symbols/load-symbols.ts";
import type { LocalVariable, SymbolTable, WasmGlobalVariable } from "../../../src/program/symbols/symbols.ts";
import type { Optimize } from "../../../src/program/toolchains/load-options.ts";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { runProgram } from "../program/small-host.ts";

const directory = mkdtempSync(join(tmpdir(), "symbols-as-"));
after(() => rmSync(directory, { recursive: true }));

/** Each variable says on its own line what it is: `// name type`. */
const SOURCE = `import { protect, memProtect } from "veloc";
import { Shape, scaled } from "./lib/shape";
const LIMIT: i32 = 10; // LIMIT i32
let counter: i32 = 0; // counter i32
export let total: f64 = 1.5; // total f64
let seed: u64 = 7; // seed u64
const values = new StaticArray<f64>(100); // values StaticArray<f64>
const list: Array<i32> = [1, 2, 3]; // list Array<i32>
const shapes = new Map<string, Shape>(); // shapes Map<String,Shape>
const bytes = new Uint8Array(20); // bytes Uint8Array
let text: string = "text"; // text String
class Plain { a: i32 = 1; b: f64 = 2; }
class Linked extends Plain { next: Linked | null = null; static made: i32 = 0; // Linked.made i32
  bump(by: i32): void { // by i32
    const more = by + 1; // more i32
    this.a += more; Linked.made++;
  }
}
class Cell<T> { constructor(public content: T) {} }
@unmanaged class Market { price: i32; turnover: f64; }
const plain = new Plain(); // plain Plain
const linked = new Linked(); // linked Linked
const cell = new Cell<u8>(3); // cell Cell<u8>
const market = changetype<Market>(heap.alloc(offsetof<Market>())); // market Market
const pool: usize = heap.alloc(80); // pool usize
namespace deep { export let level: i32 = 3; } // deep.level i32

// @ts-ignore: decorator
@inline function square(inner: i32): i32 { const twice = inner * inner; return twice; }

function step(by: i32, // by i32
  scale: f64): i32 { // scale f64
  let sum: i32 = 0; // sum i32
  for (let i = 0; i < by; i++) { // i i32
    let part = i * 2; // part i32
    sum += part;
  }
  for (let i: i64 = 0; i < <i64>by; i++) { // i i64
    let part: f64 = f64(i) * scale; // part f64
    sum += <i32>part;
  }
  const held = new Linked(); // held Linked
  held.bump(square(sum));
  counter += sum; deep.level++;
  return sum + held.a;
}
for (let k = 0; k < 3; k++) { // k i32
  const done = step(k + LIMIT, scaled(0.5)); // done i32
  total += f64(done); list.push(k); seed += <u64>k;
}
shapes.set(text, new Shape(2)); text = text + "!"; market.price = <i32>pool;
linked.next = new Linked(); bytes[0] = cell.content;
function say(name: string, id: u32, offset: usize): void { console.log(name + " " + id.toString() + " " + offset.toString()); }
say("Plain", idof<Plain>(), offsetof<Plain>("b"));
say("Linked", idof<Linked>(), offsetof<Linked>("next"));
say("Cell<u8>", idof<Cell<u8>>(), offsetof<Cell<u8>>("content"));
say("Shape", idof<Shape>(), offsetof<Shape>("size"));
say("StaticArray<f64>", idof<StaticArray<f64>>(), 0);
say("Array<i32>", idof<Array<i32>>(), 0);
say("Map<String,Shape>", idof<Map<string, Shape>>(), 0);
say("address", <u32>changetype<usize>(values), changetype<usize>(plain));
say("address", <u32>list.dataStart, bytes.dataStart);
say("address", <u32>changetype<usize>(market), pool);
/* PROTECT */
`;
const SHAPE = `let made: i32 = 0; // made i32
export class Shape {
  constructor(public size: f64) { made++; }
}
export function scaled(by: f64): f64 { // by f64
  const half = by / 2; // half f64
  return half;
}
`;
mkdirSync(join(directory, "lib"));
writeFileSync(join(directory, "lib/shape.ts"), SHAPE);

const load = (text: string, optimize: Optimize, name = "main.ts"): Promise<Program> => {
  writeFileSync(join(directory, name), text);
  return loadProgram([name], {
    ...{ workingDirectory: directory, cacheDirectory: join(directory, "cache"), optimize },
  });
};

/** Lines "file:line name type" of the comments. */
function told(file: string, text: string): readonly string[] {
  return text.split("\n").flatMap((line, i) => {
    const match = /\/\/ (\S+ \S+)$/.exec(line);
    return match && !match[1].startsWith("@") ? [`${file}:${i + 1} ${match[1]}`] : [];
  });
}

const TOLD = [...told("main.ts", SOURCE), ...told("lib/shape.ts", SHAPE)];
const shown = ({ file, line, name, type }: LocalVariable | WasmGlobalVariable): string =>
  `${file}:${line} ${name} ${type?.name}`;

function globalsOf(symbols: SymbolTable): readonly WasmGlobalVariable[] {
  return Array.from({ length: 300 }, (_, index) => symbols.globalName(index)).filter((one) => one !== undefined);
}

function localsOf(program: Program, symbols: SymbolTable): readonly LocalVariable[] {
  return readFunctions(program.wasm)
    .flatMap(({ index }) => Array.from({ length: 60 }, (_, local) => symbols.localName(index, local)))
    .filter((one) => one !== undefined);
}

describe("variables of AssemblyScript", () => {
  it("have names, types, files and lines", async () => {
    const program = await load(SOURCE, "audit");
    const symbols = loadSymbols(program);
    const found = new Set([...globalsOf(symbols), ...localsOf(program, symbols)].map(shown));
    for (const one of TOLD) assert.ok(found.has(one), `${one} is not among\n${[...found].join("\n")}`);
    const own = [...found].filter((one) => /^(?:main|lib\/shape)\.ts:[1-9]/.test(one));
    const unexpected = own.filter((one) => !TOLD.includes(one));
    // The parameters of say(), of the constructors, and of what is inlined stand on lines without a comment.
    for (const one of unexpected) assert.match(one, / (?:name|id|offset|content|size|inner|twice) /);
  });

  it("are in the scope of their function, and of none outside", async () => {
    const program = await load(SOURCE, "audit");
    const symbols = loadSymbols(program);
    const scopes = (name: string): readonly string[] => [
      ...new Set(
        localsOf(program, symbols)
          .filter((one) => one.name === name && one.line > 0)
          .map(({ scope }) => scope),
      ),
    ];
    assert.deepEqual(scopes("sum"), ["step"]);
    assert.deepEqual(scopes("more"), ["Linked#bump"]);
    assert.deepEqual(scopes("k"), [""]);
    for (const global of globalsOf(symbols)) assert.equal(global.scope, "");
  });

  it("are the locals of their types", async () => {
    const program = await load(SOURCE, "audit");
    const symbols = loadSymbols(program);
    const step = readFunctions(program.wasm).find(({ name }) => name === "main/step");
    assert.ok(step);
    const types = localTypes(program.wasm.subarray(step.start), ["i32", "f64"]);
    let checked = 0;
    for (const [index, type] of types.entries()) {
      const local = symbols.localName(step.index, index);
      if (!local?.type) continue;
      const expected = local.type.kind === "base" && /^[if](?:32|64)$/.test(local.type.name) ? local.type.name : "i32";
      assert.equal(type, expected, local.name);
      checked++;
    }
    assert.ok(checked >= 8);
  });

  it("keep the names that an optimised module keeps", async () => {
    const program = await load(SOURCE, "release");
    const found = new Set(globalsOf(loadSymbols(program)).map(shown));
    for (const name of ["counter i32", "values StaticArray<f64>", "market Market", "deep.level i32"]) {
      assert.ok(
        [...found].some((one) => one.endsWith(` ${name}`) && one.startsWith("main.ts:")),
        name,
      );
    }
  });

  it("are read again from the cache as they were", async () => {
    const first = await load(SOURCE, "audit");
    const again = await load(SOURCE, "audit");
    assert.deepEqual(again.declarations, first.declarations);
    assert.ok((first.declarations?.functions.length ?? 0) > 5);
  });
});

describe("classes of AssemblyScript", () => {
  it("have the numbers and offsets that the program says", async () => {
    const program = await load(SOURCE, "audit");
    const symbols = loadSymbols(program);
    const { stdout } = runProgram(program.wasm, ["main"]);
    const said = stdout
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("address"));
    assert.equal(said.length, 7);
    for (const line of said) {
      const [name, id, offset] = line.split(" ");
      assert.equal(symbols.className(Number(id)), name);
      const type = symbols.classType(Number(id));
      assert.ok(type?.kind === "object");
      if (Number(offset) > 0) {
        const last = { Plain: "b", Linked: "next" }[name];
        assert.equal(type.members.find(({ offsetBytes }) => offsetBytes === Number(offset))?.name, last);
      }
    }
    const market = globalsOf(symbols).find(({ name }) => name === "market")?.type;
    assert.ok(market?.kind === "pointer");
    assert.equal(symbols.member(market.target, 8), ".turnover");
  });
});

describe("calls that protect variables of AssemblyScript", () => {
  it("compile, and protect what the variable refers to", async () => {
    const symbols = loadSymbols(await load(SOURCE, "audit"));
    const call = (name: string, id: number, pointedBytes?: number): string => {
      const variable = globalsOf(symbols).find((one) => one.name === name);
      assert.ok(variable, name);
      const made = symbols.protectCall(variable, id, pointedBytes);
      assert.equal(made.kind, "call", made.text);
      return made.text;
    };
    const calls = [
      ...[call("values", 0), call("plain", 1), call("list", 2)],
      ...[call("bytes", 3), call("market", 4), call("pool", 5, 80)],
    ];
    assert.equal(calls[0], "protect(0, values)");
    assert.equal(calls[4], "memProtect(4, changetype<usize>(market), 1, offsetof<Market>())");
    const changed = await load(
      SOURCE.replace("/* PROTECT */", calls.map((text) => `${text};`).join("\n")),
      "audit",
      "calls.ts",
    );
    const { stdout, regions } = runProgram(changed.wasm, ["calls"]);
    const addresses = [...stdout.matchAll(/^address (\d+) (\d+)$/gm)].flatMap(([, a, b]) => [Number(a), Number(b)]);
    const sizes = [800, 16, 24, 20, 16, 80];
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5].map((id) => regions.get(id)),
      sizes.map((bytes, id) => ({ address: addresses[id], bytes })),
    );
  });

  it("are none where there is no address to protect, and a sentence says what to do", async () => {
    const program = await load(SOURCE, "audit");
    const symbols = loadSymbols(program);
    const advice = (name: string): string => {
      const variable = [...globalsOf(symbols), ...localsOf(program, symbols)].find((one) => one.name === name);
      assert.ok(variable, name);
      const made = symbols.protectCall(variable, 0);
      assert.equal(made.kind, "advice", name);
      return made.text;
    };
    assert.match(advice("counter"), /^counter is a global of the WebAssembly module and has no address: keep it in/);
    assert.match(advice("sum"), /^sum is a local variable of the WebAssembly module/);
    assert.match(advice("linked"), /refers to other objects/);
    assert.match(advice("shapes"), /^shapes is a Map/);
    assert.match(advice("text"), /never written but replaced/);
  });
});

/** Types of a function's locals, parameters first, from the head of its body. */
function localTypes(body: Uint8Array, parameters: readonly string[]): readonly string[] {
  const names: Readonly<Record<number, string>> = { 127: "i32", 126: "i64", 125: "f32", 124: "f64" };
  const types = [...parameters];
  for (let group = 0; group < body[0]; group++) {
    for (let left = body[1 + 2 * group]; left > 0; left--) types.push(names[body[2 + 2 * group]]);
  }
  return types;
}

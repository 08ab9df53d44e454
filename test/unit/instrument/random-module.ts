/** Seeded random numbers (mulberry32). */
export function createRandom(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number) => next() % limit;
  const pick = <T>(list: readonly T[]): T => list[below(list.length)];
  return { next, below, pick, chance: (oneIn: number) => below(oneIn) === 0 };
}

type Random = ReturnType<typeof createRandom>;

const stores = [
  ["i32.store", "i32", 4],
  ["i64.store", "i64", 8],
  ["f32.store", "f32", 4],
  ["f64.store", "f64", 8],
  ["i32.store8", "i32", 1],
  ["i32.store16", "i32", 2],
  ["i64.store8", "i64", 1],
  ["i64.store16", "i64", 2],
  ["i64.store32", "i64", 4],
  ["v128.store", "v128", 16],
  ["v128.store8_lane", "v128", 1],
  ["v128.store16_lane", "v128", 2],
  ["v128.store32_lane", "v128", 4],
  ["v128.store64_lane", "v128", 8],
] as const;

const loads = [
  ["i32.load", "i32"],
  ["i32.load8_s", "i32"],
  ["i32.load8_u", "i32"],
  ["i32.load16_s", "i32"],
  ["i32.load16_u", "i32"],
  ["i64.load", "i64"],
  ["i64.load8_u", "i64"],
  ["i64.load16_s", "i64"],
  ["i64.load32_s", "i64"],
  ["f32.load", "f32"],
  ["f64.load", "f64"],
  ["v128.load", "v128"],
  ["v128.load8x8_u", "v128"],
  ["v128.load32x2_s", "v128"],
  ["v128.load8_splat", "v128"],
  ["v128.load64_splat", "v128"],
  ["v128.load32_zero", "v128"],
  ["v128.load64_zero", "v128"],
] as const;

/** What a random module has besides. */
export interface RandomModuleOptions {
  /** The module that `look` is imported from (default `env`). */
  readonly lookFrom?: string;
  /** Exceptions: thrown, caught, and let through. */
  readonly throws?: boolean;
}

/**
 * A valid module that ends soon: loops count down, calls go to functions of a higher number and are limited in all. It exports `memory` and `main`
 * (i32) -> (i32). Locals of each function: 0 and 1 parameters, 2 to 5 i32 scratch, 6 to 8 loop counters by depth, then three more i32, and one of
 * each other number type. All instructions are folded.
 */
export function randomModule(seed: number, { lookFrom = "env", throws = false }: RandomModuleOptions = {}): string {
  const random = createRandom(seed);
  const functionCount = 2 + random.below(3);
  const parts: string[] = [];
  for (let index = 0; index < functionCount; index++) parts.push(randomFunction(random, index, functionCount, throws));
  const start = random.chance(3) ? "(start $start)" : "";
  const main = "(call $f0 (local.get 0) (i32.const 5))";
  return `(module
    (import "${lookFrom}" "look" (func $look (param i32) (result i32)))
    (import "env" "write" (func $write (param i32 i32)))
    (import "env" "read" (func $read (param i32 i32)))
    ${throws ? "(tag $e (param i32))" : ""}
    (type $binary (func (param i32 i32) (result i32)))
    (memory (export "memory") 2 ${3 + random.below(3)})
    (global $g (mut i32) (i32.const 7)) (global $h (mut i64) (i64.const 9))
    (global $budget (mut i32) (i32.const 40))
    (table funcref (elem ${Array.from({ length: functionCount }, (_, i) => `$f${i}`).join(" ")}))
    (data (i32.const 4090) "straddles two pages") (data $passive "the bytes of a passive segment")
    (func $start (i32.store (i32.const 8190) (i32.const 0x01020304))) ${start}
    (func $two (param i32) (result i32 i32) (local.get 0) (i32.const 3))
    ${parts.join("\n")}
    (func (export "main") (param i32) (result i32) ${throws ? `(try (result i32) (do ${main}) (catch $e))` : main}))`;
}

function randomFunction(random: Random, index: number, functionCount: number, throws: boolean): string {
  const scratch = () => `$s${random.below(4)}`;

  /** An address mostly inside of memory, and often near the end of a page or line. */
  function address(depth: number): string {
    const near = random.pick([0, 4080, 4095, 4096, 8188, 12287, 65530, 20000, 131060, 64, 127]);
    switch (random.below(8)) {
      case 0:
        return `(i32.const ${near})`;
      case 1:
        return `(i32.add (local.get 1) (i32.const ${near}))`;
      case 2:
        return `(i32.and (local.get ${scratch()}) (i32.const ${random.pick([0xffff, 0x1fff0, 0xfff8])}))`;
      case 3:
        return depth > 0
          ? `(i32.add (local.get $base) (i32.shl (local.get $i${depth - 1}) (i32.const ${random.below(7)})))`
          : "(local.get $base)";
      case 4:
        return `(i32.sub (local.get $base) (i32.const ${random.pick([4, 8, 60])}))`;
      default:
        return random.chance(60) ? `(i32.sub (i32.const 131072) (i32.const ${random.below(20)}))` : "(local.get $base)";
    }
  }

  function value(type: string, depth: number): string {
    const i32 = random.pick(["(local.get 0)", `(local.get ${scratch()})`, `(i32.const ${random.next() | 0})`]);
    switch (type) {
      case "i32":
        return depth < 3 && random.chance(4)
          ? `(i32.${random.pick(["add", "mul", "xor", "sub"])} ${i32} ${value("i32", 3)})`
          : i32;
      case "i64":
        return random.pick([
          `(i64.extend_i32_s ${i32})`,
          `(i64.const ${random.next()})`,
          "(global.get $h)",
          "(local.get $w)",
        ]);
      case "f32":
        return random.pick([`(f32.convert_i32_s ${i32})`, "(local.get $x)"]);
      case "f64":
        return random.pick([`(f64.convert_i32_u ${i32})`, "(local.get $y)"]);
      default:
        return `(i32x4.splat ${i32})`;
    }
  }

  function store(depth: number, where = address(depth), limit = 200): string {
    const [name, type, size] = random.pick(stores);
    const lane = name.endsWith("lane") ? ` ${random.below(16 / size)}` : "";
    const offset = random.chance(40) ? 4294967290 : random.below(random.pick([1, 70, limit]));
    const align = random.chance(4) ? " align=1" : "";
    return `(${name} offset=${offset}${align}${lane} ${where} ${value(type, 0)})`;
  }

  /** Puts what it loads into a local. */
  function load(depth: number): string {
    const [name, type] = random.pick(loads);
    const offset = random.chance(40) ? 4294967290 : random.below(random.pick([1, 70, 200]));
    const align = random.chance(4) ? " align=1" : "";
    const loaded = `(${name} offset=${offset}${align} ${address(depth)})`;
    switch (type) {
      case "i32":
        return `(local.set ${scratch()} ${loaded})`;
      case "i64":
        return `(local.set $w ${loaded})`;
      case "f32":
        return `(local.set $x ${loaded})`;
      case "f64":
        return `(local.set $y ${loaded})`;
      default:
        return random.chance(4)
          ? `(local.set ${scratch()} (i32x4.extract_lane 1 (v128.load16_lane offset=${offset}${align} 2 ${address(depth)} (i32x4.splat ${value("i32", 3)}))))`
          : `(local.set ${scratch()} (i32x4.extract_lane 1 ${loaded}))`;
    }
  }

  function bulk(depth: number): string {
    const length = random.pick([0, 1, 17, 64, 300, 5000]);
    switch (random.below(4)) {
      case 0:
        return `(memory.fill ${address(depth)} ${value("i32", 0)} (i32.const ${length}))`;
      case 1:
        return `(memory.copy ${address(depth)} ${address(depth)} (i32.const ${length}))`;
      case 2:
        return `(memory.init $passive ${address(depth)} (i32.const ${random.below(9)}) (i32.const ${random.below(21)}))`;
      default:
        return `(memory.fill (i32.const ${131072 - length}) (i32.const 3) (i32.const ${length + (random.chance(9) ? 1 : 0)}))`;
    }
  }

  /** Some statements; `depth` counts the loops around, `labels` the labels that a branch may go to. */
  function statements(count: number, depth: number, labels: number): string {
    const lines: string[] = [];
    for (let i = 0; i < count; i++) lines.push(statement(depth, labels));
    return lines.join("\n");
  }

  function statement(depth: number, labels: number): string {
    switch (random.below(throws ? 28 : 25)) {
      case 0:
      case 1:
      case 2:
        return store(depth);
      case 3:
      case 4: {
        // several stores off one local: what coalescing looks for
        const where = `(local.get ${random.pick(["$base", scratch()])})`;
        const masked = random.chance(2)
          ? "(local.set $base (i32.and (local.get $base) (i32.const 0x1ffff)))"
          : `(local.set $base (i32.const ${4096 * (1 + random.below(31)) - random.below(70)}))`;
        return `${masked}${Array.from({ length: 2 + random.below(3) }, () => store(depth, where, 40)).join("\n")}`;
      }
      case 5:
        return depth < 3 ? loop(depth, labels) : `(local.set ${scratch()} ${value("i32", 0)})`;
      case 6:
        return depth < 3 ? steppingLoop(depth) : store(depth);
      case 7:
        return `(if (i32.and ${value("i32", 0)} (i32.const 1)) (then ${statements(2, depth, labels + 1)}) (else ${statements(1, depth, labels + 1)}))`;
      case 8:
        return `(block ${statements(1, depth, labels + 1)} (br_if ${random.below(1 + Math.min(labels, 1))} (i32.and ${value("i32", 0)} (i32.const 2))) ${statements(2, depth, labels + 1)})`;
      case 9:
        return `(block (block (block (br_table 0 1 2 (i32.and ${value("i32", 0)} (i32.const 3)))) ${store(depth)}) ${statements(1, depth, labels + 2)})`;
      case 10:
        return index + 1 < functionCount
          ? `(local.set ${scratch()} (call $f${index + 1 + random.below(functionCount - index - 1)} ${value("i32", 0)} (local.get $base)))`
          : store(depth);
      case 11:
        return index + 1 < functionCount
          ? `(local.set ${scratch()} (call_indirect (type $binary) ${value("i32", 0)} (local.get $base) (i32.const ${index + 1})))`
          : `(global.set $g (i32.add (global.get $g) (i32.const 1)))`;
      case 12:
        return `(local.set ${scratch()} (call $look ${value("i32", 0)}))`;
      case 13:
        return bulk(depth);
      case 14:
        return random.chance(3)
          ? `(local.set ${scratch()} (memory.grow (i32.const ${random.below(2)})))`
          : "(global.set $g (memory.size))";
      case 15:
        return `(call $write (i32.and ${value("i32", 0)} (i32.const 0x1ffff)) (i32.const ${random.below(9000)}))`;
      case 16:
        return `(local.set ${scratch()} (i32.add (call $two ${value("i32", 0)})))`;
      case 17:
        return `(local.set ${scratch()} (i32.load ${address(depth)}))`;
      case 18:
        return random.chance(2)
          ? `(local.set $base (i32.const ${4096 * (1 + random.below(31)) - random.below(70)}))`
          : `(local.set $base (i32.and (i32.add (local.get $base) (i32.const ${random.below(5000)})) (i32.const 0x1ffff)))`;
      case 19:
        return `(global.set $h (i64.load32_u offset=${random.below(100)} ${address(depth)}))`;
      case 20:
        return random.chance(6)
          ? `(if (i32.eqz ${value("i32", 0)}) (then (return (i32.const ${random.below(99)}))))`
          : store(depth);
      case 21:
      case 22:
        return load(depth);
      case 23:
        return `(call $read (i32.and ${value("i32", 0)} (i32.const 0x1ffff)) (i32.const ${random.below(9000)}))`;
      case 25:
      case 26:
        return `(try (do ${statements(2, depth, labels + 1)}) ${random.chance(2) ? `(catch $e (local.set ${scratch()})) ` : ""}(catch_all ${statements(2, depth, labels + 1)}))`;
      case 27:
        return `(if (i32.eqz (i32.and ${value("i32", 0)} (i32.const 3))) (then (throw $e ${value("i32", 0)})))`;
      default:
        return `(local.set ${scratch()} ${value("i32", 0)})`;
    }
  }

  function loop(depth: number, labels: number): string {
    const leave = random.chance(2) ? `(br_if 1 (i32.eq (local.get $i${depth}) (i32.const 3)))` : "";
    const counter = `(local.set $i${depth} (i32.const ${1 + random.below(12)}))`;
    const next = `(local.tee $i${depth} (i32.sub (local.get $i${depth}) (i32.const 1)))`;
    const length = 1 + random.below(4);
    // A branch from inside goes to the head of the loop: only where that counts down does it end.
    if (random.chance(2))
      return `${counter} (block (loop (br_if 1 (i32.eqz ${next})) ${statements(length, depth + 1, labels + 2)} ${leave} (br 0)))`;
    return `${counter} (block (loop ${statements(length, depth + 1, 0)} ${leave} (br_if 0 ${next})))`;
  }

  /** The shape that compilers give to loops over arrays. */
  function steppingLoop(depth: number): string {
    const step = random.pick([1, 2, 4, 8, 16, 24, 64, 72, 4096, 5000, -4, -8, -100]);
    const count = 1 + random.below(random.pick(depth > 0 ? [4, 60] : [4, 60, 1200]));
    const body = Array.from({ length: 1 + random.below(3) }, () => store(depth, "(local.get $p)", 80)).join("\n");
    const second = random.chance(3)
      ? store(depth, "(i32.add (local.get $base) (i32.shl (local.get $n) (i32.const 3)))", 10)
      : "";
    return `(local.set $p (i32.and (local.get $base) (i32.const 0x1fff8))) (local.set $n (i32.const ${count}))
      (loop ${body} ${second} (local.set $p (i32.add (local.get $p) (i32.const ${step})))
        (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))`;
  }

  return `(func $f${index} (param i32 i32) (result i32)
    (local $s0 i32) (local $s1 i32) (local $s2 i32) (local $s3 i32)
    (local $i0 i32) (local $i1 i32) (local $i2 i32) (local $base i32) (local $p i32) (local $n i32)
    (local $w i64) (local $x f32) (local $y f64)
    (if (i32.eqz (global.get $budget)) (then (return (i32.const 11))))
    (global.set $budget (i32.sub (global.get $budget) (i32.const 1)))
    (local.set $base (i32.and (local.get 1) (i32.const 0xffff)))
    ${statements(4 + random.below(7), 0, 0)}
    (i32.add (global.get $g) (local.get ${scratch()})))`;
}

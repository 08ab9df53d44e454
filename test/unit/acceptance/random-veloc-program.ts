import { createRandom } from "../instrument/random-module.ts";

const INITIAL_PAGES = 4;
const MAX_PAGES = 7;
const INITIAL_BYTES = INITIAL_PAGES * 65536;
/** Strings and lists of ids lie below; data, and the log of answers at its beginning, above. */
const DATA = 4096;
const NAMES = ["ck", "other", "grp"] as const;
const NAME_AT = [16, 32, 48] as const;
const BAD_NAME_AT = 64;
const IDS_AT = 128;

const stores = [
  ["i32.store8", "i32", 1],
  ["i32.store16", "i32", 2],
  ["i32.store", "i32", 4],
  ["i64.store", "i64", 8],
  ["f64.store", "f64", 8],
  ["v128.store", "v128", 16],
] as const;

/**
 * A program that stores, grows and calls the checkpoint interface at random: regions that overlap, share pages, are
 * protected again elsewhere or larger, or are taken out; checkpoints that are selective, dropped, empty or refused;
 * restarts in the middle and at the start. Each answer goes into its memory. It ends; a few end in a trap.
 */
export function randomVelocProgram(seed: number): string {
  const random = createRandom(seed);
  /** Few anchors, so that regions and stores meet. */
  const anchors = Array.from(
    { length: 2 + random.below(5) },
    () => DATA + random.below(INITIAL_BYTES - DATA - 100_000),
  );
  const sizes = [1, 8, 100, 4096, 5000, 8192, 20_000, 40_000];
  const idCount = 2 + random.below(5);

  const near = () => {
    const anchor = random.pick(anchors);
    return random.pick([
      anchor,
      anchor + random.below(64),
      anchor & ~4095,
      (anchor & ~4095) + 4096 - random.below(16),
      anchor + random.pick(sizes) - random.below(9),
      DATA + random.below(50_000),
    ]);
  };
  const id = () => random.below(idCount);
  const name = () => (random.chance(40) ? BAD_NAME_AT : random.pick(NAME_AT));
  const group = () => random.pick(NAME_AT);
  const note = (call: string) => `(call $note ${call})`;
  const call = (verb: string, ...values: (number | string)[]) =>
    note(
      `(call $${verb} ${values.map((value) => (typeof value === "number" ? `(i32.const ${value})` : value)).join(" ")})`,
    );

  function value(type: string): string {
    const i32 = `(i32.add (i32.mul (global.get $t) (i32.const ${random.next() | 1})) (local.get $i))`;
    if (type === "i32") return i32;
    if (type === "v128") return `(i32x4.splat ${i32})`;
    return type === "i64" ? `(i64.extend_i32_s ${i32})` : `(f64.convert_i32_s ${i32})`;
  }

  function oneStore(): string {
    const [instruction, type] = random.pick(stores);
    return `(${instruction} offset=${random.pick([0, 0, 1, 60])} (i32.const ${near()}) ${value(type)})`;
  }

  function storeLoop(): string {
    const [instruction, type, size] = random.pick(stores);
    const stride = random.pick([1, size, 64, 1000, 4096, 4097]);
    const count = 1 + random.below(Math.min(300, Math.floor(50_000 / stride)));
    return `(local.set $i (i32.const 0))
      (loop $more
        (${instruction} (i32.add (i32.const ${near()}) (i32.mul (local.get $i) (i32.const ${stride}))) ${value(type)})
        (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${count}))))`;
  }

  function bulk(): string {
    const length = random.pick([0, 1, 100, 4096, 9000]);
    return random.chance(2)
      ? `(memory.fill (i32.const ${near()}) ${value("i32")} (i32.const ${length}))`
      : `(memory.copy (i32.const ${near()}) (i32.const ${near()}) (i32.const ${length}))`;
  }

  /** Address, count and size of a region; now and then one that leaves the memory. */
  function region(): string[] {
    const at = random.chance(30) ? INITIAL_BYTES * 4 : near();
    const [count, size] = random.chance(25)
      ? [0, 8]
      : random.pick([
          [random.pick(sizes), 1],
          [random.below(3000), 8],
        ]);
    return [at, count, size].map((number) => `(i32.const ${number})`);
  }

  function version(): string {
    if (random.chance(8)) return `(i32.const ${random.below(6) - 1})`;
    return "(global.get $version)";
  }

  function ids(): { readonly setUp: string; readonly count: number } {
    const count = random.below(4);
    const list = Array.from({ length: count }, id);
    const setUp = list.map((one, i) => `(i32.store (i32.const ${IDS_AT + 4 * i}) (i32.const ${one}))`).join(" ");
    return { setUp, count };
  }

  function selectiveCheckpoint(): string {
    const parts: string[] = [];
    parts.push("(global.set $version (i32.add (global.get $version) (i32.const 1)))");
    parts.push(call("checkpoint_begin", name(), version()));
    for (let left = random.below(4); left > 0; left--) {
      const { setUp, count } = ids();
      parts.push(setUp);
      parts.push(
        random.chance(4) ? call("checkpoint_mem") : call("checkpoint_selective", random.below(3), IDS_AT, count),
      );
      if (random.chance(2)) parts.push(write());
      if (random.chance(6)) parts.push(protection());
    }
    if (!random.chance(8)) parts.push(call("checkpoint_end", random.chance(4) ? 0 : 1));
    return parts.join("\n");
  }

  function restart(): string {
    const which = name();
    const limit = random.chance(3) ? random.below(8) : 0;
    const found = `(local.set $found (call $restart_test (i32.const ${which}) (i32.const ${limit})))`;
    if (random.chance(2)) return `${found} ${call("restart", which, "(local.get $found)")}`;
    const { setUp, count } = ids();
    return `${found} ${call("restart_begin", which, "(local.get $found)")}
      ${setUp} ${call("recover_size", id())}
      ${random.chance(3) ? call("recover_mem") : call("recover_selective", random.below(3), IDS_AT, count)}
      ${random.chance(4) ? write() : ""} ${call("restart_end", 1)}`;
  }

  function protection(): string {
    switch (random.below(12)) {
      case 0:
      case 1:
        return call("mem_unprotect", id());
      case 2:
        return call("region_protect", id(), ...region(), group());
      case 3:
        return call("region_unprotect", id(), group());
      case 4:
        return random.chance(3) ? call("mem_clear") : call("region_clear", group());
      default:
        return call("mem_protect", id(), ...region());
    }
  }

  function write(): string {
    return random.pick([oneStore, oneStore, storeLoop, bulk])();
  }

  function statement(): string {
    switch (random.below(20)) {
      case 0:
      case 1:
      case 2:
        return protection();
      case 3:
      case 4:
      case 5:
      case 6:
        return `(global.set $version (i32.add (global.get $version) (i32.const 1)))
          ${call("checkpoint", name(), version())}`;
      case 7:
      case 8:
        return selectiveCheckpoint();
      case 9:
        return random.chance(2) ? restart() : write();
      case 10:
        return random.chance(3) ? "(call $note (memory.grow (i32.const 1)))" : write();
      case 11:
        return random.chance(8) ? call("cleanup", name()) : write();
      default:
        return write();
    }
  }

  const bodies = Array.from({ length: 2 + random.below(3) }, (_, index) => {
    const statements = Array.from({ length: 4 + random.below(10) }, statement).join("\n");
    return `(func $body${index} (local $i i32) (local $found i32)
      (global.set $t (i32.add (global.get $t) (i32.const 1)))
      ${statements})`;
  });
  const rounds = 1 + random.below(5);
  const regions = Array.from({ length: 1 + random.below(idCount) }, (_, i) => call("mem_protect", i, ...region()));
  const crash = random.chance(25) ? "(i32.store (i32.const -100) (i32.const 1))" : "";
  const late = random.chance(3) ? `(call $note (memory.grow (i32.const 1)))` : "";
  return `(module
    ${imports}
    (memory (export "memory") ${INITIAL_PAGES} ${MAX_PAGES})
    ${NAMES.map((text, i) => `(data (i32.const ${NAME_AT[i]}) "${text}\\00")`).join(" ")}
    (data (i32.const ${BAD_NAME_AT}) "no name!\\00")
    (data (i32.const ${near()}) "what the loader puts here")
    (global $t (mut i32) (i32.const 1))
    (global $version (mut i32) (i32.const 0))
    (global $notes (mut i32) (i32.const 0))
    (global $sum (mut i64) (i64.const 0))
    ;; Keeps an answer in the log, and in a sum that no restart takes back.
    (func $note (param $answer i32)
      (i32.store (i32.add (i32.const ${DATA}) (i32.shl (i32.and (global.get $notes) (i32.const 511)) (i32.const 2)))
        (local.get $answer))
      (global.set $notes (i32.add (global.get $notes) (i32.const 1)))
      (global.set $sum
        (i64.add (i64.mul (global.get $sum) (i64.const 31)) (i64.extend_i32_s (local.get $answer)))))
    ${bodies.join("\n")}
    (func (export "_start") (local $round i32) (local $found i32)
      ${random.chance(20) ? "" : call("init_single", 0, 0)}
      ${regions.join("\n")}
      (local.set $found (call $restart_test (i32.const ${NAME_AT[0]}) (i32.const 0)))
      (if (i32.gt_s (local.get $found) (i32.const 0))
        (then ${call("restart", NAME_AT[0], "(local.get $found)")}
          (global.set $version (local.get $found))))
      (loop $again
        ${bodies.map((_, index) => `(call $body${index})`).join(" ")} ${late}
        (br_if $again
          (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1))) (i32.const ${rounds}))))
      ${call("finalize", 1)} ${crash}))`;
}

const imports = [
  ["init_single", 2],
  ["finalize", 1],
  ["mem_protect", 4],
  ["mem_unprotect", 1],
  ["mem_clear", 0],
  ["region_protect", 5],
  ["region_unprotect", 2],
  ["region_clear", 1],
  ["cleanup", 1],
  ["checkpoint", 2],
  ["checkpoint_begin", 2],
  ["checkpoint_mem", 0],
  ["checkpoint_selective", 3],
  ["checkpoint_end", 1],
  ["restart_test", 2],
  ["restart", 2],
  ["restart_begin", 2],
  ["recover_mem", 0],
  ["recover_selective", 3],
  ["recover_size", 1],
  ["restart_end", 1],
]
  .map(([name, count]) => {
    const parameters = count === 0 ? "" : `(param ${"i32 ".repeat(Number(count)).trim()})`;
    return `(import "veloc" "${name}" (func $${name} ${parameters} (result i32)))`;
  })
  .join("\n    ");

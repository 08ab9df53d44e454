import {
  type Element,
  type Expression,
  RESULT,
  type RestartProgram,
  STEP,
  type Statement,
  sizeOf,
} from "./random-restart-program.ts";

const NAME_AT = 16;
const IOVEC_AT = 32;
const WRITTEN_AT = 40;
const IDS_AT = 64;

/** Locals of the function that does everything: what was found, the index of loops, then those of the program. */
export const FOUND_LOCAL = 0;
export const INDEX_LOCAL = 1;
export const FIRST_LOCAL = 2;

/** What the host's write of standard output changes beside the program's own stores. */
export const HOST_WRITES = { address: WRITTEN_AT, bytes: 4 } as const;

/** The program in WebAssembly's text format, with a WASI command's `_start`. */
export function textOf(program: RestartProgram): string {
  const { variables, regions, recovers, steps, stepsPerCheckpoint } = program;
  const block = (statements: readonly Statement[]) => statements.map(statement).join("\n");

  function address({ variable, base, stride }: Element): string {
    const { address: start, width, count } = variables[variable];
    if (stride === 0) return `(i32.const ${start + width * base})`;
    const index = `(i32.rem_u (i32.add (i32.const ${base}) (i32.mul (local.get $i) (i32.const ${stride}))) (i32.const ${count}))`;
    return `(i32.add (i32.const ${start}) (i32.mul ${index} (i32.const ${width})))`;
  }

  function expression(value: Expression): string {
    switch (value.kind) {
      case "constant":
        return `(i32.const ${value.value})`;
      case "load": {
        const { width } = variables[value.element.variable];
        const at = address(value.element);
        if (width === 8) return `(i32.wrap_i64 (i64.load ${at}))`;
        return `(${{ 1: "i32.load8_u", 2: "i32.load16_u", 4: "i32.load" }[width]} ${at})`;
      }
      case "global":
        return `(global.get $g${value.index})`;
      case "local":
        return `(local.get $l${value.index})`;
      case "loop index":
        return "(local.get $i)";
      default:
        return `(i32.${value.kind} ${expression(value.left)} ${expression(value.right)})`;
    }
  }

  function statement(one: Statement): string {
    switch (one.kind) {
      case "store": {
        const { width } = variables[one.element.variable];
        const at = address(one.element);
        const value = expression(one.value);
        if (width === 8) return `(i64.store ${at} (i64.extend_i32_u ${value}))`;
        return `(${{ 1: "i32.store8", 2: "i32.store16", 4: "i32.store" }[width]} ${at} ${value})`;
      }
      case "set global":
        return `(global.set $g${one.index} ${expression(one.value)})`;
      case "set local":
        return `(local.set $l${one.index} ${expression(one.value)})`;
      case "loop":
        return `(local.set $i (i32.const 0))
          (loop ${block(one.body)}
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if 0 (i32.lt_u (local.get $i) (i32.const ${one.count}))))`;
      case "if":
        return `(if ${expression(one.condition)} (then ${block(one.body)}))`;
      case "copy":
        return `(memory.copy (i32.const ${variables[one.to].address}) (i32.const ${variables[one.from].address}) (i32.const ${one.bytes}))`;
      case "fill": {
        const { address: start } = variables[one.variable];
        return `(memory.fill (i32.const ${start}) ${expression(one.value)} (i32.const ${sizeOf(variables[one.variable])}))`;
      }
      case "protect": {
        const { address: start, bytes } = regions[one.region];
        return `(drop (call $mem_protect (i32.const ${one.region}) (i32.const ${start}) (i32.const ${bytes}) (i32.const 1)))`;
      }
    }
  }

  const found = "(local.get $found)";
  const restore =
    recovers === undefined
      ? `(call $restart (i32.const ${NAME_AT}) ${found})`
      : `(i32.or (i32.or (call $restart_begin (i32.const ${NAME_AT}) ${found})
          (call $recover_selective (i32.const 1) (i32.const ${IDS_AT}) (i32.const ${recovers.length})))
          (call $restart_end (i32.const 1)))`;
  const step = `(i32.load (i32.const ${variables[STEP].address}))`;
  const result = variables[RESULT];
  const numbers = (list: readonly number[]) =>
    list
      .map((n) => [0, 8, 16, 24].map((bit) => `\\${((n >>> bit) & 255).toString(16).padStart(2, "0")}`).join(""))
      .join("");
  return `(module
    (import "veloc" "init_single" (func $init_single (param i32 i32) (result i32)))
    (import "veloc" "mem_protect" (func $mem_protect (param i32 i32 i32 i32) (result i32)))
    (import "veloc" "restart_test" (func $restart_test (param i32 i32) (result i32)))
    (import "veloc" "restart" (func $restart (param i32 i32) (result i32)))
    (import "veloc" "restart_begin" (func $restart_begin (param i32 i32) (result i32)))
    (import "veloc" "recover_selective" (func $recover_selective (param i32 i32 i32) (result i32)))
    (import "veloc" "restart_end" (func $restart_end (param i32) (result i32)))
    (import "veloc" "checkpoint" (func $checkpoint (param i32 i32) (result i32)))
    (import "veloc" "finalize" (func $finalize (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const ${NAME_AT}) "random\\00")
    (data (i32.const ${IOVEC_AT}) "${numbers([result.address, sizeOf(result)])}")
    (data (i32.const ${IDS_AT}) "${numbers(recovers ?? [])}")
    ${Array.from({ length: program.globalCount }, (_, i) => `(global $g${i} (mut i32) (i32.const 0))`).join(" ")}
    (func $main (export "_start") (local $found i32) (local $i i32)
      ${Array.from({ length: program.localCount }, (_, i) => `(local $l${i} i32)`).join(" ")}
      (drop (call $init_single (i32.const 0) (i32.const 0)))
      ${block(program.init)}
      ${block(program.early.map((region) => ({ kind: "protect", region })))}
      (local.set $found (call $restart_test (i32.const ${NAME_AT}) (i32.const 0)))
      (block $restored
        (if (i32.gt_s ${found} (i32.const 0))
          (then (if (i32.eqz ${restore}) (then ${block(program.resume)} (br $restored)))))
        ${block(program.fresh)})
      ${block(program.always)}
      (block $done
        (loop $steps
          (br_if $done (i32.ge_s ${step} (i32.const ${steps})))
          ${block(program.body)}
          (i32.store (i32.const ${variables[STEP].address}) (i32.add ${step} (i32.const 1)))
          (if (i32.eqz (i32.rem_u ${step} (i32.const ${stepsPerCheckpoint})))
            (then (drop (call $checkpoint (i32.const ${NAME_AT}) (i32.div_u ${step} (i32.const ${stepsPerCheckpoint}))))))
          (br $steps)))
      ${block(program.finish)}
      (drop (call $fd_write (i32.const 1) (i32.const ${IOVEC_AT}) (i32.const 1) (i32.const ${WRITTEN_AT})))
      (drop (call $finalize (i32.const 1)))))`;
}

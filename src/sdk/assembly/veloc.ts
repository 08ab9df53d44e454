/**
 * The checkpoint interface for AssemblyScript programs: the same verbs as `veloc.h`, under the same import names.
 *
 *     import { initSingle, protect, restartTest, restart, checkpoint, finalize } from "veloc";
 *
 * Functions return `SUCCESS` or `FAILURE`, unless they say otherwise. What can be protected is memory that holds plain
 * values: static arrays, typed arrays and buffers of numbers, `@unmanaged` classes, memory at an address. An array of
 * objects holds addresses that mean nothing to the run that restarts: keep indices instead.
 */

export const SUCCESS: i32 = 0;
export const FAILURE: i32 = -1;

/** Which regions `checkpointSelective` saves: all, those listed, or those not listed. */
export enum Save { ALL = 0, SOME = 1, REST = 2 }
/** Which regions `recoverSelective` restores: all in the checkpoint, those listed, or those not listed. */
export enum Recover { ALL = 0, SOME = 1, REST = 2 }

/** Room that a routed file name needs, the final NUL included. */
const MAX_NAME = 1024;

// ---- Beginning and end ----

/** Begins checkpointing for this process, known by the number `id`. Call it before any other function. */
export function initSingle(id: u32, config: string = ""): i32 {
  return veloc_init_single(id, changetype<usize>(String.UTF8.encode(config, true)));
}

/** Ends checkpointing; with `drain` it waits for a checkpoint that is still being committed. */
export function finalize(drain: bool = true): i32 {
  return veloc_finalize(i32(drain));
}

// ---- Regions of memory ----

/**
 * Puts an array, a typed array or a buffer under protection: every later checkpoint saves its contents, a restart
 * writes them back. An `Array` moves when it grows: protect it again then, or better take a `StaticArray`. `id` is the program's own number for the region and must be the same in the run that restarts;
 * `name`, when given, is what reports call it.
 */
export function protect<T>(id: i32, array: T, name: string = ""): i32 {
  let result: i32;
  if (array instanceof ArrayBuffer) {
    result = veloc_mem_protect(id, changetype<usize>(array), array.byteLength, 1);
  } else if (array instanceof ArrayBufferView) {
    result = veloc_mem_protect(id, array.dataStart, array.byteLength, 1);
  } else {
    if (isManaged<valueof<T>>()) ERROR("an array of objects cannot be protected: it holds addresses, not values");
    const start = isArray<T>() ? load<usize>(changetype<usize>(array), offsetof<T>("dataStart")) : changetype<usize>(array);
    result = veloc_mem_protect(id, start, array.length, sizeof<valueof<T>>());
  }
  if (result == SUCCESS && name.length > 0) result = memName(id, name);
  return result;
}

/** Puts `count` elements of `baseSize` bytes from `address` on under protection; again with the same `id` replaces it. */
export function memProtect(id: i32, address: usize, count: usize, baseSize: usize): i32 {
  return veloc_mem_protect(id, address, count, baseSize);
}

/** Takes one region out of protection; fails when there is none with this `id`. */
export function memUnprotect(id: i32): i32 {
  return veloc_mem_unprotect(id);
}

/** Takes all of them out. */
export function memClear(): i32 {
  return veloc_mem_clear();
}

/** A region that belongs only to checkpoints called `name`; they then save these instead of those of `memProtect`. */
export function regionProtect(id: i32, address: usize, count: usize, baseSize: usize, name: string): i32 {
  return veloc_region_protect(id, address, count, baseSize, changetype<usize>(String.UTF8.encode(name, true)));
}

export function regionUnprotect(id: i32, name: string): i32 {
  return veloc_region_unprotect(id, changetype<usize>(String.UTF8.encode(name, true)));
}

export function regionClear(name: string): i32 {
  return veloc_region_clear(changetype<usize>(String.UTF8.encode(name, true)));
}

/** Gives region `id` a name that reports show instead of its number; changes nothing else. VELOC itself has no such verb. */
export function memName(id: i32, name: string): i32 {
  return veloc_mem_name(id, changetype<usize>(String.UTF8.encode(name, true)));
}

// ---- Files ----

/** The path to open instead of `original` inside a checkpoint or restart that is begun; null when there is none. */
export function routeFile(original: string): string | null {
  const routed = new ArrayBuffer(MAX_NAME);
  const result = veloc_route_file(changetype<usize>(String.UTF8.encode(original, true)), changetype<usize>(routed));
  return result == SUCCESS ? String.UTF8.decode(routed, true) : null;
}

/** Removes every checkpoint called `name`. */
export function cleanup(name: string): i32 {
  return veloc_cleanup(changetype<usize>(String.UTF8.encode(name, true)));
}

// ---- Taking a checkpoint ----

/**
 * Saves all protected regions as version `version` of `name`. Versions grow from one checkpoint to the next and start
 * at 1. Names consist of letters, digits, `_` and `.`.
 */
export function checkpoint(name: string, version: i32): i32 {
  return veloc_checkpoint(changetype<usize>(String.UTF8.encode(name, true)), version);
}

/** The same in steps, to choose regions. */
export function checkpointBegin(name: string, version: i32): i32 {
  return veloc_checkpoint_begin(changetype<usize>(String.UTF8.encode(name, true)), version);
}

/** Saves all protected regions. */
export function checkpointMem(): i32 {
  return veloc_checkpoint_mem();
}

/** Saves the regions that `mode` picks with `ids`; fails when it picks none. */
export function checkpointSelective(mode: Save, ids: StaticArray<i32>): i32 {
  return veloc_checkpoint_selective(mode, changetype<usize>(ids), ids.length);
}

/** Ends the checkpoint; without `success` it is dropped. */
export function checkpointEnd(success: bool = true): i32 {
  return veloc_checkpoint_end(i32(success));
}

/** Waits until the last checkpoint is committed and tells whether it was. */
export function checkpointWait(): i32 {
  return veloc_checkpoint_wait();
}

/** `SUCCESS` when no checkpoint is being committed any more, `FAILURE` while one is. Does not wait. */
export function checkpointFinished(): i32 {
  return veloc_checkpoint_finished();
}

// ---- Restarting ----

/** The newest version of `name` below `version`, or of all when that is 0; `FAILURE` when there is none. */
export function restartTest(name: string, version: i32 = 0): i32 {
  return veloc_restart_test(changetype<usize>(String.UTF8.encode(name, true)), version);
}

/** Writes version `version` of `name` back into the protected regions. */
export function restart(name: string, version: i32): i32 {
  return veloc_restart(changetype<usize>(String.UTF8.encode(name, true)), version);
}

/** The same in steps. */
export function restartBegin(name: string, version: i32): i32 {
  return veloc_restart_begin(changetype<usize>(String.UTF8.encode(name, true)), version);
}

/** Restores every region in the checkpoint. */
export function recoverMem(): i32 {
  return veloc_recover_mem();
}

/** Restores the regions that `mode` picks with `ids`; each must be protected and large enough. */
export function recoverSelective(mode: Recover, ids: StaticArray<i32>): i32 {
  return veloc_recover_selective(mode, changetype<usize>(ids), ids.length);
}

/** Bytes saved for region `id` in the checkpoint that `restartBegin` opened; `FAILURE` when it has no such region. */
export function recoverSize(id: i32): i32 {
  return veloc_recover_size(id);
}

/** Ends the restart; without `success` the program could not use what it got. */
export function restartEnd(success: bool = true): i32 {
  return veloc_restart_end(i32(success));
}

// ---- The imports (their table is at the head of veloc.h) ----

// @ts-ignore: decorator
@external("veloc", "init_single") declare function veloc_init_single(id: u32, config: usize): i32;
// @ts-ignore: decorator
@external("veloc", "finalize") declare function veloc_finalize(drain: i32): i32;
// @ts-ignore: decorator
@external("veloc", "mem_protect")
declare function veloc_mem_protect(id: i32, address: usize, count: usize, baseSize: usize): i32;
// @ts-ignore: decorator
@external("veloc", "mem_unprotect") declare function veloc_mem_unprotect(id: i32): i32;
// @ts-ignore: decorator
@external("veloc", "mem_clear") declare function veloc_mem_clear(): i32;
// @ts-ignore: decorator
@external("veloc", "region_protect")
declare function veloc_region_protect(id: i32, address: usize, count: usize, baseSize: usize, name: usize): i32;
// @ts-ignore: decorator
@external("veloc", "region_unprotect") declare function veloc_region_unprotect(id: i32, name: usize): i32;
// @ts-ignore: decorator
@external("veloc", "region_clear") declare function veloc_region_clear(name: usize): i32;
// @ts-ignore: decorator
@external("veloc", "mem_name") declare function veloc_mem_name(id: i32, name: usize): i32;
// @ts-ignore: decorator
@external("veloc", "route_file") declare function veloc_route_file(original: usize, routed: usize): i32;
// @ts-ignore: decorator
@external("veloc", "cleanup") declare function veloc_cleanup(name: usize): i32;
// @ts-ignore: decorator
@external("veloc", "checkpoint") declare function veloc_checkpoint(name: usize, version: i32): i32;
// @ts-ignore: decorator
@external("veloc", "checkpoint_begin") declare function veloc_checkpoint_begin(name: usize, version: i32): i32;
// @ts-ignore: decorator
@external("veloc", "checkpoint_mem") declare function veloc_checkpoint_mem(): i32;
// @ts-ignore: decorator
@external("veloc", "checkpoint_selective")
declare function veloc_checkpoint_selective(mode: i32, ids: usize, count: i32): i32;
// @ts-ignore: decorator
@external("veloc", "checkpoint_end") declare function veloc_checkpoint_end(success: i32): i32;
// @ts-ignore: decorator
@external("veloc", "checkpoint_wait") declare function veloc_checkpoint_wait(): i32;
// @ts-ignore: decorator
@external("veloc", "checkpoint_finished") declare function veloc_checkpoint_finished(): i32;
// @ts-ignore: decorator
@external("veloc", "restart_test") declare function veloc_restart_test(name: usize, version: i32): i32;
// @ts-ignore: decorator
@external("veloc", "restart") declare function veloc_restart(name: usize, version: i32): i32;
// @ts-ignore: decorator
@external("veloc", "restart_begin") declare function veloc_restart_begin(name: usize, version: i32): i32;
// @ts-ignore: decorator
@external("veloc", "recover_mem") declare function veloc_recover_mem(): i32;
// @ts-ignore: decorator
@external("veloc", "recover_selective")
declare function veloc_recover_selective(mode: i32, ids: usize, count: i32): i32;
// @ts-ignore: decorator
@external("veloc", "recover_size") declare function veloc_recover_size(id: i32): i32;
// @ts-ignore: decorator
@external("veloc", "restart_end") declare function veloc_restart_end(success: i32): i32;

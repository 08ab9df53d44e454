import { type CheckpointApi, FAILURE, SELECT_ALL } from "../checkpoint/api.ts";

/** The name under which programs import the checkpoint interface. */
export const VELOC_MODULE = "veloc";

/** Longest name that a program may pass, in bytes. */
const MAX_NAME_BYTES = 1024;

/** What the imports need of the program that calls them. */
export interface VelocCaller {
  /** The checkpoint library of the program's guest; asked for at each call, as it is made after the imports are. */
  readonly api: CheckpointApi;
  /** The program's memory, from its address 0 to its end, as it is now. */
  readonly memory: Uint8Array;
  /** A call begins. @returns the number of the place that calls */
  begin(call: string): number;
  /** A call is answered, so it may have armed pages; undefined when it threw. Nothing of the program has run since. */
  end(call: string, answer: number | undefined): void;
  /** A call has an argument that points nowhere. */
  refused(call: string, reason: string, site: number): void;
}

/** A verb with its place first and then the import's parameters. */
type Verb = (api: CheckpointApi, site: number, ...args: number[]) => number;

/**
 * The functions of `veloc.h` as imports: takes the arguments out of the program's memory and asks the checkpoint
 * library. A pointer that leaves the memory fails the call; it never throws.
 */
export function velocImports(caller: VelocCaller): Record<string, (...args: number[]) => number> {
  const named =
    (call: string, use: (api: CheckpointApi, site: number, name: string, ...args: number[]) => number): Verb =>
    (api, site, pointer, ...args) => {
      const name = text(caller, pointer, call, site);
      return name === undefined ? FAILURE : use(api, site, name, ...args);
    };
  const picked =
    (call: string, use: (api: CheckpointApi, site: number, mode: number, ids: readonly number[]) => number): Verb =>
    (api, site, mode, pointer, count) => {
      const ids = mode === SELECT_ALL ? [] : numbers(caller, pointer, count, call, site);
      return ids === undefined ? FAILURE : use(api, site, mode, ids);
    };
  const verbs: Record<string, Verb> = {
    init: (api) => api.init(),
    init_single: (api) => api.init(),
    finalize: (api, site, drain) => api.finalize(drain !== 0, site),
    mem_protect: (api, site, id, pointer, count, size) =>
      api.protect(id, pointer >>> 0, count >>> 0, size >>> 0, "", site),
    mem_unprotect: (api, site, id) => api.unprotect(id, "", site),
    mem_clear: (api, site) => api.clear("", site),
    region_protect: (api, site, id, pointer, count, size, name) => {
      const group = text(caller, name, "region_protect", site);
      if (group === undefined) return FAILURE;
      return api.protect(id, pointer >>> 0, count >>> 0, size >>> 0, group, site);
    },
    region_unprotect: (api, site, id, name) => {
      const group = text(caller, name, "region_unprotect", site);
      return group === undefined ? FAILURE : api.unprotect(id, group, site);
    },
    region_clear: named("region_clear", (api, site, group) => api.clear(group, site)),
    route_file: (_, site) => {
      caller.refused("route_file", "checkpoints in the program's own files are not simulated", site);
      return FAILURE;
    },
    cleanup: named("cleanup", (api, _, name) => api.cleanup(name)),
    checkpoint: named("checkpoint", (api, site, name, version) => api.checkpoint(name, version, site)),
    checkpoint_begin: named("checkpoint_begin", (api, site, name, version) => api.checkpointBegin(name, version, site)),
    checkpoint_mem: (api, site) => api.checkpointSelective(SELECT_ALL, [], site),
    checkpoint_selective: picked("checkpoint_selective", (api, site, mode, ids) =>
      api.checkpointSelective(mode, ids, site),
    ),
    checkpoint_end: (api, site, success) => api.checkpointEnd(success !== 0, site),
    checkpoint_wait: (api, site) => api.wait(site),
    checkpoint_finished: (api, site) => api.wait(site),
    restart_test: named("restart_test", (api, site, name, limit) => api.restartTest(name, limit, site)),
    restart: named("restart", (api, site, name, version) => api.restart(name, version, site)),
    restart_begin: named("restart_begin", (api, site, name, version) => api.restartBegin(name, version, site)),
    recover_mem: (api, site) => api.recoverSelective(SELECT_ALL, [], site),
    recover_selective: picked("recover_selective", (api, site, mode, ids) => api.recoverSelective(mode, ids, site)),
    recover_size: (api, _, id) => api.recoverSize(id),
    restart_end: (api) => api.restartEnd(),
    mem_name: (api, site, id, pointer) => {
      const label = text(caller, pointer, "mem_name", site);
      return label === undefined ? FAILURE : api.name(id, label);
    },
  };
  const imports: Record<string, (...args: number[]) => number> = {};
  for (const [call, verb] of Object.entries(verbs)) {
    imports[call] = (...args) => {
      const site = caller.begin(call);
      let answer: number | undefined;
      try {
        answer = verb(caller.api, site, ...args);
        return answer;
      } finally {
        caller.end(call, answer);
      }
    };
  }
  return imports;
}

function text(caller: VelocCaller, pointer: number, call: string, site: number): string | undefined {
  const start = pointer >>> 0;
  const end = caller.memory.indexOf(0, start);
  if (start >= caller.memory.length || end < 0 || end - start > MAX_NAME_BYTES) {
    caller.refused(call, `the name at 0x${start.toString(16)} has no end inside the program's memory`, site);
    return undefined;
  }
  return new TextDecoder().decode(caller.memory.slice(start, end));
}

function numbers(
  caller: VelocCaller,
  pointer: number,
  count: number,
  call: string,
  site: number,
): number[] | undefined {
  const { memory } = caller;
  const start = pointer >>> 0;
  if (count < 0 || start + count * 4 > memory.length) {
    caller.refused(call, `${count} numbers at 0x${start.toString(16)} leave the program's memory`, site);
    return undefined;
  }
  const view = new DataView(memory.buffer, memory.byteOffset + start, count * 4);
  return Array.from({ length: count }, (_, i) => view.getInt32(i * 4, true));
}

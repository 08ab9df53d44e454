import type { AuditedRestart, Repairs } from "./audited-restart.ts";
import { type ByteRange, mergedBytes } from "./byte-ranges.ts";
import type { Subject } from "./findings.ts";
import { registerKey } from "./register-shadow.ts";
import type { AccessPlace } from "./restart-shadow.ts";
import { Shadow } from "./restart-shadow.ts";
import type { Subjects } from "./subjects.ts";

/** State that a restarted program read and that no image holds, before it is known whether that matters. */
export interface Candidate {
  readonly subject: Subject;
  readonly how: "stale" | "reset";
  /** Bytes that were read, ascending; none of a register. */
  readonly ranges: readonly ByteRange[];
  /** Of the first read. */
  readonly place: AccessPlace;
}

/**
 * Readers that keep the new process's own books: the allocator, the streams, the run of exit handlers, a garbage collector. What
 * they keep belongs to the process, as its page tables do, and is right for it as it is.
 */
const BOOKKEEPERS = [
  /^(?:__wrap_|__real_)?(?:dl)?(?:malloc|calloc|realloc|free|memalign|posix_memalign|aligned_alloc|sbrk)$/,
  /^(?:try_realloc_chunk|dispose_chunk|internal_memalign|prepend_alloc|sys_alloc|tmalloc_\w+|malloc_\w+|init_\w+|release_unused_segments)$/,
  /^(?:f|__f|__std|__to|__over|__u|__lock|__unlock|put|get|print|vprintf|vfprintf|printf_core|pad|out|fmt_|pop_arg|perror|scan|vscan|vfscan|fscan|__isoc|__shlim|__shgetc|__int|setvbuf|setbuf)\w*$/,
  /^(?:exit|_Exit|atexit|__funcs_on_exit|__wasm_call_\w+|__wasi_\w+|__wasilibc_\w+|__cxa_\w+|_start|__main_\w+|call_dtors|dummy)$/,
  /^~lib\/rt\//,
];

function isBookkeeping({ functionName, isLibrary }: AccessPlace): boolean {
  return isLibrary && BOOKKEEPERS.some((pattern) => pattern.test(functionName));
}

/** The reads of a restart by what was read, in the order of their first. */
export function candidatesOf(
  { loads, registerReads }: Pick<AuditedRestart, "loads" | "registerReads">,
  subjects: Subjects,
  isUsers: (subject: Subject) => boolean,
): Candidate[] {
  const found = new Map<string, { subject: Subject; how: Candidate["how"]; ranges: ByteRange[]; place: AccessPlace }>();
  const add = (subject: Subject, how: Candidate["how"], range: ByteRange | undefined, place: AccessPlace) => {
    const known = found.get(subject.key);
    if (known === undefined)
      found.set(subject.key, { subject, how, ranges: range === undefined ? [] : [range], place });
    else if (range !== undefined) known.ranges.push(range);
  };
  for (const { start, end, place, state } of loads) {
    const how = state === Shadow.loadedReset ? "reset" : "stale";
    for (let at = start; at < end; ) {
      const named = subjects.at(at);
      const last = named === undefined ? at + 1 : Math.min(end, named.address + named.sizeBytes);
      const next = Math.max(at + 1, last);
      if (named !== undefined && isUsers(named)) add(named, how, { start: at, end: next }, place);
      else if (!isBookkeeping(place)) add(nameless(at, named, place), how, { start: at, end: next }, place);
      at = next;
    }
  }
  for (const { register, isReset, place } of registerReads) {
    const named =
      register.kind === "global"
        ? subjects.ofGlobal(register.index)
        : subjects.ofLocal(register.functionIndex, register.index);
    add(named ?? namelessRegister(registerKey(register)), isReset ? "reset" : "stale", undefined, place);
  }
  return [...found.values()].map((one) => ({ ...one, ranges: mergedBytes(one.ranges) }));
}

/** State of a library goes by its own name or its reader's; memory that belongs to nothing by its address. */
function nameless(address: number, named: Subject | undefined, { functionName, isLibrary }: AccessPlace): Subject {
  if (named !== undefined) return { ...named, kind: "library" };
  if (!isLibrary) {
    const symbol = `memory at 0x${address.toString(16)}`;
    return { key: `memory ${address}`, kind: "memory", symbol, address, sizeBytes: 1 };
  }
  const symbol = functionName === "" ? "state of the system's library" : `state of ${functionName}`;
  return { key: `library ${functionName}`, kind: "library", symbol, address, sizeBytes: 1 };
}

function namelessRegister(key: string): Subject {
  return { key, kind: "register", symbol: key, address: 0, sizeBytes: 0 };
}

/** What gives all of these back. */
export function repairsOf(candidates: readonly Candidate[], stale: readonly ByteRange[]): Repairs {
  const memory = candidates.flatMap(({ subject, ranges }) =>
    subject.kind === "register" ? [] : wholeOf(subject, ranges, stale),
  );
  const registers = candidates.filter(({ subject }) => subject.kind === "register").map(({ subject }) => subject.key);
  return { memory, registers: new Set(registers) };
}

/** A variable is repaired as it would be protected: whole; what is no variable as far as it was read. */
function wholeOf(
  { kind, address, sizeBytes }: Subject,
  ranges: readonly ByteRange[],
  stale: readonly ByteRange[],
): readonly ByteRange[] {
  if (kind === "memory" || kind === "library") return ranges;
  const [start, end] = [address, address + sizeBytes];
  return stale.flatMap((range) => {
    const part = { start: Math.max(range.start, start), end: Math.min(range.end, end) };
    return part.end > part.start ? [part] : [];
  });
}

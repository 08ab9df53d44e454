import type { TypeInfo } from "../../program/symbols/type-info.ts";
import type { AuditedRestart, Repairs } from "./audited-restart.ts";
import { type ByteRange, mergedBytes, partsWithin } from "./byte-ranges.ts";
import type { Subject } from "./findings.ts";
import { registerKey } from "./register-shadow.ts";
import type { AccessPlace } from "./restart-shadow.ts";
import { Shadow } from "./restart-shadow.ts";
import type { Subjects } from "./subjects.ts";

/** A variable or a block of which bytes were read. */
export interface Extent extends ByteRange {
  readonly layout: TypeInfo | undefined;
}

/** State that a restarted program read and that no image holds, before it is known whether that matters. */
export interface Candidate {
  readonly subject: Subject;
  readonly how: "stale" | "reset";
  /** Bytes that were read, ascending; none of a register. */
  readonly ranges: readonly ByteRange[];
  /** Those of them that the program had set anew. */
  readonly reset: readonly ByteRange[];
  /** What they lie in; empty where that is not known. */
  readonly extents: readonly Extent[];
  /** Of the first read. */
  readonly place: AccessPlace;
}

/** Whose books: those of the process itself, as its page tables are. */
export type Book = "streams" | "allocator" | "runtime";

/**
 * Readers that keep the new process's own books: the allocator, the streams, the run of exit handlers, a garbage collector. They
 * are right for the new process as they are, unless nothing else explains how a restart ends.
 */
const BOOKKEEPERS: readonly (readonly [Book, RegExp])[] = [
  [
    "allocator",
    /^(?:__wrap_|__real_)?(?:dl)?(?:malloc|calloc|realloc|free|memalign|posix_memalign|aligned_alloc|sbrk)$/,
  ],
  [
    "allocator",
    /^(?:try_realloc_chunk|dispose_chunk|internal_memalign|prepend_alloc|sys_alloc|tmalloc_\w+|malloc_\w+|init_\w+|release_unused_segments)$/,
  ],
  [
    "streams",
    /^(?:f|__f|__std|__to|__over|__u|__lock|__unlock|put|get|print|vprintf|vfprintf|printf_core|pad|out|fmt_|pop_arg|perror|scan|vscan|vfscan|fscan|__isoc|__shlim|__shgetc|__int|setvbuf|setbuf)\w*$/,
  ],
  [
    "runtime",
    /^(?:exit|_Exit|atexit|__funcs_on_exit|__wasm_call_\w+|__wasi_\w+|__wasilibc_\w+|__cxa_\w+|_start|__main_\w+|call_dtors|dummy)$/,
  ],
  // `__renew` moves what a block holds.
  ["runtime", /^~lib\/rt\/(?!.*__renew)/],
];

/** What is found in the books, in the field's names. */
const BOOK_SYMBOLS: Readonly<Record<Book, string>> = { streams: "stdout", allocator: "malloc", runtime: "runtime" };

function bookOf({ functionName, isLibrary }: AccessPlace): Book | undefined {
  // A system call that reads memory of nobody's writes a stream's buffer out.
  if (functionName === "") return "streams";
  return isLibrary ? BOOKKEEPERS.find(([, pattern]) => pattern.test(functionName))?.[0] : undefined;
}

/**
 * The reads of a restart by what was read, in the order of their first.
 * @param books those that are looked into as well
 */
export function candidatesOf(
  { loads, registerReads }: Pick<AuditedRestart, "loads" | "registerReads">,
  subjects: Subjects,
  isUsers: (subject: Subject) => boolean,
  books: readonly Book[] = [],
): Candidate[] {
  const found = new Map<
    string,
    {
      readonly subject: Subject;
      readonly how: Candidate["how"];
      readonly ranges: ByteRange[];
      readonly reset: ByteRange[];
      readonly extents: Map<number, Extent>;
      readonly place: AccessPlace;
    }
  >();
  const add = (subject: Subject, how: Candidate["how"], place: AccessPlace, range?: ByteRange, extent?: Extent) => {
    let known = found.get(subject.key);
    if (known === undefined) {
      known = { subject, how, ranges: [], reset: [], extents: new Map(), place };
      found.set(subject.key, known);
    }
    if (range !== undefined) known.ranges.push(range);
    if (range !== undefined && how === "reset") known.reset.push(range);
    if (extent !== undefined) known.extents.set(extent.start, extent);
  };
  for (const { start, end, place, state } of loads) {
    const how = state === Shadow.loadedReset ? "reset" : "stale";
    for (let at = start; at < end; ) {
      const placed = subjects.at(at);
      const next = Math.max(at + 1, placed === undefined ? at + 1 : Math.min(end, placed.end));
      const range = { start: at, end: next };
      at = next;
      const book = bookOf(place);
      const isOwn = placed !== undefined && isUsers(placed.subject);
      if (isOwn && (book === undefined || place.functionName === "" || placed.subject.kind !== "heap"))
        add(placed.subject, how, place, range, placed);
      else if (book === undefined) add(nameless(range.start, placed?.subject, place), how, place, range);
      else if (books.includes(book)) add(bookSubject(book), how, place, range);
    }
  }
  for (const { register, isReset, place } of registerReads) {
    const named =
      register.kind === "global"
        ? subjects.ofGlobal(register.index)
        : subjects.ofLocal(register.functionIndex, register.index);
    add(named ?? namelessRegister(registerKey(register)), isReset ? "reset" : "stale", place);
  }
  return [...found.values()].map((one) => ({
    ...one,
    ranges: mergedBytes(one.ranges),
    reset: mergedBytes(one.reset),
    extents: [...one.extents.values()],
  }));
}

function bookSubject(book: Book): Subject {
  return { key: `book ${book}`, kind: "library", symbol: BOOK_SYMBOLS[book], address: 0, sizeBytes: 0 };
}

/** State of a library goes by its own name or its reader's; memory that belongs to nothing by the line that reads it. */
function nameless(
  address: number,
  named: Subject | undefined,
  { functionName, isLibrary, user }: AccessPlace,
): Subject {
  if (named !== undefined) return { ...named, kind: "library" };
  if (isLibrary && functionName !== "") {
    return { key: `library ${functionName}`, kind: "library", symbol: functionName, address, sizeBytes: 0 };
  }
  const key = `memory ${user?.file}:${user?.line}`;
  return { key, kind: "memory", symbol: "memory without a name", address, sizeBytes: 0 };
}

function namelessRegister(key: string): Subject {
  return { key, kind: "register", symbol: key, address: 0, sizeBytes: 0 };
}

/** What gives all of these back. */
export function repairsOf(candidates: readonly Candidate[], stale: readonly ByteRange[]): Repairs {
  const memory = candidates.flatMap((candidate) => wholeOf(candidate, stale));
  const registers = candidates.filter(({ subject }) => subject.kind === "register").map(({ subject }) => subject.key);
  return { memory, registers: new Set(registers) };
}

/** A variable is repaired as it would be protected: whole; what is no variable as far as it was read. */
function wholeOf({ extents, ranges, reset }: Candidate, stale: readonly ByteRange[]): readonly ByteRange[] {
  if (extents.length === 0) return ranges;
  return [...extents.flatMap(({ start, end }) => partsWithin(stale, start, end)), ...reset];
}

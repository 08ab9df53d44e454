/** What a call has done to the heap: addresses of 0 are no blocks. */
export interface HeapEffect {
  readonly allocated?: number;
  readonly bytes?: number;
  readonly freed?: number;
}

/** How a function's arguments and result tell what it allocated or freed. */
export type Allocator = (args: readonly number[], result: number) => HeapEffect;

const first: Allocator = ([bytes], result) => ({ allocated: result, bytes });
const second: Allocator = ([, bytes], result) => ({ allocated: result, bytes });
const counted: Allocator = ([count, bytes], result) => ({ allocated: result, bytes: count * bytes });
const again: Allocator = ([old, bytes], result) => ({ allocated: result, bytes, freed: result === 0 ? 0 : old });
const frees: Allocator = ([address]) => ({ freed: address });

/** C's, by what is left of their names without prefixes. */
const C_ALLOCATORS: ReadonlyMap<string, Allocator> = new Map([
  ["malloc", first],
  ["calloc", counted],
  ["realloc", again],
  ["aligned_alloc", second],
  ["memalign", second],
  ["free", frees],
]);
/** The linker's wrappers, and the allocator that wasi-libc is made of. */
const C_PREFIX = /^(?:__wrap_|__real_)?(?:dl)?/;
/** As linkers write them: by their mangled names (Itanium ABI, section 5.1.5) or as in the source. */
const CPP_NEW = /^(?:_Zn[wa]m|operator new\b)/;
const CPP_DELETE = /^(?:_Zd[la]Pv|operator delete\b)/;
/** What AssemblyScript's runtimes call for objects. */
const AS_NEW = /^~lib\/rt\/(?:stub|tcms|itcms)\/__new$/;
const AS_RENEW = /^~lib\/rt\/(?:stub|tcms|itcms)\/__renew$/;

/** The allocator that a function of this name is, if it is one. */
export function allocatorNamed(name: string): Allocator | undefined {
  if (CPP_NEW.test(name) || AS_NEW.test(name)) return first;
  if (CPP_DELETE.test(name)) return frees;
  if (AS_RENEW.test(name)) return again;
  return C_ALLOCATORS.get(name.replace(C_PREFIX, ""));
}

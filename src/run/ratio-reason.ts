import type { PriceList } from "../machine/prices.ts";
import { PRIMITIVES } from "../machine/primitives.ts";

/** By how much the paper's hypervisor-assisted primitives are faster (Lee et al., DSN 2011, abstract). */
export const PAPER_RATIO = { low: 4, high: 13 } as const;

/** Kinds of work, each with the primitives that are part of it; the first that fits a name counts. */
const WORK: readonly (readonly [kind: string, names: RegExp])[] = [
  ["copying", /memcpy|copy_page|service\.copy/],
  ["sending to the replica", /^wire\./],
  ["writing to the disk", /^disk\./],
  [
    "looking for dirty pages",
    /^user\.(list|bitmap|pagemap|hash|compare|ring|reverse_map)|pagemap|clear_refs|dirty_bits|pml/,
  ],
  ["signals", /signal|sigreturn|fxsave|fxrstor|user\.handler|bad_access/],
  ["TLB flushes", /flush|invlpg|invept|ept\.sync|nested_walk|mmuext|cr3_read|^cpu\.cr3_write/],
  ["shadow page tables", /xen\.shadow/],
  ["page-table updates", /change_protection|uffd\.pte|mmu_update|ptwr|p2m|table\.map|service\.page|linux\.xen\./],
  ["mappings (VMAs)", /linux\.(vma|mprotect|mmap|munmap|madvise)/],
  [
    "entries and exits",
    /cpu\.|\.(syscall|exception|hypercall|iret|bounce_frame|inject_page_fault|xpti|request|vmexit|vmentry|vmcall|cr_access)|ioctl|privcmd/,
  ],
  ["faults", /fault|violation|lookup|clear_page/],
];
const OTHER_WORK = "other work";
/** Below this, a side counts as cheaper and not as equal. */
const LESS = 0.95;

/** Events named for one kind of work. */
const MOST_EVENTS = 2;

interface Contribution {
  readonly name: string;
  readonly count: number;
  readonly cycles: number;
}

interface Work {
  readonly kind: string;
  readonly cycles: number;
  /** Share of the side's cost. */
  readonly share: number;
  /** Dearest first. */
  readonly events: readonly Contribution[];
}

/**
 * Why a ratio is outside the paper's range, in terms of the events that cost most: below it, what either side mostly
 * does; above it, what the user-level side does that the other does not.
 * @param user events by primitive number, of the user-level side
 */
export function reasonFor(user: Float64Array, hypervisor: Float64Array, prices: PriceList): string {
  const [ours, theirs] = [workOf(user, prices), workOf(hypervisor, prices)];
  const [total, otherTotal] = [ours, theirs].map((side) => side.reduce((sum, { cycles }) => sum + cycles, 0));
  if (!(otherTotal > 0 && total > 0)) return "a side costs nothing at these prices";
  if (total < PAPER_RATIO.low * otherTotal) {
    const lead = total < LESS * otherTotal ? "the hypervisor's side costs more: " : "";
    const [a, b] = [ours[0], theirs[0]];
    if (a.kind === b.kind) {
      return `${lead}the largest part on both sides is ${a.kind}: ${percentOf(a)} (${list(a)}) against ${percentOf(b)} (${list(b)})`;
    }
    return `${lead}user: ${percentOf(a)} ${a.kind} (${list(a)}); hypervisor: ${percentOf(b)} ${b.kind} (${list(b)})`;
  }
  const ranked = ours
    .map((work) => {
      const match = theirs.find(({ kind }) => kind === work.kind);
      return { work, match, extra: work.cycles - (match?.cycles ?? 0) };
    })
    .sort((a, b) => b.extra - a.extra);
  const { work, match, extra } = ranked[0];
  const share = Math.round((100 * extra) / (total - otherTotal));
  const against = match === undefined ? "none" : list(match);
  return `${share} % of the difference is ${work.kind}: ${list(work)} against ${against}`;
}

/** What one side's cost consists of, dearest kind first. */
function workOf(counts: Float64Array, prices: PriceList): Work[] {
  const kinds = new Map<string, Contribution[]>();
  let total = 0;
  PRIMITIVES.forEach(({ name }, number) => {
    const count = counts[number];
    if (count === 0) return;
    const cycles = count * prices.cycles[number];
    total += cycles;
    const kind = WORK.find(([, names]) => names.test(name))?.[0] ?? OTHER_WORK;
    kinds.set(kind, [...(kinds.get(kind) ?? []), { name, count, cycles }]);
  });
  return [...kinds]
    .map(([kind, events]) => {
      const cycles = events.reduce((sum, event) => sum + event.cycles, 0);
      return { kind, cycles, share: cycles / total, events: events.sort((a, b) => b.cycles - a.cycles) };
    })
    .sort((a, b) => b.cycles - a.cycles);
}

function percentOf({ share }: Work): string {
  return `${Math.round(100 * share)} %`;
}

function list({ events }: Work): string {
  return events
    .slice(0, MOST_EVENTS)
    .map(({ name, count }) => `${count.toLocaleString("en-US")} ${name}`)
    .join(", ");
}

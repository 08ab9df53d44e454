/**
 * Pages of its own that the guest's kernel writes to when it does something, distinct ones and none of them in another set
 * here. A hypervisor that tracks the whole guest sees their first write in each epoch like any other.
 *
 * All of these are estimates, by going through what the functions write in Linux 6.1, not measurements; half or twice as
 * many would not surprise. Pages whose number depends on the work are not here: frames that are given out, and the page-table
 * pages that map them.
 */
export interface KernelPages {
  /** Which set: a bit of its own. */
  readonly bit: number;
  readonly count: number;
}

/** Any entry: the stack, the task, per-processor data (entry stack, RCU, statistics), the run queue. */
export const ENTRY_PAGES: KernelPages = { bit: 1, count: 8 };
/** A system call: what its body keeps count of, its file, its caller's buffers in slabs. */
export const SYSTEM_CALL_PAGES: KernelPages = { bit: 2, count: 4 };
/** A fault: the mm and its counters, the VMA, lists of free pages, LRU, memory control group, struct page. */
export const FAULT_PAGES: KernelPages = { bit: 4, count: 9 };
/** A signal: its queue entry, sighand, and the frame on the user's stack. */
export const SIGNAL_PAGES: KernelPages = { bit: 8, count: 3 };
/**
 * What happens in an epoch whatever the program does: the timer's interrupts, their clocks and wheels, other tasks that wake
 * up, the event channel by which the guest is asked to stand still.
 */
export const TIMER_PAGES: KernelPages = { bit: 16, count: 24 };

/** Optimise at once (a long call would stay in baseline code). */
const NO_BASELINE = "--no-liftoff";
/** Believe hints that a branch is unlikely. Node 26 does by default, and may drop the flag. */
const BRANCH_HINTS = "--experimental-wasm-branch-hinting";
/** Translate all of a module when it is made ready, and not each function when it is first called. */
const EAGER = "--no-wasm-lazy-compilation";

/** V8's flags for a process that runs guests; they must be there from its start. */
export function guestFlags(): readonly string[] {
  return Number.parseInt(process.versions.node, 10) < 26 ? [NO_BASELINE, BRANCH_HINTS] : [NO_BASELINE];
}

/** The same for one that makes programs ready ahead of their runs. */
export function readyGuestFlags(): readonly string[] {
  return [...guestFlags(), EAGER];
}

/** Whether this process has the flags that guests need. */
export function hasGuestFlags(): boolean {
  return process.execArgv.includes(NO_BASELINE);
}

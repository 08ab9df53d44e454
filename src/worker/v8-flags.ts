/** Optimise at once (a long call would stay in baseline code). */
const NO_BASELINE = "--no-liftoff";
/** Believe hints that a branch is unlikely. Node 26 does by default, and may drop the flag. */
const BRANCH_HINTS = "--experimental-wasm-branch-hinting";
/** Translate all of a module when it is made ready, and not each function when it is first called. */
const EAGER = "--no-wasm-lazy-compilation";

/**
 * Look through the heap for what is old when it has so many MiB, and not before: each run comes with megabytes of images, at which
 * V8 would look through a small one again and again.
 */
const ROOM_FOR_IMAGES = "--initial-old-space-size=64";
/** The first version of Node that was not tried: a process does not start with a flag that it does not know. */
const UNTRIED = 26;
const isTried = Number.parseInt(process.versions.node, 10) < UNTRIED;

/** V8's flags for a process that runs guests; they must be there from its start. */
export function guestFlags(): readonly string[] {
  return isTried ? [NO_BASELINE, BRANCH_HINTS] : [NO_BASELINE];
}

/** The same for one that makes programs ready ahead of their runs. */
export function readyGuestFlags(): readonly string[] {
  return [...guestFlags(), EAGER];
}

/** Whether this process has the flags that guests need. */
export function hasGuestFlags(): boolean {
  return process.execArgv.includes(NO_BASELINE);
}

/** V8's flags for the session's process. */
export function sessionFlags(): readonly string[] {
  return isTried ? [ROOM_FOR_IMAGES] : [];
}

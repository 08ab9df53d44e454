import type { GuestFrame } from "../../guest/guest-frames.ts";
import type { Mmu } from "../../guest/mmu.ts";
import type { AccessPlace } from "./restart-shadow.ts";
import type { FrameState } from "./subjects.ts";

/** A variable that is no memory: a local of a function that had not returned, or a global. */
export type Register =
  | { readonly kind: "local"; readonly functionIndex: number; readonly index: number }
  | { readonly kind: "global"; readonly index: number };

export function registerKey(register: Register): string {
  return register.kind === "global" ? `global ${register.index}` : `local ${register.functionIndex} ${register.index}`;
}

/** A read of a variable that is not what it was at the checkpoint. */
export interface RegisterRead {
  readonly register: Register;
  readonly isReset: boolean;
  readonly place: AccessPlace;
}

interface Watched {
  readonly register: Register;
  /** Bits at the checkpoint. */
  readonly reference: bigint;
  isOverwritten: boolean;
}

/** What `RestartShadow` is for memory, for variables that are none. */
export class RegisterShadow {
  readonly reads: RegisterRead[] = [];
  /** Of the reference: calls that had not returned, and how many of them the restarted process was in when it was restored. */
  #frames: readonly FrameState[] = [];
  #entered = 0;
  readonly #locals = new Map<string, Watched>();
  readonly #globals = new Map<number, Watched>();
  readonly #placeOf: (site: number) => AccessPlace;
  readonly #tracksOverwritten: boolean;
  readonly #repaired: ReadonlySet<string>;

  /** @param repaired keys of variables that get what they were at the checkpoint, at once or when they are read reset */
  constructor(placeOf: (site: number) => AccessPlace, tracksOverwritten: boolean, repaired: ReadonlySet<string>) {
    this.#placeOf = placeOf;
    this.#tracksOverwritten = tracksOverwritten;
    this.#repaired = repaired;
  }

  /**
   * Watches what differs from the checkpoint: in the calls that both processes are in, from the outermost on.
   * @param skipped globals that are the language's own
   */
  begin(
    mmu: Mmu,
    frames: readonly FrameState[],
    globals: ReadonlyMap<number, bigint>,
    skipped: (index: number) => boolean,
  ): void {
    this.#frames = frames;
    for (const [depth, frame] of mmu.frames().entries()) {
      const before = frames[depth];
      if (before?.functionIndex !== frame.functionIndex) break;
      this.#entered = depth + 1;
      for (const [index, bits] of frame.locals.entries()) {
        const reference = before.locals[index];
        if (bits === undefined || reference === undefined || bits === reference) continue;
        const register: Register = { kind: "local", functionIndex: frame.functionIndex, index };
        if (this.#repaired.has(registerKey(register))) frame.setLocal(index, reference);
        this.#locals.set(`${frame.position} ${index}`, { register, reference, isOverwritten: false });
        frame.watchLocal(index, true);
      }
    }
    if (this.#tracksOverwritten) mmu.tellEntries(true);
    const now = mmu.globals();
    for (const [index, reference] of globals) {
      if (now.get(index) === reference || skipped(index)) continue;
      const register: Register = { kind: "global", index };
      if (this.#repaired.has(registerKey(register))) mmu.setGlobal(index, reference);
      this.#globals.set(index, { register, reference, isOverwritten: false });
      mmu.watchGlobal(index, true);
    }
  }

  /** The restarted process comes to a call that the reference was in: what it sets there may not be what it was. */
  entered(mmu: Mmu, frame: GuestFrame): void {
    const before = this.#frames[this.#entered];
    const now = mmu.frames();
    if (before?.functionIndex !== frame.functionIndex || now.length !== this.#entered + 1) return;
    if (now.some(({ functionIndex }, depth) => functionIndex !== this.#frames[depth].functionIndex)) return;
    this.#entered++;
    for (const [index, reference] of before.locals.entries()) {
      if (reference === undefined) continue;
      const register: Register = { kind: "local", functionIndex: frame.functionIndex, index };
      this.#locals.set(`${frame.position} ${index}`, { register, reference, isOverwritten: true });
      frame.watchLocal(index, true);
    }
  }

  local(frame: GuestFrame, index: number, site: number, isSet: boolean): void {
    const watched = this.#locals.get(`${frame.position} ${index}`);
    const set = (bits: bigint) => frame.setLocal(index, bits);
    if (!this.#goesOn(watched, frame.locals[index], set, site, isSet)) frame.watchLocal(index, false);
  }

  global(mmu: Mmu, index: number, site: number, isSet: boolean): void {
    const watched = this.#globals.get(index);
    const set = (bits: bigint) => mmu.setGlobal(index, bits);
    if (!this.#goesOn(watched, mmu.globals().get(index), set, site, isSet)) mmu.watchGlobal(index, false);
  }

  /** @returns whether it must be watched on */
  #goesOn(
    watched: Watched | undefined,
    bits: bigint | undefined,
    set: (bits: bigint) => void,
    site: number,
    isSet: boolean,
  ): boolean {
    if (watched === undefined) return false;
    if (isSet) {
      watched.isOverwritten = true;
      return this.#tracksOverwritten;
    }
    if (bits === watched.reference) return false;
    const { register, reference, isOverwritten } = watched;
    if (this.#repaired.has(registerKey(register))) set(reference);
    else this.reads.push({ register, isReset: isOverwritten, place: this.#placeOf(site) });
    return false;
  }
}

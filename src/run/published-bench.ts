import { createGuest, type Guest, MAPPINGS_END } from "../linux/guest.ts";
import type { GuestEnvironment } from "../linux/hosts.ts";
import type { KernelVersion } from "../linux/kernel-build.ts";
import { VMA_MAPPED, VMA_READ, VMA_WRITE } from "../linux/vma-map.ts";
import { Ledger } from "../machine/ledger.ts";
import { type PriceProfile, priceList } from "../machine/prices.ts";
import { P, PRIMITIVE_COUNT } from "../machine/primitives.ts";
import { costOf } from "./cycles.ts";

/** What an operation is simulated with. */
export interface Setting {
  readonly profile: PriceProfile;
  readonly kernel: KernelVersion;
}

/** Figures by quantity. */
export type Operation = (setting: Setting) => Readonly<Record<string, number>>;

export const REGION_PAGES = 512;

/** A guest whose process has one mapping, nothing of which is resident. */
export class Bench {
  readonly guest: Guest;
  readonly ledger = new Ledger(PRIMITIVE_COUNT);
  readonly region: number;
  readonly pageCount: number;
  readonly #setting: Setting;

  constructor(setting: Setting, environment: GuestEnvironment, pageCount = REGION_PAGES) {
    this.#setting = setting;
    this.pageCount = pageCount;
    this.guest = createGuest({ environment, kernel: setting.kernel }, this.ledger);
    this.region = this.map(pageCount);
  }

  /** A plain anonymous mapping, by one system call. */
  map(pageCount: number): number {
    const { kernel } = this.guest;
    kernel.enter();
    this.ledger.charge(P.linux_mmap, 1);
    const first = kernel.memory.findGap(pageCount, MAPPINGS_END);
    kernel.memory.map(first, pageCount, VMA_MAPPED | VMA_READ | VMA_WRITE);
    kernel.leave();
    return first;
  }

  unmap(first: number, pageCount: number): void {
    const { kernel } = this.guest;
    kernel.enter();
    this.ledger.charge(P.linux_munmap, 1);
    kernel.memory.unmap(first, pageCount);
    kernel.leave();
  }

  protect(first: number, pageCount: number, rights: number): void {
    const { kernel } = this.guest;
    kernel.enter();
    kernel.memory.protect(first, pageCount, rights);
    kernel.leave();
  }

  touchAll(): void {
    for (let page = 0; page < this.pageCount; page++) this.guest.kernel.store(this.region + page);
  }

  /** UFFDIO_WRITEPROTECT. */
  writeProtect(first: number, pageCount: number, protect: boolean): void {
    const { kernel } = this.guest;
    kernel.enter();
    this.ledger.charge(P.linux_ioctl, 1);
    kernel.userfaultWriteProtect(first, pageCount, protect);
    kernel.leave();
  }

  /** What the ledger's events so far cost. */
  total(): number {
    return costOf(this.ledger.totals(), priceList(this.#setting.profile, this.guest.pathLengths)).cycles;
  }

  microseconds(cycles: number): number {
    return cycles / (this.#setting.profile.ghz * 1000);
  }

  cycles(action: () => void): number {
    const before = this.total();
    action();
    return this.total() - before;
  }

  /** Microseconds that an action takes here. */
  measure(action: (bench: this) => void): number {
    return this.microseconds(this.cycles(() => action(this)));
  }
}

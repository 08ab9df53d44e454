import type { Ledger } from "../machine/ledger.ts";
import type { PageStates } from "../machine/page-states.ts";
import { P } from "../machine/primitives.ts";
import type { Gate, PageRange } from "./checkpoint-service.ts";

const PAGE_BYTES = 4096;

/** Ways of user mode into Xen, in one paging mode; each returns when user mode runs again. */
export interface Entries {
  /** An entry made for applications: a gate of the IDT that ring 3 may use, or VMCALL where Xen lets ring 3 make it. */
  userGate(): void;
  /** Through the guest's kernel: an ioctl of its privcmd driver, which makes a hypercall. */
  driver(): void;
  /** CPUID, by which user mode enters any released Xen: it exits a virtual machine, and PV has a prefix for it. */
  cpuid(): void;
}

/**
 * How requests of an application reach Xen's services.
 *
 * `trap` and `privcmd` enter Xen for each request, which has taken effect when they return. `shared-page` writes the
 * request, with a token, to a page that Xen reads whenever it is entered, for whatever reason; several requests share an
 * entry, and a page that is still closed when the program has given it back is opened by the fault that finds it so. (The
 * guest's kernel takes no part, as in US patent 9,239,765.) Without another reason the next entry is a timer interrupt,
 * milliseconds later: up to 4 with a tick of 250 Hz. A library that must not go on before its pages are closed does not
 * wait for that. It executes CPUID, which enters Xen and needs neither a gate of its own nor a driver.
 */
export class RequestChannel {
  readonly #ledger: Ledger;
  readonly #states: PageStates;
  readonly #entries: Entries;
  /** Requests in the shared page, in their order, each charged where it was made. */
  #pending: { readonly at: Ledger["current"]; readonly serve: () => void }[] = [];

  constructor(ledger: Ledger, states: PageStates, entries: Entries) {
    this.#ledger = ledger;
    this.#states = states;
    this.#entries = entries;
  }

  /**
   * A request, and what Xen does when it reads it. It has taken effect on return, but through the shared page: there after
   * the next entry, at the latest after `complete`.
   */
  request(gate: Gate, serve: () => void): void {
    switch (gate) {
      case "trap":
        this.#entries.userGate();
        break;
      case "privcmd":
        this.#entries.driver();
        break;
      case "shared-page":
        this.#ledger.charge(P.user_shared_page, 1);
        this.#pending.push({ at: this.#ledger.current, serve });
        return;
    }
    this.#serve(serve);
  }

  /** All requests have taken effect on return. */
  complete(): void {
    if (this.#pending.length > 0) this.#entries.cpuid();
  }

  /** Xen was entered, for whatever reason: it reads the shared page. */
  entered(): void {
    if (this.#pending.length === 0) return;
    this.#states.changed();
    const requests = this.#pending;
    this.#pending = [];
    for (const { at, serve } of requests) {
      const here = this.#ledger.enter(at.phase, at.epoch, at.site, at.region);
      this.#serve(serve);
      this.#ledger.restore(here);
    }
  }

  /**
   * Xen copies whole pages of the process itself.
   * @param byte the primitive that a byte costs, which says where it goes
   */
  copy(gate: Gate, ranges: readonly PageRange[], byte: number): void {
    this.request(gate, () => {
      let pages = 0;
      for (const { pageCount } of ranges) pages += pageCount;
      this.#ledger.charge(P.xen_service_copy, pages);
      this.#ledger.charge(byte, pages * PAGE_BYTES);
    });
  }

  /**
   * The same for runs of bytes, on so many pages, which the process hands over as a list.
   * @param furtherRuns beyond one for each page
   */
  copyRuns(gate: Gate, pageCount: number, furtherRuns: number, bytes: number, byte: number): void {
    this.request(gate, () => {
      this.#ledger.charge(P.xen_service_copy, pageCount);
      this.#ledger.charge(P.xen_service_run, furtherRuns);
      this.#ledger.charge(byte, bytes);
    });
  }

  #serve(serve: () => void): void {
    this.#ledger.charge(P.xen_service_request, 1);
    serve();
  }
}

import { P } from "../machine/primitives.ts";
import type { PageRange } from "../xen/checkpoint-service.ts";
import type { TechniqueMachine } from "./technique.ts";

/**
 * Writes to each page what it holds (a locked addition of 0), so that it is there, may be written and has a frame of its own:
 * what whoever tracks frames or D bits needs, as an entry that the guest's kernel makes later is nothing that they see. The
 * faults by which pages come are charged to the program, which would meet them at its own first stores (`createMachine`). The
 * frames stay while the guest neither swaps nor moves pages; a library of a machine that does would lock them as well.
 */
export function touch({ process, ledger }: TechniqueMachine, ranges: readonly PageRange[]): void {
  for (const { first, pageCount } of ranges) {
    ledger.charge(P.user_touch, pageCount);
    for (let page = first; page < first + pageCount; page++) process.store(page);
  }
}

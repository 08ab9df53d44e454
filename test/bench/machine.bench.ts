/** Traps a second of the simulated machine, one store each; prints ratios' raw figures and asserts nothing. */
import { createGuest } from "../../src/linux/guest.ts";
import { Ledger } from "../../src/machine/ledger.ts";
import { PRIMITIVE_COUNT } from "../../src/machine/primitives.ts";

const PAGES = 1 << 14;
const MILLISECONDS = 1500;

function rate(title: string, trapsPerRound: number, round: () => void): void {
  for (let i = 0; i < 20; i++) round();
  const start = performance.now();
  let traps = 0;
  while (performance.now() - start < MILLISECONDS) {
    round();
    traps += trapsPerRound;
  }
  const perSecond = (traps / (performance.now() - start)) * 1000;
  console.log(`${title.padEnd(48)} ${(perSecond / 1e6).toFixed(2)} million traps/s`);
}

for (const kernel of ["5.10", "6.1"] as const) {
  for (const environment of ["native", "xen-pv"] as const) {
    const { process, xen } = createGuest({ environment, kernel }, new Ledger(PRIMITIVE_COUNT));
    const name = `${environment} ${kernel}`;
    let first = 0;
    rate(`${name} first touch`, PAGES, () => {
      first = process.mmap(PAGES, "rw");
      for (let page = first; page < first + PAGES; page++) process.store(page);
      process.munmap(first, PAGES);
    });
    first = process.mmap(PAGES, "rw");
    for (let page = first; page < first + PAGES; page++) process.store(page);
    process.sigaction("SIGSEGV", (page) => process.mprotect(page, 1, "rw"));
    for (const stride of [1, 2]) {
      rate(`${name} mprotect, every page in ${stride}`, PAGES / stride, () => {
        process.mprotect(first, PAGES, "r");
        for (let page = first; page < first + PAGES; page += stride) process.store(page);
      });
    }
    process.mprotect(first, PAGES, "rw");
    for (let page = first; page < first + PAGES; page++) process.store(page);
    if (xen === undefined) continue;
    xen.checkpoint.register("trap", first, PAGES);
    const all = [{ first, pageCount: PAGES }];
    rate(`${name} hv-protect`, PAGES, () => {
      xen.checkpoint.protect("trap", all);
      for (let page = first; page < first + PAGES; page++) process.store(page);
    });
  }
}

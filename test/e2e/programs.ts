/** Programs that go wrong in the ways that tests need. */
export const BROKEN = `#include <veloc.h>
int main(void) {
  int unused = 1;
  return missing + unused;
}
`;

/** Line 5 traps, called from line 10. */
export const TRAPPING = `#include <stdlib.h>
#include <veloc.h>
static int data[1024];
__attribute__((noinline)) static void fail(int *where) {
  *where = 1;
  __builtin_trap();
}
int main(void) {
  VELOC_Init_single(0, "");
  fail(data);
  return 0;
}
`;

export const ENDLESS = `import { initSingle } from "veloc";
initSingle(0);
const data = new StaticArray<i32>(1024);
for (let i = 0; ; i++) data[i & 1023] = i;
`;

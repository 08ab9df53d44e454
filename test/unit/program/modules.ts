/** Builds small WebAssembly modules byte by byte. */

export function leb(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

export function section(id: number, contents: readonly number[]): number[] {
  return [id, ...leb(contents.length), ...contents];
}

export function named(text: string): number[] {
  const bytes = [...new TextEncoder().encode(text)];
  return [...leb(bytes.length), ...bytes];
}

export function customSectionBytes(name: string, contents: Iterable<number>): number[] {
  return section(0, [...named(name), ...contents]);
}

export function moduleOf(...sections: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
}

/** A module of functions without parameters, whose bodies consist of so many `nop`s. Returns where each body begins. */
export function nopModule(
  lengths: readonly number[],
  ...more: readonly (readonly number[])[]
): { module: Uint8Array; starts: readonly number[] } {
  const bodies = lengths.map((length) => [0, ...Array.from({ length }, () => 0x01), 0x0b]);
  const code = [...leb(bodies.length), ...bodies.flatMap((body) => [...leb(body.length), ...body])];
  const types = section(1, [1, 0x60, 0, 0]);
  const functions = section(3, [...leb(lengths.length), ...lengths.map(() => 0)]);
  const module = moduleOf(types, functions, section(10, code), ...more);
  let at = 8 + types.length + functions.length + 1 + leb(code.length).length + leb(bodies.length).length;
  const starts = bodies.map((body) => {
    const start = at + leb(body.length).length;
    at = start + body.length;
    return start;
  });
  return { module, starts };
}

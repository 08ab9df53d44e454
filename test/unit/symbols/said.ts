/** What the programs of test/fixtures/symbols say of a variable: lines that `say.h` prints. */
export interface Said {
  readonly kind: "global" | "local" | "member";
  /** The function of a local, the variable of a member. */
  readonly of: string;
  readonly name: string;
  /** Address of a variable; of a member its offset. */
  readonly place: number;
  readonly sizeBytes: number;
  /** Where it is said. */
  readonly line: number;
}

export function parseSaid(stdout: string): readonly Said[] {
  return stdout
    .trim()
    .split("\n")
    .map((text) => {
      const match = /^(global|local|member) (\S+) (\S+) (\d+) (\d+) (\d+)$/.exec(text);
      if (!match) throw new Error(`not understood: ${text}`);
      const [, kind, of, name, place, sizeBytes, line] = match;
      return {
        kind: kind as Said["kind"],
        ...{ of, name, place: Number(place), sizeBytes: Number(sizeBytes), line: Number(line) },
      };
    });
}

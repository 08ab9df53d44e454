import { BadInputError } from "../program.ts";

/** A mapping of a source map's first line. Numbers count from 0; `source` is -1 where the segment names none. */
export interface Segment {
  readonly column: number;
  readonly source: number;
  readonly line: number;
  readonly sourceColumn: number;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES: ReadonlyMap<number, number> = new Map([...DIGITS].map((digit, value) => [digit.charCodeAt(0), value]));
const COMMA = 44;
const SEMICOLON = 59;

/**
 * The segments of a map's first line, in ascending order of columns. Segments have 1, 4 or 5 fields.
 * @throws BadInputError where a character is no digit, a number does not end, or a field falls below 0
 */
export function decodeMappings(mappings: string, what: string): readonly Segment[] {
  const segments: Segment[] = [];
  let column = 0;
  let source = 0;
  let line = 0;
  let sourceColumn = 0;
  let at = 0;
  const fail = (problem: string): never => {
    throw new BadInputError(`${what}, character ${at} of "mappings": ${problem}`);
  };
  const readNumber = (): number => {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 35; scale *= 32) {
      const digit = VALUES.get(mappings.charCodeAt(at));
      if (digit === undefined) return fail("a base-64 digit is expected");
      at++;
      value += (digit & 31) * scale;
      if (digit < 32) return value % 2 === 1 ? -Math.floor(value / 2) : value / 2;
    }
    return fail("a number is too long");
  };
  const inSegment = (): boolean => {
    const code = mappings.charCodeAt(at);
    return at < mappings.length && code !== COMMA && code !== SEMICOLON;
  };

  while (at < mappings.length && mappings.charCodeAt(at) !== SEMICOLON) {
    if (mappings.charCodeAt(at) === COMMA) {
      at++;
      continue;
    }
    column += readNumber();
    let named = false;
    if (inSegment()) {
      named = true;
      source += readNumber();
      line += readNumber();
      sourceColumn += readNumber();
      if (inSegment()) readNumber(); // a name: not needed
    }
    if (inSegment()) fail("a segment has more than 5 fields");
    if (column < 0 || source < 0 || line < 0 || sourceColumn < 0) fail("a field falls below 0");
    segments.push({ column, source: named ? source : -1, line, sourceColumn });
  }
  return segments.sort((a, b) => a.column - b.column);
}

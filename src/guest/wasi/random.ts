/** A place in a stream of random numbers: four words. */
export type RandomPosition = Uint32Array;

/** xoshiro128** (Blackman and Vigna, 2018), its state filled by SplitMix64: the same seed gives the same bytes everywhere. */
export class SeededRandom {
  private readonly state = new Uint32Array(4);

  /** Where the stream is. */
  get position(): RandomPosition {
    return this.state.slice();
  }

  set position(position: RandomPosition) {
    this.state.set(position);
  }

  /** @param seed any finite number; numbers that differ give streams that do */
  constructor(seed: number) {
    let counter = new DataView(Float64Array.of(seed).buffer).getBigUint64(0, true);
    for (let i = 0; i < 4; i += 2) {
      counter = BigInt.asUintN(64, counter + 0x9e3779b97f4a7c15n);
      let word = BigInt.asUintN(64, (counter ^ (counter >> 30n)) * 0xbf58476d1ce4e5b9n);
      word = BigInt.asUintN(64, (word ^ (word >> 27n)) * 0x94d049bb133111ebn);
      word ^= word >> 31n;
      this.state[i] = Number(word & 0xffffffffn);
      this.state[i + 1] = Number(word >> 32n);
    }
  }

  /** The next 32 bits, unsigned. */
  next(): number {
    const s = this.state;
    const result = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotateLeft(s[3], 11);
    return result;
  }

  /** Fills all of `target`, four bytes of each word, lowest first; what is left of the last word is dropped. */
  fill(target: Uint8Array): void {
    for (let i = 0; i < target.length; ) {
      let word = this.next();
      for (let k = 0; k < 4 && i < target.length; k++, i++) {
        target[i] = word & 255;
        word >>>= 8;
      }
    }
  }
}

function rotateLeft(value: number, count: number): number {
  return (value << count) | (value >>> (32 - count));
}

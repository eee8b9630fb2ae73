/**
 * Numbers for keys of 128 bits: the first key is 0, the next new one 1, and so on. Flat arrays, no object for each key:
 * a million keys take 32 MiB at most, a quarter of what a `Set` of their texts would.
 */
export class KeyTable {
  #count = 0;
  /** Key `n`: `#keys[4 * n]` .. `#keys[4 * n + 3]`. */
  #keys = new Uint32Array(4 * 1024);
  /** Open addressing: 0 is free, else the key's number and one. Never more than half full. */
  #slots = new Int32Array(2048);

  get size(): number {
    return this.#count;
  }

  /** The key's number; equal to the `size` before where the key is new. */
  numberOf(a: number, b: number, c: number, d: number): number {
    const mask = this.#slots.length - 1;
    for (let at = spread(a, b, c, d) & mask; ; at = (at + 1) & mask) {
      const found = this.#slots[at]! - 1;
      if (found < 0) return this.#add(a, b, c, d, at);
      const key = 4 * found;
      const keys = this.#keys;
      if (keys[key] === a && keys[key + 1] === b && keys[key + 2] === c && keys[key + 3] === d) return found;
    }
  }

  /** Word `word` (0..3, most significant first) of the key with this number. */
  word(number: number, word: number): number {
    return this.#keys[4 * number + word]!;
  }

  #add(a: number, b: number, c: number, d: number, slot: number): number {
    const number = this.#count;
    if (4 * number === this.#keys.length)
      this.#keys = grown(this.#keys, new Uint32Array(2 * this.#keys.length));
    const keys = this.#keys;
    keys[4 * number] = a;
    keys[4 * number + 1] = b;
    keys[4 * number + 2] = c;
    keys[4 * number + 3] = d;
    this.#slots[slot] = number + 1;
    this.#count += 1;
    if (2 * this.#count > this.#slots.length) this.#rehash();
    return number;
  }

  #rehash(): void {
    const slots = new Int32Array(2 * this.#slots.length);
    const mask = slots.length - 1;
    const keys = this.#keys;
    for (let number = 0; number < this.#count; number += 1) {
      const key = 4 * number;
      let at = spread(keys[key]!, keys[key + 1]!, keys[key + 2]!, keys[key + 3]!) & mask;
      while (slots[at] !== 0) at = (at + 1) & mask;
      slots[at] = number + 1;
    }
    this.#slots = slots;
  }
}

const grown = (old: Uint32Array<ArrayBuffer>, larger: Uint32Array<ArrayBuffer>) => {
  larger.set(old);
  return larger;
};

/** Odd constants and shifts of MurmurHash3's finaliser: every bit of the key moves every bit of the place. */
const spread = (a: number, b: number, c: number, d: number): number => {
  let hash = 0;
  hash = mix(hash ^ a);
  hash = mix(hash ^ b);
  hash = mix(hash ^ c);
  return mix(hash ^ d);
};

const mix = (value: number): number => {
  let hash = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
};

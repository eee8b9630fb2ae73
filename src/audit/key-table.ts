/**
 * Keys of 128 bits in flat arrays, without an object for each: addresses, pairs, and the ids of events. A million keys
 * take 32 MiB at most, a quarter of what a `Set` of their texts would.
 */
import { sha256 } from "../model/sha256.js";

/** Numbers for keys: the first key is 0, the next new one 1, and so on. */
export class KeyTable {
  #count = 0;
  /** Key `n`: `#keys[4 * n]` .. `#keys[4 * n + 3]`. Signed, since V8 has an object for each larger number. */
  #keys = new Int32Array(4 * 1024);
  /**
   * Open addressing, never more than half full. 0 is free; else the lower bits, as many as the places need, are the key's
   * number and one, and the others those of the key's hash: other keys are passed over without a look at them.
   */
  #slots = new Int32Array(2048);

  get size(): number {
    return this.#count;
  }

  /** The key's number; equal to the `size` before where the key is new. Four words of 32 bits, as signed numbers. */
  numberOf(a: number, b: number, c: number, d: number): number {
    const slots = this.#slots;
    const keys = this.#keys;
    const mask = slots.length - 1;
    const hash = spread(a, b, c, d);
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = slots[at]!;
      if (slot === 0) break;
      if (((slot ^ hash) & ~mask) !== 0) continue;
      const found = (slot & mask) - 1;
      const key = 4 * found;
      if (keys[key] === a && keys[key + 1] === b && keys[key + 2] === c && keys[key + 3] === d) return found;
    }
    return this.#add(a, b, c, d);
  }

  /** Word `word` (0..3) of the key with this number; signed. */
  word(number: number, word: number): number {
    return this.#keys[4 * number + word]!;
  }

  #add(a: number, b: number, c: number, d: number): number {
    const number = this.#count;
    if (4 * number === this.#keys.length)
      this.#keys = grown(this.#keys, new Int32Array(2 * this.#keys.length));
    const keys = this.#keys;
    keys[4 * number] = a;
    keys[4 * number + 1] = b;
    keys[4 * number + 2] = c;
    keys[4 * number + 3] = d;
    this.#count += 1;
    if (2 * this.#count > this.#slots.length) this.#rehash();
    else place(this.#slots, keys, number);
    return number;
  }

  #rehash(): void {
    this.#slots = new Int32Array(2 * this.#slots.length);
    for (let number = 0; number < this.#count; number += 1) place(this.#slots, this.#keys, number);
  }
}

/** Gives a key that is in none yet the first free slot. */
const place = (slots: Int32Array, keys: Int32Array, number: number): void => {
  const mask = slots.length - 1;
  const key = 4 * number;
  const hash = spread(keys[key]!, keys[key + 1]!, keys[key + 2]!, keys[key + 3]!);
  let at = hash & mask;
  while (slots[at] !== 0) at = (at + 1) & mask;
  slots[at] = (hash & ~mask) | (number + 1);
};

/** `larger`, with the elements of `old` in front. */
export const grown = <Column extends Int32Array | Float64Array>(old: Column, larger: Column): Column => {
  larger.set(old);
  return larger;
};

/** Odd constants and shifts of MurmurHash3's finaliser: every bit of the key moves every bit of the place. */
const spread = (a: number, b: number, c: number, d: number): number => {
  let hash = mix(a);
  hash = mix(hash ^ b);
  hash = mix(hash ^ c);
  return mix(hash ^ d);
};

const mix = (value: number): number => {
  let hash = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
};

/** The ids of one log, each of which is an event's own. */
export class EventIds {
  readonly #uuids = new KeyTable();
  readonly #short = new KeyTable();
  readonly #long = new KeyTable();
  readonly #words = new Int32Array(4);

  isNew(id: string): boolean {
    const table = this.#tableOf(id);
    const known = table.size;
    const words = this.#words;
    return table.numberOf(words[0]!, words[1]!, words[2]!, words[3]!) === known;
  }

  /** Leaves the key in `#words`. Two ids of one table are never alike there, but for two of one SHA-256. */
  #tableOf(id: string): KeyTable {
    if (readUuid(id, this.#words)) return this.#uuids;
    if (readShort(id, this.#words)) return this.#short;
    const hash = sha256(JSON.stringify(id));
    for (let word = 0; word < 4; word += 1)
      this.#words[word] = Number.parseInt(hash.slice(8 * word, 8 * word + 8), 16);
    return this.#long;
  }
}

/** Its length, then its characters, at most 15 of eight bits. */
const readShort = (id: string, words: Int32Array): boolean => {
  if (id.length > 15) return false;
  words.fill(0);
  words[0] = id.length << 24;
  for (let at = 0; at < id.length; at += 1) {
    const character = id.charCodeAt(at);
    if (character > 0xff) return false;
    words[(at + 1) >>> 2]! |= character << (24 - 8 * ((at + 1) & 3));
  }
  return true;
};

/** The value of a hexadecimal digit by its UTF-16 unit, capitals as small letters; -1 of all else. */
const hexDigits = new Int8Array(65_536).fill(-1);
for (const [value, digit] of [..."0123456789abcdef"].entries()) {
  hexDigits[digit.charCodeAt(0)] = value;
  hexDigits[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Four digits; negative where they are none. */
const hexGroup = (text: string, at: number): number =>
  (hexDigits[text.charCodeAt(at)]! << 12) |
  (hexDigits[text.charCodeAt(at + 1)]! << 8) |
  (hexDigits[text.charCodeAt(at + 2)]! << 4) |
  hexDigits[text.charCodeAt(at + 3)]!;

/** Capitals count as small letters (RFC 9562 section 4). */
const readUuid = (id: string, words: Int32Array): boolean => {
  if (id.length !== 36) return false;
  const hyphens = id[8] === "-" && id[13] === "-" && id[18] === "-" && id[23] === "-";
  const a = hexGroup(id, 0);
  const b = hexGroup(id, 4);
  const c = hexGroup(id, 9);
  const d = hexGroup(id, 14);
  const e = hexGroup(id, 19);
  const f = hexGroup(id, 24);
  const g = hexGroup(id, 28);
  const h = hexGroup(id, 32);
  words[0] = (a << 16) | b;
  words[1] = (c << 16) | d;
  words[2] = (e << 16) | f;
  words[3] = (g << 16) | h;
  return hyphens && (a | b | c | d | e | f | g | h) >= 0;
};

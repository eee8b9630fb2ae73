/**
 * Who was seen where, in columns of numbers without an object for each event: addresses as logs write them, and the pairs
 * of an actor and an address.
 */
import { type Address, parseAddress } from "../address/prefix.js";
import { readWords, writeWords } from "../address/words.js";
import type { SeenAddress } from "../plan/replay.js";
import { grown, KeyTable } from "./key-table.js";

/** Pairs of an actor and an address: columns that grow together. */
export class Pairs {
  readonly #keys = new KeyTable();
  #events = new Int32Array(1024);
  #failed = new Int32Array(1024);
  #first = new Float64Array(1024);
  #last = new Float64Array(1024);

  /** One more event of the pair. */
  count(actor: number, address: number, at: number, failed: boolean): void {
    const known = this.#keys.size;
    const pair = this.#keys.numberOf(0, 0, actor, address);
    if (pair === known) {
      if (pair === this.#events.length) this.#grow(2 * pair);
      this.#first[pair] = at;
      this.#last[pair] = at;
    } else if (at < this.#first[pair]!) this.#first[pair] = at;
    else if (at > this.#last[pair]!) this.#last[pair] = at;
    this.#events[pair]! += 1;
    if (failed) this.#failed[pair]! += 1;
  }

  #grow(length: number): void {
    this.#events = grown(this.#events, new Int32Array(length));
    this.#failed = grown(this.#failed, new Int32Array(length));
    this.#first = grown(this.#first, new Float64Array(length));
    this.#last = grown(this.#last, new Float64Array(length));
  }

  get size(): number {
    return this.#keys.size;
  }

  actor(pair: number): number {
    return this.#keys.word(pair, 2);
  }

  address(pair: number): number {
    return this.#keys.word(pair, 3);
  }

  events(pair: number): number {
    return this.#events[pair]!;
  }

  seen(pair: number, address: Address): SeenAddress {
    return {
      address,
      events: this.#events[pair]!,
      failedLogins: this.#failed[pair]!,
      firstSeen: this.#first[pair]!,
      lastSeen: this.#last[pair]!,
    };
  }
}

/** Addresses by number, in the order in which they were first seen. */
export class Addresses {
  readonly #keys = new KeyTable();
  /** The spellings met last, each once; not all, since a log may hold more than the memory does. */
  #known = new Map<string, number>();
  readonly #words = new Uint32Array(4);

  /** -1: the text is no address. */
  numberOf(text: string): number {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const number = this.#read(text);
    if (this.#known.size === mostSpellings) this.#known = new Map();
    this.#known.set(ownCopy(text), number);
    return number;
  }

  #read(text: string): number {
    const address = addressIn(text.trim());
    if (address === undefined) return -1;
    const words = this.#words;
    writeWords(address, words, 0);
    return this.#keys.numberOf(words[0]! | 0, words[1]! | 0, words[2]! | 0, words[3]! | 0);
  }

  address(number: number): Address {
    for (let word = 0; word < 4; word += 1) this.#words[word] = this.#keys.word(number, word);
    return readWords(this.#words, 0);
  }
}

const mostSpellings = 16_384;

/**
 * What is kept of a line: a text that is cut out of a longer one would keep all of that in memory. By JSON, which keeps
 * halves of surrogate pairs, and gives plain text one byte a character, as the text has that it is compared with.
 */
export const ownCopy = (text: string): string => JSON.parse(JSON.stringify(text));

/**
 * A port behind an address is left out where nothing else can be meant, as proxies write it: `192.0.2.1:443`,
 * `[2001:db8::1]:443`, `[2001:db8::1]`.
 */
const addressIn = (text: string): Address | undefined => {
  if (text.length > longestWithPort) return undefined;
  const [, inBrackets, ipv4, port = "0"] = withPort.exec(text) ?? [];
  const parsed = parseAddress(Number(port) > 65_535 ? "" : (inBrackets ?? ipv4 ?? text));
  return parsed.ok ? parsed.address : undefined;
};

const longestWithPort = 64;
const withPort = /^(?:\[([0-9a-f:.]*:[0-9a-f:.]*)\]|([0-9.]+)(?=:))(?::(\d{1,5}))?$/i;

/**
 * The wanted fields of one JSON object, found in its bytes without building the object: a third of what `JSON.parse`
 * takes for the records of a log. It takes the plain case alone, and says so where a line is anything else (an escape in
 * a wanted field, another shape, damage): the caller parses that line. What is inside of an unwanted value is only
 * skipped, not checked.
 */
import { emptySpan, type Span } from "./event-time.js";

const space = 0x20;
const zero = 0x30;
const nine = 0x39;
const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const openObject = 0x7b;
const closeObject = 0x7d;
const openList = 0x5b;
const closeList = 0x5d;

const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d;

/** A name, or a name in the object of another: `actor.ip`. */
interface Wanted {
  readonly name: Uint8Array;
  /** Index of the object that it is in; -1 for the record itself. */
  readonly parent: number;
  readonly span: Span;
}

export class JsonFields {
  readonly #wanted: Wanted[] = [];
  readonly #names: string[] = [];
  readonly #spans: Span[] = [];
  /** By the parent's index and one, then by the name's length: what a key may be. */
  readonly #keys: number[][][] = [];
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;

  /** `names`: as `ip` or `actor.ip`. */
  constructor(names: readonly string[]) {
    for (const name of names) {
      const dot = name.indexOf(".");
      const parent = dot < 0 ? -1 : this.#index(name.slice(0, dot), -1);
      this.#index(dot < 0 ? name : name.slice(dot + 1), parent);
    }
  }

  /** Where the field's text will be: inside the quotes of a string, or a number as written; empty where it is neither. */
  span(name: string): Span {
    const dot = name.indexOf(".");
    const parent = dot < 0 ? -1 : this.#names.indexOf(`-1 ${name.slice(0, dot)}`);
    const at = this.#names.indexOf(`${parent} ${dot < 0 ? name : name.slice(dot + 1)}`);
    const wanted = this.#wanted[at];
    if (wanted === undefined) throw new Error(`the field ${name} is not among the wanted`);
    return wanted.span;
  }

  #index(name: string, parent: number): number {
    const key = `${parent} ${name}`;
    if (!this.#names.includes(key)) {
      this.#names.push(key);
      const wanted = { name: new TextEncoder().encode(name), parent, span: emptySpan() };
      this.#wanted.push(wanted);
      this.#spans.push(wanted.span);
      const own = this.#keys[parent + 1] ?? [];
      this.#keys[parent + 1] = own;
      own[wanted.name.length] = [...(own[wanted.name.length] ?? []), this.#wanted.length - 1];
    }
    return this.#names.indexOf(key);
  }

  /** False: the line is not the plain case, and the spans mean nothing. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    const spans = this.#spans;
    if (this.#bytes !== bytes) for (const span of spans) span.bytes = bytes;
    for (let index = 0; index < spans.length; index += 1) {
      const span = spans[index]!;
      span.start = 0;
      span.end = 0;
    }
    this.#bytes = bytes;
    this.#end = end;
    let at = this.#blanks(start);
    if (bytes[at] !== openObject || at >= end) return false;
    at = this.#object(at + 1, -1);
    return at >= 0 && this.#blanks(at) === end;
  }

  #blanks(at: number): number {
    let next = at;
    while (next < this.#end && isBlank(this.#bytes[next])) next += 1;
    return next;
  }

  /** Behind the brace that closes it, or -1. */
  #object(start: number, parent: number): number {
    const bytes = this.#bytes;
    let at = this.#blanks(start);
    if (bytes[at] === closeObject) return at + 1;
    for (;;) {
      if (at >= this.#end || bytes[at] !== quote) return -1;
      const first = at + 1;
      const last = this.#string(first);
      if (last < 0 || this.#isEscaped) return -1;
      const wanted = this.#find(first, last, parent);
      at = this.#blanks(last + 1);
      if (bytes[at] !== colon) return -1;
      at = this.#value(this.#blanks(at + 1), wanted);
      if (at < 0) return -1;
      at = this.#blanks(at);
      if (at >= this.#end) return -1;
      if (bytes[at] === closeObject) return at + 1;
      if (bytes[at] !== comma) return -1;
      at = this.#blanks(at + 1);
    }
  }

  #isEscaped = false;

  /** The quote that closes the string whose first byte is at `start`, or -1; `#isEscaped` says whether it has escapes. */
  #string(start: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    this.#isEscaped = false;
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at];
      if (byte === quote) return at;
      if (byte === backslash) {
        this.#isEscaped = true;
        at += 1;
      }
    }
    return -1;
  }

  #find(first: number, last: number, parent: number): number {
    const candidates = this.#keys[parent + 1]?.[last - first];
    if (candidates === undefined) return -1;
    const bytes = this.#bytes;
    for (let index = 0; index < candidates.length; index += 1) {
      const wanted = candidates[index]!;
      const { name } = this.#wanted[wanted]!;
      let at = 0;
      while (at < name.length && name[at] === bytes[first + at]) at += 1;
      if (at === name.length) return wanted;
    }
    return -1;
  }

  /** Behind the value, or -1. */
  #value(at: number, wanted: number): number {
    const bytes = this.#bytes;
    const byte = at < this.#end ? bytes[at] : undefined;
    if (byte === quote) {
      const last = this.#string(at + 1);
      const isPlain = !this.#isEscaped && bytes[at + 1] !== space && bytes[last - 1] !== space;
      if (last < 0 || (wanted >= 0 && !isPlain)) return -1;
      this.#keep(wanted, at + 1, last);
      return last + 1;
    }
    if (byte === openObject && wanted >= 0 && this.#keys[wanted + 1] !== undefined)
      return this.#object(at + 1, wanted);
    if (byte === openObject || byte === openList) return this.#nested(at);
    let next = at;
    while (next < this.#end && bytes[next] !== comma && bytes[next] !== closeObject && !isBlank(bytes[next]))
      next += 1;
    if (next === at) return -1;
    // Of what is no string, numbers alone are words.
    const isNumber = bytes[at]! <= nine;
    if (wanted >= 0 && isNumber && !this.#isSpelledAsRead(at, next)) return -1;
    this.#keep(wanted, isNumber ? at : 0, isNumber ? next : 0);
    return next;
  }

  /** `7.0` and `1e3` are other texts as numbers, and so is what no double holds. */
  #isSpelledAsRead(start: number, end: number): boolean {
    const bytes = this.#bytes;
    let at = start;
    if (bytes[at] !== zero) while (at < end && bytes[at]! >= zero && bytes[at]! <= nine) at += 1;
    if (at === end && end - start <= 15) return true;
    const text = String.fromCharCode(...bytes.subarray(start, end));
    return String(Number(text)) === text;
  }

  #keep(wanted: number, start: number, end: number): void {
    if (wanted < 0) return;
    const { span } = this.#wanted[wanted]!;
    span.start = start;
    span.end = end;
  }

  #nested(start: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let depth = 0;
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at];
      if (byte === quote) {
        at = this.#string(at + 1);
        if (at < 0) return -1;
      } else if (byte === openObject || byte === openList) depth += 1;
      else if (byte === closeObject || byte === closeList) {
        depth -= 1;
        if (depth === 0) return at + 1;
      }
    }
    return -1;
  }
}

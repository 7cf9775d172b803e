/**
 * Writes a call into the buffer that the native module reads.
 *
 * Only what the tool's rules read is written: a record for each path, and texts in UTF-8. The buffer is used again
 * for every call; that is safe because reading arguments runs no code of theirs, so no call begins within another.
 */

import { ABSENT, Fault, Kind, dateText, field, item, kindOf, named, plainContent } from './fields.cjs';
import { HALF_PAIR, NOT_FINITE, TOO_DEEP, TOO_MANY, countOf, digits, jsonText, partText } from './json.cjs';
import { native } from './native.cjs';
import { EVERYTHING, type Reading, looks } from './reading.cjs';

const { HEADER, RECORD, MISSING, NOT_AN_OBJECT, NULL_ABOVE, NULL, FALSE, TRUE, NUMBER, TEXT, JSON, FAULT, LIST, OBJECT, READING_SHIFT } =
  native;
const { NESTING_MAX, SECRETS_MAX, VALUES_MAX } = native;
const { getOwnPropertyDescriptor } = Object;
const encoder = new TextEncoder();

/** Where short texts go, each in a place of its own: writing to a known place is the fastest there is. */
const LANES_AT = 4096;
const LANES = 8;
const LANE_BYTES = 2048;
const LANE_CHARS = Math.floor(LANE_BYTES / 3);
/** Text up to this length that is ASCII is written here, since calling the encoder costs more than that. */
const SHORT_CHARS = 48;
/** Where everything longer goes, one after the other. */
const HEAP_AT = LANES_AT + LANES * LANE_BYTES;

/** Bytes of the buffer that every call uses. */
export const SCRATCH_BYTES = 1 << 20;
/** Longest call that is taken. */
const CALL_BYTES_MAX = 1 << 30;

/** What crosses for a tool: the plan's number, the keys of each path, and what is looked at there. */
export interface Plan {
  readonly index: number;
  readonly paths: readonly (readonly string[])[];
  readonly readings: readonly Reading[];
}

/** What the first key of a path leads to has not been read. */
const UNREAD = Symbol('unread');
/** What a path leads to is written. */
const WRITTEN = Symbol('written');

/** The call needs a larger buffer. */
const OVERFLOW = Symbol('overflow');

/** A part is what only JSON text holds: a number of many digits, or an object whose keys are looked at. */
const IN_TEXT = Symbol('in text');

/** A buffer and what is being written to it. */
export class Crossing {
  readonly bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #numbers: Float64Array;
  readonly #heap: Buffer;
  readonly #lanes: readonly Uint8Array[];
  #lane = 0;
  #next = HEAP_AT;
  /** How many more parts of an argument may be read. */
  #left = 0;
  /** An argument of the call that was written last cannot be read. */
  #hasFault = false;

  constructor(size: number) {
    const buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#numbers = new Float64Array(buffer);
    this.#heap = Buffer.from(buffer);
    this.#lanes = Array.from(
      { length: LANES },
      (_, lane) => new Uint8Array(buffer, LANES_AT + lane * LANE_BYTES, LANE_BYTES),
    );
  }

  /** Whether an argument of the call that was written last cannot be read. */
  get hasFault(): boolean {
    return this.#hasFault;
  }

  /**
   * Writes the call; false where it does not fit. With the whole arguments each argument is whole, too, unless some of
   * what nobody looks at cannot be read: then all is as it is without them.
   */
  write(plan: Plan, args: object, justification: string, withWhole: boolean): boolean {
    try {
      this.#write(plan, args, justification, withWhole, withWhole);
      if (withWhole && this.#hasFault) this.#write(plan, args, justification, true, false);
      return true;
    } catch (problem) {
      if (problem === OVERFLOW) return false;
      throw problem;
    }
  }

  /** Writes a call whose arguments are JSON text; false where it does not fit. */
  writeText(plan: Plan, text: string): boolean {
    try {
      const words = this.#words;
      this.#lane = 0;
      this.#next = HEAP_AT;
      words[0] = plan.index;
      words[1] = 0;
      words[2] = 0;
      words[3] = 2;
      this.#text(HEADER / 4, TEXT, text);
      return true;
    } catch (problem) {
      if (problem === OVERFLOW) return false;
      throw problem;
    }
  }

  #write(plan: Plan, args: object, justification: string, withWhole: boolean, withAll: boolean): void {
    const words = this.#words;
    const { paths, readings } = plan;
    const count = paths.length;
    const end = HEADER + RECORD * (count + 2);
    this.#lane = end > LANES_AT ? LANES : 0;
    this.#next = end > LANES_AT ? Math.max(HEAP_AT, end) : HEAP_AT;
    if (this.#next > this.bytes.length) throw OVERFLOW;
    words[0] = plan.index;
    words[3] = 0;
    if (justification === '') {
      words[1] = 0;
      words[2] = 0;
    } else {
      const at = HEADER / 4 + (RECORD / 4) * (count + 1);
      this.#text(at, TEXT, justification);
      words[1] = words[at + 2] as number;
      words[2] = words[at + 1] as number;
    }
    const kind = kindOf(args);
    if (kind === Kind.List || kind === Kind.Date) {
      throw new Fault(`the arguments are no object but of type \`${kind === Kind.List ? 'Array' : 'Date'}\``);
    }
    this.#hasFault = false;
    // Without a path, the first record is not that of the call before.
    words[HEADER / 4] = 0;
    let at = HEADER / 4;
    for (let index = 0; index < count; index += 1) {
      const keys = paths[index] as readonly string[];
      const first = kind === Kind.Plain ? this.#plain(at, args, keys) : UNREAD;
      if (first !== WRITTEN) {
        this.#path(at, args, kind, keys, first, withAll ? EVERYTHING : (readings[index] as Reading));
      }
      at += RECORD / 4;
    }
    if (withWhole) this.#whole(at, args);
  }

  /**
   * What stands under the first key. What most rules read, short text right in the arguments, is written at once,
   * without the ways of everything else.
   */
  #plain(at: number, args: object, keys: readonly string[]): unknown {
    if (keys.length === 0) return UNREAD;
    const own = getOwnPropertyDescriptor(args, keys[0] as string);
    const first = own === undefined ? undefined : plainContent(own);
    if (first === undefined) return UNREAD;
    const lane = this.#lane;
    if (typeof first !== 'string' || keys.length > 1 || first.length > LANE_CHARS || lane >= LANES) return first;
    const to = this.#lanes[lane] as Uint8Array;
    let size = writeShort(first, to);
    if (size < 0) {
      if (!first.isWellFormed()) return first;
      size = encoder.encodeInto(first, to).written;
    }
    this.#lane = lane + 1;
    const words = this.#words;
    words[at] = TEXT;
    words[at + 1] = size;
    words[at + 2] = LANES_AT + lane * LANE_BYTES;
    return WRITTEN;
  }

  #path(at: number, args: object, kindOfArgs: Kind, keys: readonly string[], first: unknown, reading: Reading): void {
    try {
      let value: unknown = keys.length > 0 ? first : args;
      if (value === UNREAD) {
        value = field(args, kindOfArgs, keys[0] as string);
        if (value === ABSENT) return this.#absence(at, MISSING, 0);
      }
      for (let position = 1; position < keys.length; position += 1) {
        if (typeof value !== 'object' || value === null) {
          if (typeof value === 'function' || typeof value === 'symbol') throw new Fault(named(value));
          return this.#absence(at, value === null ? NULL_ABOVE : NOT_AN_OBJECT, position);
        }
        const kind = kindOf(value);
        if (kind === Kind.List || kind === Kind.Date) return this.#absence(at, NOT_AN_OBJECT, position);
        value = field(value, kind, keys[position] as string);
        if (value === ABSENT) return this.#absence(at, MISSING, position);
      }
      this.#value(at, value, keys.length, reading);
    } catch (problem) {
      if (problem === OVERFLOW) throw problem;
      this.#hasFault = true;
      this.#text(at, FAULT, problem instanceof Fault ? problem.words : 'reading it failed');
    }
  }

  #absence(at: number, kind: number, position: number): void {
    this.#words[at] = kind;
    this.#words[at + 1] = position;
  }

  #value(at: number, value: unknown, depth: number, reading: Reading): void {
    switch (typeof value) {
      case 'string':
        if (!value.isWellFormed()) throw new Fault(HALF_PAIR);
        if (!looks(reading)) break;
        return this.#text(at, TEXT, value);
      case 'number':
        if (value - value !== 0) throw new Fault(NOT_FINITE);
        this.#words[at] = NUMBER;
        this.#numbers[at / 2 + 1] = value;
        return;
      case 'boolean':
        this.#words[at] = value ? TRUE : FALSE;
        return;
      case 'bigint':
        return this.#text(at, JSON, digits(value));
      case 'object':
        if (value === null) break;
        return this.#object(at, value, depth, reading);
      default:
        throw new Fault(named(value));
    }
    this.#words[at] = NULL;
  }

  #object(at: number, value: object, depth: number, reading: Reading): void {
    const kind = kindOf(value);
    if (kind === Kind.Date) return this.#text(at, TEXT, dateText(value));
    if (reading.isParted && (kind === Kind.List || reading.entries === undefined)) {
      this.#left = VALUES_MAX;
      try {
        return this.#parts(at, value, kind, depth, reading);
      } catch (problem) {
        if (problem !== IN_TEXT) throw problem;
      }
    }
    this.#text(at, JSON, partText(value, depth, reading));
  }

  /** A record for each part of a list or an object that is looked at. */
  #parts(at: number, value: object, kind: Kind, depth: number, reading: Reading): void {
    if (depth >= NESTING_MAX) throw new Fault(TOO_DEEP);
    const words = this.#words;
    if (kind !== Kind.List) {
      const { names, fields } = reading;
      if (reading.entries !== undefined) throw IN_TEXT;
      words[at] = OBJECT + (reading.number << READING_SHIFT);
      words[at + 1] = reading.count ? countOf(value, kind) : 0;
      let part = this.#records(at, names.length);
      for (let index = 0; index < names.length; index += 1) {
        try {
          const own = field(value, kind, names[index] as string);
          if (own === ABSENT) this.#absence(part, MISSING, 0);
          else this.#part(part, own, depth + 1, fields[index] as Reading);
        } catch (problem) {
          this.#unreadable(part, problem);
        }
        part += RECORD / 4;
      }
      return;
    }
    const { length } = value as unknown[];
    words[at] = LIST + (reading.number << READING_SHIFT);
    words[at + 1] = length;
    const { items } = reading;
    const count = items === undefined ? 0 : Math.min(length, reading.first);
    let part = this.#records(at, count);
    for (let index = 0; index < count; index += 1) {
      try {
        const found = item(value, index);
        // As in JSON: what is not there still has its place in a list.
        this.#part(part, found === ABSENT ? null : found, depth + 1, items as Reading);
      } catch (problem) {
        this.#unreadable(part, problem);
      }
      part += RECORD / 4;
    }
  }

  /** Room for the records of so many parts, named in the record of what they are parts of. */
  #records(at: number, count: number): number {
    this.#left -= count;
    if (this.#left < 0) throw new Fault(TOO_MANY);
    const start = (this.#next + 7) & ~7;
    const end = start + count * RECORD;
    if (end > this.bytes.length) throw OVERFLOW;
    this.#next = end;
    this.#words[at + 2] = start;
    this.#words[at + 3] = count;
    return start / 4;
  }

  #part(at: number, value: unknown, depth: number, reading: Reading): void {
    if (typeof value === 'bigint') throw IN_TEXT;
    if (typeof value !== 'object' || value === null) return this.#value(at, value, depth, reading);
    const kind = kindOf(value);
    if (kind === Kind.Date) return this.#text(at, TEXT, dateText(value));
    this.#parts(at, value, kind, depth, reading);
  }

  /** A part that cannot be read is told in its place: only a call whose rules come to it is not valid. */
  #unreadable(at: number, problem: unknown): void {
    if (!(problem instanceof Fault)) throw problem;
    this.#text(at, FAULT, problem.words);
  }

  /** Everything, as far as it takes to find secrets; what cannot be read is no fault, since no rule asked for it. */
  #whole(at: number, args: object): void {
    let json: string;
    try {
      json = jsonText(args, 0, SECRETS_MAX);
    } catch {
      return;
    }
    this.#text(at, JSON, json);
    this.#words[3] = 1;
  }

  /** Writes well-formed text. */
  #text(at: number, kind: number, text: string): void {
    const words = this.#words;
    words[at] = kind;
    const lane = this.#lane;
    if (text.length <= LANE_CHARS && lane < LANES) {
      this.#lane = lane + 1;
      const to = this.#lanes[lane] as Uint8Array;
      const size = writeShort(text, to);
      words[at + 1] = size < 0 ? encoder.encodeInto(text, to).written : size;
      words[at + 2] = LANES_AT + lane * LANE_BYTES;
      return;
    }
    const next = this.#next;
    const room = this.bytes.length - next;
    // Three bytes are the most that a unit of UTF-16 takes.
    if (text.length * 3 > room && (text.length > room || Buffer.byteLength(text) > room)) throw OVERFLOW;
    const size = this.#heap.write(text, next, 'utf8');
    words[at + 1] = size;
    words[at + 2] = next;
    this.#next = next + size;
  }
}

/** Writes short ASCII text, and says how much that is; -1 for any other, which the encoder has to write. */
function writeShort(text: string, to: Uint8Array): number {
  const { length } = text;
  if (length > SHORT_CHARS) return -1;
  for (let index = 0; index < length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit > 127) return -1;
    to[index] = unit;
  }
  return length;
}

/** The whole call in a buffer of its own, large enough. */
export function crossingOf(plan: Plan, args: object, justification: string): Crossing {
  for (let size = SCRATCH_BYTES * 4; size <= CALL_BYTES_MAX; size *= 4) {
    const crossing = new Crossing(size);
    if (crossing.write(plan, args, justification, true)) return crossing;
  }
  throw new Fault('the arguments are too large');
}

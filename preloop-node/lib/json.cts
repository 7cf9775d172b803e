/** A value as JSON text, bounded in depth and size, without running code of the value's. */

import { ABSENT, Fault, Kind, dateText, field, item, kindOf, named } from './fields.cjs';
import { EVERYTHING, NOTHING, type Reading, fieldOf, looks } from './reading.cjs';
import { native } from './native.cjs';

const { getOwnPropertyDescriptor, keys: keysOf } = Object;
const { NESTING_MAX, VALUES_MAX } = native;
const quote = JSON.stringify;
const mapKeys = Map.prototype.keys;

/** JSON text of a value that stands `depth` levels deep in the arguments; throws a `Fault` where it has none. */
export function jsonText(value: unknown, depth: number, values: number = VALUES_MAX): string {
  return new Writer(values).value(value, NESTING_MAX - depth, EVERYTHING);
}

/** The same of what is looked at; what is not is left out, or null where it has to have a place. */
export function partText(value: unknown, depth: number, reading: Reading): string {
  return new Writer(VALUES_MAX).value(value, NESTING_MAX - depth, reading);
}

/** A copy of what `jsonText` could write, as its text would be read, but with each BigInt whole. */
export function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const kind = kindOf(value);
  if (kind === Kind.Date) return dateText(value);
  if (kind === Kind.List) {
    const { length } = value as unknown[];
    return Array.from({ length }, (_, index) => copyOf(getOwnPropertyDescriptor(value, index)?.value ?? null));
  }
  const keys = kind === Kind.Map ? ([...mapKeys.call(value)] as string[]) : keysOf(value);
  const parts = keys.map((key) => [key, field(value, kind, key)] as const).filter(([, part]) => part !== ABSENT);
  return Object.fromEntries(parts.map(([key, part]) => [key, copyOf(part)]));
}

class Writer {
  #left: number;

  constructor(values: number) {
    this.#left = values;
  }

  value(value: unknown, levels: number, reading: Reading): string {
    this.#count(1);
    switch (typeof value) {
      case 'string':
        return looks(reading) ? text(value) : wellFormed(value);
      case 'number':
        return number(value);
      case 'boolean':
        return value ? 'true' : 'false';
      case 'bigint':
        return digits(value);
      case 'object':
        return value === null ? 'null' : this.#object(value, levels, reading);
      default:
        throw new Fault(named(value));
    }
  }

  #object(value: object, levels: number, reading: Reading): string {
    const kind = kindOf(value);
    if (kind === Kind.Date) return quote(dateText(value));
    if (levels <= 0) throw new Fault(TOO_DEEP);
    if (kind === Kind.List) return this.#list(value as unknown[], levels - 1, reading);
    if (!reading.all && reading.entries === undefined && !reading.count) {
      return this.#fields(value, kind, levels - 1, reading);
    }
    if (kind === Kind.Map) return this.#map(value as Map<unknown, unknown>, levels - 1, reading);
    const keys = keysOf(value);
    if (keys.length > this.#left) this.#count(keys.length);
    let json = '{';
    for (const key of keys) {
      const part = field(value, kind, key);
      if (part === ABSENT) continue;
      json += `${json.length === 1 ? '' : ','}${text(key)}:${this.value(part, levels - 1, fieldOf(reading, key))}`;
    }
    return `${json}}`;
  }

  /** The fields that are looked at, and no others. */
  #fields(value: object, kind: Kind, levels: number, { names, fields }: Reading): string {
    let json = '{';
    for (let index = 0; index < names.length; index += 1) {
      const key = names[index] as string;
      const part = field(value, kind, key);
      if (part === ABSENT) continue;
      json += `${json.length === 1 ? '' : ','}${text(key)}:${this.value(part, levels, fields[index] as Reading)}`;
    }
    return `${json}}`;
  }

  #list(list: unknown[], levels: number, reading: Reading): string {
    let { length } = list;
    const ofItem = reading.all ? EVERYTHING : (reading.items ?? NOTHING);
    if (!reading.all && !reading.count) {
      if (reading.items === undefined) return '[]';
      if (reading.first < length) length = reading.first;
    }
    if (length > this.#left) this.#count(length);
    let json = '[';
    for (let index = 0; index < length; index += 1) {
      const part = item(list, index);
      if (index > 0) json += ',';
      // As in JSON: what is not there still has its place in a list.
      json += this.value(part === ABSENT ? null : part, levels, ofItem);
    }
    return `${json}]`;
  }

  #map(map: Map<unknown, unknown>, levels: number, reading: Reading): string {
    if (map.size > this.#left) this.#count(map.size);
    let json = '{';
    for (const [key, part] of Map.prototype.entries.call(map)) {
      if (typeof key !== 'string') throw new Fault('a key of this map is not text');
      if (part === undefined) continue;
      json += `${json.length === 1 ? '' : ','}${text(key)}:${this.value(part, levels, fieldOf(reading, key))}`;
    }
    return `${json}}`;
  }

  #count(values: number): void {
    this.#left -= values;
    if (this.#left < 0) throw new Fault(TOO_MANY);
  }
}

/** How many entries an object has. */
export function countOf(value: object, kind: Kind): number {
  const keys = kind === Kind.Map ? [...mapKeys.call(value)] : keysOf(value);
  let count = 0;
  for (const key of keys) {
    if (typeof key !== 'string') throw new Fault('a key of this map is not text');
    if (!key.isWellFormed()) throw new Fault(HALF_PAIR);
    if (field(value, kind, key) !== ABSENT) count += 1;
  }
  return count;
}

/** Null in the place of text that is there and that nobody looks at. */
function wellFormed(value: string): string {
  if (!value.isWellFormed()) throw new Fault(HALF_PAIR);
  return 'null';
}

/** JSON text of a number that is one in JSON too. */
function number(value: number): string {
  if (!Number.isFinite(value)) throw new Fault(NOT_FINITE);
  return String(value);
}

/** JSON text of a whole number; one far beyond every double is not even written, which takes long. */
export function digits(value: bigint): string {
  if (value >= TOO_LARGE || value <= -TOO_LARGE) throw new Fault('this number is too large for a double');
  return value.toString();
}

const TOO_LARGE = 2n ** 1024n;

function text(value: string): string {
  if (!value.isWellFormed()) throw new Fault(HALF_PAIR);
  return quote(value);
}

/** What is said of what nests too deep. */
export const TOO_DEEP = `this nests deeper than ${NESTING_MAX} levels, or holds itself`;

/** What is said of what holds more than may be read. */
export const TOO_MANY = 'this holds too many values';

/** What is said of a number that JSON has not. */
export const NOT_FINITE = 'this number is not one that JSON has (NaN or infinite)';

/** What is said of text that UTF-8 cannot hold. */
export const HALF_PAIR = 'this text has half of a surrogate pair';

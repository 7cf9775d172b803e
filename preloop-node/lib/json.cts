/** A value as JSON text, bounded in depth and size, without running code of the value's. */

import { ABSENT, Fault, Kind, content, dateText, field, kindOf, named } from './fields.cjs';
import { native } from './native.cjs';

const { getOwnPropertyDescriptor, keys: keysOf } = Object;
const { NESTING_MAX, VALUES_MAX } = native;
const quote = JSON.stringify;

/** JSON text of a value that stands `depth` levels deep in the arguments; throws a `Fault` where it has none. */
export function jsonText(value: unknown, depth: number, values: number = VALUES_MAX): string {
  return new Writer(values).value(value, NESTING_MAX - depth);
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
  const keys = kind === Kind.Map ? ([...Map.prototype.keys.call(value)] as string[]) : keysOf(value);
  const parts = keys.map((key) => [key, field(value, kind, key)] as const).filter(([, part]) => part !== ABSENT);
  return Object.fromEntries(parts.map(([key, part]) => [key, copyOf(part)]));
}

class Writer {
  #left: number;

  constructor(values: number) {
    this.#left = values;
  }

  value(value: unknown, levels: number): string {
    this.#count(1);
    switch (typeof value) {
      case 'string':
        return text(value);
      case 'number':
        return number(value);
      case 'boolean':
        return value ? 'true' : 'false';
      case 'bigint':
        return digits(value);
      case 'object':
        return value === null ? 'null' : this.#object(value, levels);
      default:
        throw new Fault(named(value));
    }
  }

  #object(value: object, levels: number): string {
    const kind = kindOf(value);
    if (kind === Kind.Date) return quote(dateText(value));
    if (levels <= 0) throw new Fault(`this nests deeper than ${NESTING_MAX} levels, or holds itself`);
    if (kind === Kind.List) return this.#list(value as unknown[], levels - 1);
    if (kind === Kind.Map) return this.#map(value as Map<unknown, unknown>, levels - 1);
    const keys = keysOf(value);
    if (keys.length > this.#left) this.#count(keys.length);
    let json = '{';
    for (const key of keys) {
      const part = field(value, kind, key);
      if (part === ABSENT) continue;
      json += `${json.length === 1 ? '' : ','}${text(key)}:${this.value(part, levels - 1)}`;
    }
    return `${json}}`;
  }

  #list(list: unknown[], levels: number): string {
    if (list.length > this.#left) this.#count(list.length);
    let json = '[';
    for (let index = 0; index < list.length; index += 1) {
      const own = getOwnPropertyDescriptor(list, index);
      const part = own === undefined ? ABSENT : content(own, String(index));
      if (index > 0) json += ',';
      // As in JSON: what is not there still has its place in a list.
      json += part === ABSENT ? this.value(null, levels) : this.value(part, levels);
    }
    return `${json}]`;
  }

  #map(map: Map<unknown, unknown>, levels: number): string {
    if (map.size > this.#left) this.#count(map.size);
    let json = '{';
    for (const [key, part] of Map.prototype.entries.call(map)) {
      if (typeof key !== 'string') throw new Fault('a key of this map is not text');
      if (part === undefined) continue;
      json += `${json.length === 1 ? '' : ','}${text(key)}:${this.value(part, levels)}`;
    }
    return `${json}}`;
  }

  #count(values: number): void {
    this.#left -= values;
    if (this.#left < 0) throw new Fault('this holds too many values');
  }
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

/** What is said of a number that JSON has not. */
export const NOT_FINITE = 'this number is not one that JSON has (NaN or infinite)';

/** What is said of text that UTF-8 cannot hold. */
export const HALF_PAIR = 'this text has half of a surrogate pair';

/**
 * Reading values that others made, without ever running code of theirs.
 *
 * A getter, a proxy or a `toJSON` could show the policy one thing and the tool another, or call the engine in the
 * middle of a call. Such a value is a fault where a rule reads it, and nobody's business where none does.
 */

import { types } from 'node:util';

const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn } = Object;
const { isArray } = Array;
const { isProxy, isDate, isMap } = types;
const { toISOString } = Date.prototype;
const mapGet = Map.prototype.get;
const mapHas = Map.prototype.has;
const objectPrototype: object = Object.prototype;
const arrayPrototype: object = Array.prototype;
const { bind, call } = Function.prototype;
const { __lookupGetter__: lookupGetter } = objectPrototype as { __lookupGetter__?: unknown };
/** The code that makes an item of a list; null where that cannot be asked, since somebody took the means away. */
const getterOf: (list: object, index: number) => unknown =
  typeof lookupGetter === 'function' ? bind.call(call, lookupGetter) : () => null;

/** Names that every object inherits; anything else that it inherits was put there by somebody. */
const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(objectPrototype));

/** No such key. */
export const ABSENT: unique symbol = Symbol('absent');

/** Why a value cannot be read, in words without the place. */
export class Fault {
  readonly words: string;

  constructor(words: string) {
    this.words = words;
  }
}

/** What a value of type object is, as far as JSON goes. */
export const enum Kind {
  Plain,
  List,
  Map,
  Date,
  Instance,
}

/** What an object is; a fault if JSON has nothing like it or it has code of its own. */
export function kindOf(value: object): Kind {
  if (isProxy(value)) throw new Fault('a proxy runs code where it is read');
  const prototype = getPrototypeOf(value) as object | null;
  if (prototype === objectPrototype || prototype === null) {
    if ('toJSON' in value) refuseToJson(value);
    return Kind.Plain;
  }
  if (prototype === arrayPrototype && isArray(value)) {
    if ('toJSON' in value) refuseToJson(value);
    return Kind.List;
  }
  return oddKind(value);
}

/** The value under a key of an object, `ABSENT` where there is none. */
export function field(value: object, kind: Kind, key: string): unknown {
  if (kind === Kind.Map) return entry(value as Map<unknown, unknown>, key);
  const own = getOwnPropertyDescriptor(value, key);
  if (own !== undefined) return content(own, key);
  if (kind === Kind.Plain ? key in objectPrototype && !INHERITED.has(key) : true) refuseInherited(value, key);
  return ABSENT;
}

/** The item at a position of a list, `ABSENT` where there is none. */
export function item(list: object, index: number): unknown {
  // Where no code makes the item, looking at it runs none. Asking that is cheaper than making its descriptor, and the item
  // is the list's own, so nothing that the list inherits is asked. Whether it is enumerable is not: whoever goes through
  // a list comes to each item, and JSON has each of them, too.
  if (hasOwn(list, index) && getterOf(list, index) === undefined) {
    const found = (list as unknown[])[index];
    if (found !== undefined) return found;
  }
  const own = getOwnPropertyDescriptor(list, index);
  return own === undefined ? ABSENT : content(own, index);
}

/** The value that a descriptor holds, if it is a usual one; `undefined` for any other. */
export function plainContent(own: PropertyDescriptor): unknown {
  // A descriptor of code has no `value`, so what it would inherit must not be taken for one.
  return own.enumerable !== true || 'value' in objectPrototype ? undefined : own.value;
}

/** The value that a descriptor holds. */
export function content(own: PropertyDescriptor, key: string | number): unknown {
  const found = plainContent(own);
  if (found !== undefined) return found;
  if (!hasOwn(own, 'value')) throw new Fault(`\`${shown(key)}\` is not a value but code that makes one`);
  if (own.enumerable !== true) throw new Fault(`\`${shown(key)}\` is hidden: it is not enumerable`);
  return own.value === undefined ? ABSENT : own.value;
}

/** The text that JSON has for a date. */
export function dateText(value: object): string {
  try {
    return toISOString.call(value as Date);
  } catch {
    throw new Fault('this date is not valid');
  }
}

/** What a value that is no object and no JSON value is called. */
export function named(value: unknown): string {
  switch (typeof value) {
    case 'function':
      return 'a function is no JSON value';
    case 'symbol':
      return 'a symbol is no JSON value';
    default:
      return 'this is no JSON value';
  }
}

/** A key, cut so that it can be told. */
export function shown(key: string | number): string {
  if (typeof key === 'number') return String(key);
  return key.length > 80 ? `${key.slice(0, 80)}...`.toWellFormed() : key.toWellFormed();
}

function oddKind(value: object): Kind {
  for (let link: object | null = value; link !== null; link = getPrototypeOf(link) as object | null) {
    if (isProxy(link)) throw new Fault('a proxy runs code where it is read');
    if (isDate(value)) continue;
    const own = getOwnPropertyDescriptor(link, 'toJSON');
    if (own !== undefined && (!hasOwn(own, 'value') || typeof own.value === 'function')) {
      throw new Fault('this has a `toJSON` of its own, which may say something else than it holds');
    }
  }
  if (isDate(value)) return Kind.Date;
  if (isArray(value)) return Kind.List;
  if (isMap(value)) {
    if (getPrototypeOf(value) !== Map.prototype) throw new Fault('this map is of a class that may read otherwise');
    return Kind.Map;
  }
  if (isExotic(value)) throw new Fault(`${exoticName(value)} is no JSON value`);
  return Kind.Instance;
}

function isExotic(value: object): boolean {
  return (
    types.isSet(value) ||
    types.isBoxedPrimitive(value) ||
    types.isRegExp(value) ||
    types.isPromise(value) ||
    types.isAnyArrayBuffer(value) ||
    ArrayBuffer.isView(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isExternal(value) ||
    types.isModuleNamespaceObject(value) ||
    types.isGeneratorObject(value)
  );
}

function exoticName(value: object): string {
  if (types.isSet(value)) return 'a set';
  if (types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value)) return 'a buffer';
  if (types.isBoxedPrimitive(value)) return 'a boxed primitive';
  if (types.isPromise(value)) return 'a promise';
  return 'such an object';
}

function refuseToJson(value: object): void {
  for (let link: object | null = value; link !== null; link = getPrototypeOf(link) as object | null) {
    const own = getOwnPropertyDescriptor(link, 'toJSON');
    if (own === undefined) continue;
    if (hasOwn(own, 'value') && typeof own.value !== 'function') return;
    throw new Fault('this has a `toJSON` of its own, which may say something else than it holds');
  }
}

/** What a class or a polluted prototype brings would reach the tool unseen. */
function refuseInherited(value: object, key: string): void {
  let link = getPrototypeOf(value) as object | null;
  for (; link !== null; link = getPrototypeOf(link) as object | null) {
    const isRoot = getPrototypeOf(link) === null;
    if (getOwnPropertyDescriptor(link, key) !== undefined && !(isRoot && INHERITED.has(key))) {
      throw new Fault(`\`${shown(key)}\` is not the object's own, it is inherited`);
    }
  }
}

function entry(map: Map<unknown, unknown>, key: string): unknown {
  if (hasOwn(map, 'get')) throw new Fault('this map is of a class that may read otherwise');
  if (!mapHas.call(map, key)) return ABSENT;
  const value = mapGet.call(map, key);
  return value === undefined ? ABSENT : value;
}

// Values of JavaScript: each is what JSON makes of it, or cannot be read.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';

import { engineOf, judged } from './support.mjs';

const MATCH = 'deny rule_matched';
const OTHER = 'allow no_rule_matched';
const UNREADABLE = 'deny invalid_call';
const FAILED = 'deny condition_error';

const told = (value) => inspect(value, { maxStringLength: 40 });

/** Judges values of `args.v` under one condition. */
function check(expression, table) {
  const one = engineOf(expression);
  for (const [value, wanted] of table) {
    assert.equal(judged(one, { v: value }), wanted, `${expression} of ${told(value)}`);
    assert.equal(judged(one, new Map([['v', value]])), wanted, `${expression} of ${told(value)} in a map`);
    assert.equal(one.explain('t', { v: value }).action, wanted.split(' ')[0]);
  }
}

test('numbers', () => {
  check('args.v == 30 && args.v % 2 == 0', [
    [30, MATCH],
    [30.0, MATCH],
    [30n, MATCH],
    [31, OTHER],
    [31n, OTHER],
    [NaN, UNREADABLE],
    [Infinity, UNREADABLE],
    [-Infinity, UNREADABLE],
    [new Number(30), UNREADABLE],
    ['30', OTHER],
  ]);
  check('args.v == 9007199254740993', [
    [9007199254740993n, MATCH],
    [9007199254740992n, OTHER],
    [9007199254740992, OTHER],
    [9007199254740994, OTHER],
  ]);
  check('args.v == 18446744073709551615u', [
    [18446744073709551615n, MATCH],
    [18446744073709551614n, OTHER],
    // Beyond 64 bits an integer is the double that JSON text of the same digits is.
    [18446744073709551616n, OTHER],
    [2 ** 64, OTHER],
  ]);
  check('args.v == 18446744073709551616.0', [
    [18446744073709551616n, MATCH],
    [2 ** 64, MATCH],
  ]);
  check('args.v == -9223372036854775808', [
    [-9223372036854775808n, MATCH],
    [-(2 ** 63), MATCH],
  ]);
  check('args.v == 0 && string(args.v) == "0"', [
    [-0, MATCH],
    [0n, MATCH],
  ]);
  check('args.v > 1e308', [
    [1.7e308, MATCH],
    [10n ** 308n * 2n, UNREADABLE],
    [10n ** 400n, UNREADABLE],
    // Not written out first, which would take seconds.
    [-(10n ** 1_000_000n), UNREADABLE],
  ]);
  check('args.v < 1e-300', [[5e-324, MATCH]]);
});

test('text', () => {
  check("args.v == 'a\\u00e9\\U0001F600'", [
    ['a\u00e9\u{1f600}', MATCH],
    ['ae\u0301\u{1f600}', OTHER],
    ['a\u00e9\ud83d', UNREADABLE],
    ['\ude00', UNREADABLE],
    [new String('x'), UNREADABLE],
  ]);
  check('size(args.v) == 3', [
    ['\u{1f600}\u{1f600}\u{1f600}', MATCH],
    ['abc', MATCH],
    ['a\u0000b', MATCH],
  ]);
  check('args.v.endsWith("end")', [
    [`${'x'.repeat(682)}end`, MATCH],
    [`${'\u20ac'.repeat(100_000)}end`, MATCH],
    [`${'\u20ac'.repeat(100_000)}END`, OTHER],
  ]);
  // Larger than the buffer that every call uses.
  check('args.v.startsWith("x")', [['x'.repeat(1_300_000), MATCH]]);
});

test('null, undefined, absent', () => {
  check('args.v == null', [[null, MATCH]]);
  const has = engineOf('has(args.v)');
  assert.equal(judged(has, { v: null }), MATCH);
  assert.equal(judged(has, { v: undefined }), OTHER);
  assert.equal(judged(has, {}), OTHER);
  assert.equal(judged(has, new Map([['v', undefined]])), OTHER);
  // Simple comparisons take a missing field for null.
  const simple = engineOf('v == null');
  assert.equal(judged(simple, { v: undefined }), MATCH);
  const deep = engineOf('has(args.a.b) && args.a.b.c == 1');
  assert.equal(judged(deep, { a: { b: { c: 1 } } }), MATCH);
  assert.equal(judged(deep, { a: {} }), OTHER);
  assert.equal(judged(deep, {}), FAILED);
  assert.equal(judged(deep, { a: null }), FAILED);
  assert.equal(judged(deep, { a: 'text' }), FAILED);
  assert.equal(judged(deep, { a: [1] }), FAILED);
});

test('true and false', () => {
  check('args.v', [
    [true, MATCH],
    [false, OTHER],
    [1, FAILED],
    [new Boolean(true), UNREADABLE],
  ]);
});

test('dates are the text that JSON has for them', () => {
  check("args.v == '2026-01-31T12:00:00.000Z' && timestamp(args.v) < timestamp('2027-01-01T00:00:00Z')", [
    [new Date('2026-01-31T12:00:00Z'), MATCH],
    [new Date(NaN), UNREADABLE],
    [runInNewContext("new Date('2026-01-31T12:00:00Z')"), MATCH],
  ]);
  const field = engineOf('args.v.time == 1');
  assert.equal(judged(field, { v: new Date() }), FAILED);
  class Sly extends Date {
    toISOString() {
      return 'whatever';
    }
  }
  check("args.v == '1970-01-01T00:00:00.000Z'", [[new Sly(0), MATCH]]);
});

test('lists and objects', () => {
  check('args.v.exists(x, x == 3)', [
    [[1, 2, 3], MATCH],
    [[1, 2, 3n], MATCH],
    [[], OTHER],
    [[1, undefined], OTHER],
    [[1, , 3], MATCH],
    [[1, () => 1], UNREADABLE],
    [[1, NaN], UNREADABLE],
    [[1, '\ud800'], UNREADABLE],
    [[1, new Set()], UNREADABLE],
    // What a rule does not come to may be anything.
    [[3, NaN], MATCH],
    [[3, () => 1, new Proxy({}, {})], MATCH],
  ]);
  check("args.v['a'].b == 1 && size(args.v) == 2", [
    [{ a: { b: 1 }, c: new Date(0) }, MATCH],
    [{ a: { b: 1 }, c: undefined }, OTHER],
    [{ a: { b: 1n }, c: new Map([['x', [1]]]) }, MATCH],
    [new Map([['a', new Map([['b', 1]])], ['c', null]]), MATCH],
    [new Map([['a', { b: 1 }], [1, 2]]), UNREADABLE],
    [Object.assign(Object.create(null), { a: { b: 1 }, c: 2 }), MATCH],
    [runInNewContext('({a: {b: 1}, c: [1]})'), MATCH],
    [{ a: { b: 1 }, '\ud800': 1 }, UNREADABLE],
  ]);
  const far = { deep: [() => 1] };
  check('args.v.exists(x, x.price > 5)', [
    [[{ price: 1, other: far }, { price: 9 }], MATCH],
    [[{ price: 1, other: far }, { price: 2 }], OTHER],
    [[new Map([['price', 7], ['other', far]])], MATCH],
    [{ price: 7 }, FAILED],
    [[{ other: far }], FAILED],
    [[{ price: far }], FAILED],
    [[far, { get price() { return 1; } }], UNREADABLE],
    [[{ price: 9 }, { get price() { return 1; } }], MATCH],
    [[{ price: 9 }, { price: '\ud800' }, new Set()], MATCH],
  ]);
  check("has(args.v.a) && size(args.v.a) == 2 && args.v.a[0] == 'x'", [
    [{ a: ['x', 'y'] }, MATCH],
    [{ a: ['x', far] }, MATCH],
    [{ a: ['x'] }, OTHER],
    [{}, OTHER],
    [{ a: { x: 1 } }, OTHER],
    [{ a: { x: 1, y: far } }, FAILED],
  ]);
  check("'a' in args.v && args.v.all(k, v, k != 'a' || v == 1)", [
    [{ a: 1, b: 2 }, MATCH],
    [new Map([['a', 1]]), MATCH],
    [{ b: 1 }, OTHER],
    [['a'], MATCH],
    [{ a: 1, b: far }, MATCH],
  ]);
  check("args.v.filter(x, x.on).map(x, x.name) == ['b']", [
    [[{ on: false, name: far }, { on: true, name: 'b' }], UNREADABLE],
    [[{ on: false, name: 'a', z: far }, { on: true, name: 'b' }], MATCH],
  ]);
  check('args.v.filter(x, x.on).size() == 1', [
    [[{ on: false, name: far }, { on: true, name: far }], MATCH],
    [[{ on: true }, { on: true }], OTHER],
  ]);
  check("args.v[1] == 'x'", [
    [['', 'x'], MATCH],
    [new (class Own extends Array {})('', 'x'), MATCH],
  ]);
});

test('what JSON has not cannot be read', () => {
  check('args.v == 1', [
    [() => 1, UNREADABLE],
    [class {}, UNREADABLE],
    [Symbol('s'), UNREADABLE],
    [new Set([1]), UNREADABLE],
    [new Uint8Array(1), UNREADABLE],
    [Buffer.from('1'), UNREADABLE],
    [new ArrayBuffer(1), UNREADABLE],
    [new WeakMap(), UNREADABLE],
    [Promise.resolve(1), UNREADABLE],
    [/1/, UNREADABLE],
  ]);
});

test('instances of classes count with what is their own', () => {
  class Point {
    constructor(x) {
      this.x = x;
    }
    get twice() {
      return this.x * 2;
    }
    method() {}
  }
  const point = (expression) => judged(engineOf(expression), { v: new Point(1) });
  assert.equal(point('args.v.x == 1'), MATCH);
  assert.equal(point('has(args.v.y)'), OTHER);
  assert.equal(point('args.v.twice == 2'), UNREADABLE);
  assert.equal(point('has(args.v.method)'), UNREADABLE);
  assert.equal(point('has(args.v.constructor)'), UNREADABLE);
  assert.equal(judged(engineOf('args.x == 1'), new Point(1)), MATCH);
});

test('a toJSON of its own may say something else', () => {
  class Money {
    constructor() {
      this.v = 1;
    }
    toJSON() {
      return { v: 2 };
    }
  }
  const one = engineOf('args.v == 1');
  assert.equal(judged(one, new Money()), UNREADABLE);
  assert.equal(judged(one, { v: 1, toJSON: () => ({ v: 2 }) }), UNREADABLE);
  assert.equal(judged(one, { v: 1, toJSON: 'text is no code' }), MATCH);
  const inner = engineOf('args.m.v == 1');
  assert.equal(judged(inner, { m: new Money() }), UNREADABLE);
  const list = Object.assign([1], { toJSON: () => [2] });
  assert.equal(judged(engineOf('args.v[0] == 1'), { v: list }), UNREADABLE);
});

test('what every object inherits is no argument', () => {
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf']) {
    assert.equal(judged(engineOf(`has(args.${name}) || has(args.v.${name})`), { v: {} }), OTHER, name);
  }
  const proto = JSON.parse('{"__proto__": {"v": 1}}');
  assert.equal(judged(engineOf('has(args.v)'), proto), OTHER);
  assert.equal(judged(engineOf("args['__proto__'].v == 1"), proto), MATCH);
});

test('a polluted prototype shows', () => {
  const one = engineOf('has(args.polluted)');
  try {
    Object.prototype.polluted = 'x';
    assert.equal(judged(one, {}), UNREADABLE);
    assert.equal(judged(one, { polluted: 1 }), MATCH);
    assert.equal(judged(one, Object.create(null)), OTHER);
  } finally {
    delete Object.prototype.polluted;
  }
  assert.equal(judged(one, {}), OTHER);
});

test('what no rule reads may be anything', () => {
  const one = engineOf('args.v == 1');
  const cycle = {};
  cycle.self = cycle;
  const odd = [NaN, 10n ** 500n, () => 1, Symbol('s'), new Set(), '\ud800', cycle, new Proxy({}, {}), undefined];
  for (const other of odd) assert.equal(judged(one, { v: 1, other, list: [other] }), MATCH);
  const thrower = {
    v: 1,
    get other() {
      throw new Error('never read');
    },
  };
  assert.equal(judged(one, thrower), MATCH);
});

test('JSON text gives the same objects as an object does', () => {
  const one = engineOf("args.v == 'x'");
  for (const v of ['x', 'y']) {
    const decision = one.decide('t', { v });
    assert.equal(one.decide('t', JSON.stringify({ v })), decision);
    assert.equal(one.decide('t', JSON.stringify({ v, z: 'z'.repeat(2_000_000) })).action, decision.action);
    assert.deepEqual(one.decide('t', JSON.stringify({ v }), { justification: 'because' }).toJSON(), decision.toJSON());
  }
  const fresh = engineOf("args.v == 'x'");
  assert.equal(fresh.decide('t', '{"v": "x"}'), fresh.decide('t', { v: 'x' }));
  assert.equal(fresh.decide('t', '{"v": "x"').reason, 'invalid_call');
  assert.equal(fresh.decide('t', '[]').reason, 'invalid_call');
  assert.equal(engineOf('args.v > 1').decide('t', '{}').action, engineOf('args.v > 1').decide('t', {}).action);
});

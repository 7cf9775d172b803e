// Arguments that mean harm: none throws, none ends the process, none gets a call through.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Engine, engine, engineOf, judged } from './support.mjs';

const UNREADABLE = 'deny invalid_call';

test('getters are never run', () => {
  let runs = 0;
  const args = {
    get command() {
      runs += 1;
      return 'ls';
    },
  };
  const decision = engine.decide('bash', args);
  assert.equal(decision.reason, 'invalid_call');
  assert.equal(
    decision.errors[0].message,
    '`args.command` cannot be read: `command` is not a value but code that makes one',
  );
  const thrower = Object.defineProperty({}, 'command', {
    enumerable: true,
    get() {
      throw new Error('boom');
    },
  });
  assert.equal(engine.decide('bash', thrower).reason, 'invalid_call');
  assert.equal(engine.explain('bash', args).reason, 'invalid_call');
  assert.equal(engine.decide('list', { items: [{ get kind() { runs += 1; return ''; } }] }).reason, 'invalid_call');
  const list = [];
  Object.defineProperty(list, 0, { enumerable: true, get: () => (runs += 1) });
  assert.equal(engine.decide('list', { items: list }).reason, 'invalid_call');
  assert.equal(runs, 0);
});

test('items that are made by code are told from items that are there', () => {
  let runs = 0;
  const made = (item) => {
    const list = [{ kind: 'plain' }, 'x'];
    Object.defineProperty(list, 1, { enumerable: true, configurable: true, ...item });
    return engine.decide('list', { items: list });
  };
  const code = '`args.items` cannot be read: `1` is not a value but code that makes one';
  assert.equal(made({ get: () => (runs += 1) }).errors[0].message, code);
  assert.equal(made({ set: () => (runs += 1) }).errors[0].message, code);
  assert.equal(made({ get: undefined, set: undefined }).errors[0].message, code);
  // Whoever goes through a list comes to an item that is not enumerable, too.
  assert.equal(made({ value: { kind: 'secret' }, enumerable: false }).reason, 'rule_matched');
  // What is not there, or undefined, has its place; what the list would inherit is not its own.
  const absent = engineOf('args.v.exists(i, i != null)');
  assert.equal(judged(absent, { v: [, undefined, null] }), 'allow no_rule_matched');
  Object.defineProperty(Array.prototype, 0, { configurable: true, get: () => (runs += 1) });
  try {
    assert.equal(judged(absent, { v: [, undefined] }), 'allow no_rule_matched');
  } finally {
    delete Array.prototype[0];
  }
  assert.equal(runs, 0);
});

test('what all objects inherit is not taken for what a descriptor holds', () => {
  let runs = 0;
  const args = { get command() { runs += 1; return 'ls'; } };
  const list = [];
  Object.defineProperty(list, 0, { enumerable: true, get: () => (runs += 1) });
  for (const value of [{ value: 'ls' }, { get: () => { runs += 1; return 'ls'; } }]) {
    Object.defineProperty(Object.prototype, 'value', { configurable: true, ...value });
    try {
      assert.equal(engine.decide('bash', args).reason, 'invalid_call');
      assert.equal(engine.decide('list', { items: list }).reason, 'invalid_call');
      assert.equal(engine.decide('list', { items: [{ get kind() { runs += 1; return ''; } }] }).reason, 'invalid_call');
      assert.equal(engine.decide('bash', { command: 'rm -rf /' }).action, 'deny');
    } finally {
      delete Object.prototype.value;
    }
  }
  assert.equal(runs, 0);
});

test('what is hidden is not passed over', () => {
  const hidden = Object.defineProperty({}, 'command', { value: 'rm -rf /', enumerable: false });
  assert.equal(engine.decide('bash', hidden).reason, 'invalid_call');
});

test('proxies are never asked', () => {
  const traps = new Proxy({}, { get: (_, trap) => assert.fail(`the proxy was asked: ${String(trap)}`) });
  const args = new Proxy({ command: 'ls' }, traps);
  assert.equal(engine.decide('bash', args).reason, 'invalid_call');
  assert.equal(engine.explain('bash', args).reason, 'invalid_call');
  assert.equal(engine.decide('list', { items: new Proxy([], traps) }).reason, 'invalid_call');
  assert.equal(engine.decide('list', { items: [new Proxy({}, traps)] }).reason, 'invalid_call');
  assert.equal(engine.decide('bash', Object.create(new Proxy({}, traps))).reason, 'invalid_call');
  assert.equal(engine.decide('pay', { amount: 1, to: new Proxy({}, traps) }, { justification: 'x' }).action, 'deny');
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assert.equal(engine.decide('bash', proxy).reason, 'invalid_call');
});

test('cycles and depth end', () => {
  const cycle = { items: [] };
  cycle.items.push(cycle);
  // What is looked at of it ends; the whole of it does not.
  assert.equal(engine.decide('list', cycle).reason, 'condition_error');
  const all = engineOf("args.items == ['x']");
  assert.equal(judged(all, cycle), UNREADABLE);
  assert.match(all.decide('t', cycle).errors[0].message, /nests deeper than 64 levels, or holds itself/);
  assert.equal(engine.decide('whole', cycle).reason, 'invalid_call');
  let deep = [];
  for (let level = 0; level < 10_000; level += 1) deep = [deep];
  assert.equal(judged(all, { items: deep }), UNREADABLE);
  let nested = {};
  for (let level = 0; level < 10_000; level += 1) nested = { to: nested };
  assert.equal(engine.decide('pay', { amount: 1, ...nested }, { justification: 'x' }).action, 'require_approval');
  const loop = { amount: 1 };
  loop.to = loop;
  assert.equal(engine.decide('pay', loop, { justification: 'x' }).action, 'require_approval');
});

test('depth is counted as for JSON text', () => {
  const one = engineOf("args.v == ['x']");
  const text = (levels) => `{"v":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  for (const levels of [1, 62, 63, 64, 65]) {
    assert.equal(judged(one, JSON.parse(text(levels))), judged(one, text(levels)), `${levels} levels`);
  }
  assert.equal(judged(one, text(63)), 'allow no_rule_matched');
  assert.equal(judged(one, text(64)), UNREADABLE);
});

test('a million keys', () => {
  const many = { command: 'rm -rf /' };
  for (let key = 0; key < 1_000_000; key += 1) many[`key${key}`] = key;
  assert.equal(engine.decide('bash', many).action, 'deny');
  assert.equal(engine.decide('bash', many).reason, 'rule_matched');
  assert.equal(engine.decide('whole', many).reason, 'invalid_call');
  delete many.command;
  assert.equal(engine.decide('bash', many).reason, 'condition_error');
  assert.equal(judged(engineOf('size(args.v) == 1000000'), { v: many }), 'deny rule_matched');
  const sparse = [];
  sparse.length = 4_294_967_295;
  assert.equal(engine.decide('list', { items: sparse }).reason, 'invalid_call');
  assert.equal(judged(engineOf('size(args.v) == 4294967295 && has(args.v)'), { v: sparse }), 'deny rule_matched');
  assert.equal(judged(engineOf('args.v[7] == 7'), { v: Array.from({ length: 1_000_000 }, (_, index) => index) }), 'deny rule_matched');
});

test('a shared structure that unfolds without end', () => {
  let bomb = ['x'.repeat(100)];
  for (let level = 0; level < 40; level += 1) bomb = [bomb, bomb];
  assert.equal(judged(engineOf("args.items == ['x']"), { items: bomb }), UNREADABLE);
});

test('arguments that change are read once', () => {
  const args = { command: 'ls' };
  assert.equal(engine.decide('bash', args).action, 'allow');
  args.command = 'rm -rf /';
  assert.equal(engine.decide('bash', args).action, 'deny');
});

test('near the end of the stack a call is denied or fails, never allowed', () => {
  let allowed = 0;
  let decided = 0;
  function down() {
    try {
      const { action } = engine.decide('bash', { command: 'rm -rf /' });
      decided += 1;
      if (action === 'allow') allowed += 1;
    } catch (error) {
      // Where there is no room for the call itself, it never began.
      assert.ok(error instanceof RangeError);
      assert.match(error.stack.split('\n')[1], /at (Engine\.decide|down) /);
      return;
    }
    down();
  }
  try {
    down();
  } catch (error) {
    assert.ok(error instanceof RangeError);
  }
  assert.equal(allowed, 0);
  assert.ok(decided > 100);
  assert.equal(engine.decide('bash', { command: 'ls' }).action, 'allow');
});

test('large texts and many paths', () => {
  const rules = Array.from({ length: 400 }, (_, index) => ({
    expression: `args.k${index} == 'hit'`,
    action: 'deny',
    name: `rule ${index}`,
  }));
  const document = { version: '1.0', metadata: { name: 'many' }, tools: [{ name: 't', conditions: rules }] };
  const many = Engine.fromYaml(JSON.stringify(document));
  const args = Object.fromEntries(rules.map((_, index) => [`k${index}`, 'miss']));
  assert.equal(many.decide('t', args).action, 'allow');
  assert.equal(many.decide('t', { ...args, k399: 'hit' }).rule.name, 'rule 399');
  const long = 'x'.repeat(1000);
  for (const key of Object.keys(args)) args[key] = long;
  assert.equal(many.decide('t', { ...args, k399: 'hit' }).rule.name, 'rule 399');
  for (const key of Object.keys(args)) args[key] = long.repeat(10);
  assert.equal(many.decide('t', { ...args, k7: 'hit' }).rule.name, 'rule 7');
});

test('tools without end do not pile up', () => {
  for (let number = 0; number < 20_000; number += 1) {
    assert.equal(engine.decide(`tool-${number}`, {}).reason, 'unknown_tool');
    assert.equal(engine.decide('read', {}, { source: `server-${number}` }).reason, 'unknown_tool');
  }
  assert.equal(engine.decide('bash', { command: 'rm -rf /' }).action, 'deny');
});

test('secrets of the call do not stand in errors', () => {
  const one = engineOf("timestamp(args.v) < timestamp('2000-01-01T00:00:00Z')");
  const secret = 'sk-abcdefghijklmnop';
  const decision = one.decide('t', { v: secret, password: secret });
  assert.equal(decision.reason, 'condition_error');
  assert.ok(!JSON.stringify(decision).includes(secret), JSON.stringify(decision));
  assert.ok(!JSON.stringify(one.explain('t', { v: secret, password: secret })).includes(secret));
  // Where nothing is secret, the value helps.
  assert.match(JSON.stringify(one.decide('t', { v: 'tomorrow' })), /tomorrow/);
});

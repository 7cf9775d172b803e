// The API as its users meet it.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import * as esm from '../dist/index.mjs';
import { Decision, Engine, POLICY, PolicyError, diff, engine, policyToYaml, validate } from './support.mjs';

test('a decision says what, why and by which rule', () => {
  const decision = engine.decide('bash', { command: 'rm -rf /' });
  assert.equal(decision.action, 'deny');
  assert.equal(decision.reason, 'rule_matched');
  assert.equal(decision.message, 'files are never deleted here');
  assert.equal(decision.rule.path, 'tools[0].conditions[0]');
  assert.equal(decision.rule.expression, "args.command.contains('rm -rf')");
  assert.equal(decision.approvalWorkflow, null);
  assert.equal(decision.policy.name, 'support');
  assert.match(decision.policy.digest, /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(decision.errors, []);
  assert.deepEqual([decision.allowed, decision.denied, decision.needsApproval], [false, true, false]);
  const asked = engine.decide('bash', { command: 'git push' });
  assert.deepEqual([asked.action, asked.approvalWorkflow, asked.needsApproval], ['require_approval', 'ops', true]);
  assert.equal(engine.decide('bash', { command: 'ls' }).reason, 'no_rule_matched');
  assert.equal(engine.decide('nobody knows', {}).reason, 'unknown_tool');
});

test('a decision is the same object, cannot be changed and has no truth value', () => {
  const decision = engine.decide('bash', { command: 'rm -rf /' });
  assert.equal(decision, engine.decide('bash', { command: 'rm -rf ~', other: 1 }));
  assert.ok(decision instanceof Decision);
  assert.ok(Object.isFrozen(decision) && Object.isFrozen(decision.rule) && Object.isFrozen(decision.errors));
  assert.throws(() => {
    'use strict';
    decision.action = 'allow';
  }, TypeError);
  assert.throws(() => Object.defineProperty(decision, 'allowed', { value: true }), TypeError);
  assert.throws(() => Object.defineProperty(Decision.prototype, 'allowed', { get: () => true }), TypeError);
  assert.throws(() => decision == true, /ask for `decision.allowed`/);
  assert.throws(() => +decision, /ask for `decision.allowed`/);
  assert.equal(`${decision}`, 'deny: files are never deleted here');
  const failed = engine.decide('bash', {});
  assert.ok(Object.isFrozen(failed.errors[0]));
});

test('a decision goes over the wire as everywhere else', () => {
  const wire = JSON.parse(JSON.stringify(engine.decide('bash', { command: 'git push' })));
  assert.deepEqual(Object.keys(wire), [
    'action',
    'reason',
    'message',
    'rule',
    'approval_workflow',
    'policy',
    'errors',
  ]);
  assert.equal(wire.approval_workflow, 'ops');
});

test('what is wrong with a call is a deny with errors, never an exception', () => {
  const missing = engine.decide('bash', {});
  assert.equal(missing.reason, 'condition_error');
  assert.deepEqual(
    missing.errors.map(({ rule, kind, message, expression, line }) => ({ rule, kind, message, expression, line })),
    [
      {
        rule: 'tools[0].conditions[0]',
        kind: 'no_such_key',
        message: 'no such key `args.command`',
        expression: 'args.command',
        line: 11,
      },
    ],
  );
  for (const [tool, args, options] of [
    ['bash', [1]],
    ['bash', 5],
    ['bash', true],
    ['bash', () => 1],
    ['bash', Symbol('x')],
    ['bash', 10n],
    ['bash', 'no JSON'],
    ['bash', '[1]'],
    ['bash', '{"command": 1, "command": 2}'],
    ['bash', '{"command": "\ud800"}'],
    ['bash', new Date()],
    ['bash', new Set(['command'])],
    ['', {}],
    [undefined, {}],
    [null, {}],
    [5, {}],
    [{}, {}],
    [{ name: 'bash', surprise: 1 }, {}],
    [{ name: 'bash', source: 'a' }, {}, { source: 'b' }],
    ['bash', {}, { justification: 5 }],
    ['bash', {}, { justification: 'half \ud800' }],
    ['bash', {}, { justifcation: 'x' }],
    ['bash', {}, { source: 'a', principal: 'ci' }],
    ['bash', {}, 'mcp'],
    ['bash', {}, { source: 5 }],
    [new Proxy({ name: 'bash' }, {}), {}],
  ]) {
    for (const decision of [engine.decide(tool, args, options), engine.explain(tool, args, options)]) {
      assert.equal(decision.action, 'deny', String(args));
      assert.equal(decision.reason, 'invalid_call', JSON.stringify(decision));
      assert.equal(decision.errors.length, 1);
      assert.equal(decision.policy.name, 'support');
    }
  }
});

test('options that run code cannot break out either', () => {
  const options = {
    get source() {
      throw new Error('boom');
    },
  };
  assert.equal(engine.decide('bash', { command: 'ls' }, options).reason, 'invalid_call');
});

test('arguments may be absent, an object, a map or JSON text', () => {
  assert.equal(engine.decide('bash').reason, 'condition_error');
  assert.equal(engine.decide('bash', null).reason, 'condition_error');
  assert.equal(engine.decide('deploy').reason, 'tool_default');
  assert.equal(engine.decide('bash', new Map([['command', 'rm -rf /']])).action, 'deny');
  assert.equal(engine.decide('bash', '{"command": "rm -rf /"}').action, 'deny');
  assert.equal(engine.decide('bash', ' {"command": "ls"}').action, 'allow');
  assert.equal(engine.explain('bash', '{"command": "ls"}').trace.length > 0, true);
});

test('source and justification are options', () => {
  assert.equal(engine.decide('read', {}).action, 'deny', 'who does not say gets the strictest answer');
  assert.equal(engine.decide('read', {}, { source: 'files' }).action, 'deny');
  assert.equal(engine.decide('read', {}, { source: 'builtin' }).reason, 'unknown_tool');
  assert.equal(engine.decide({ name: 'read', server: 'files' }, {}).action, 'deny');
  assert.equal(engine.decide({ name: 'read' }, {}, { source: 'files' }).action, 'deny');
  const args = { amount: 5, to: { country: 'DE' } };
  assert.equal(engine.decide('pay', args).reason, 'justification_required');
  assert.equal(engine.decide('pay', args, { justification: ' ' }).reason, 'justification_required');
  assert.equal(engine.decide('pay', args, { justification: 'an invoice' }).action, 'allow');
  assert.equal(engine.decide('pay', JSON.stringify(args), { justification: 'an invoice' }).action, 'allow');
  assert.equal(engine.decide('pay', args, { justification: 'x\ud83d\ude00'.repeat(500_000) }).action, 'allow');
  assert.equal(engine.decide('pay', args, { justification: 'x\ud800'.repeat(500_000) }).reason, 'invalid_call');
  const isNew = engine.decide({ name: 'other', isNew: true, annotations: { readOnlyHint: true } }, {});
  assert.equal(isNew.reason, 'new_tool');
  // As the wire spells it, too; it must not get lost.
  assert.equal(engine.decide({ name: 'other', is_new: true }, {}).reason, 'new_tool');
  const twice = engine.decide({ name: 'other', isNew: false, is_new: true }, {});
  assert.deepEqual([twice.reason, twice.errors[0].message], ['invalid_call', '`isNew` is said twice']);
  assert.equal(engine.decide('bash', { command: 'ls' }, null), engine.decide('bash', { command: 'ls' }));
});

test('an explanation decides alike and tells how', () => {
  const decision = engine.explain('bash', { command: 'git push' });
  assert.equal(decision.action, 'require_approval');
  assert.deepEqual(
    decision.trace.filter(({ kind }) => kind.endsWith('matched')).map(({ rule, kind }) => [rule, kind]),
    [
      ['tools[0].conditions[0]', 'not_matched'],
      ['tools[0].conditions[1]', 'matched'],
    ],
  );
  assert.equal(engine.decide('bash', { command: 'git push' }).trace, null);
});

test('facts are bound to each call', () => {
  const policy = `
version: "1.0"
metadata: {name: bound}
tools:
  - name: t
    conditions:
      - {expression: "'admin' in principal.roles", action: allow}
      - {expression: "session.calls.exists(call, call.tool == 'read' && call.args.n == 1)", action: require_approval}
      - {expression: "context.site == 'prod'", action: deny}
      - {action: allow}
`;
  const any = Engine.fromYaml(policy);
  assert.equal(any.decide('t', {}).action, 'allow');
  const site = any.bind({ context: { site: 'test' } });
  assert.equal(site.decide('t', {}).action, 'allow');
  assert.equal(any.bind({ context: { site: 'prod' } }).decide('t', {}).action, 'deny');
  assert.equal(any.bind({ principal: { id: 'ada', roles: ['admin'] } }).decide('t', {}).action, 'allow');
  const calls = [{ tool: 'read', args: { n: 1 }, action: 'allow', at: new Date(0) }];
  assert.equal(any.bind({ session: { id: '1', calls } }).decide('t', {}).action, 'require_approval');
  const facts = { context: { site: 'prod' } };
  const copied = any.bind(facts);
  facts.context.site = 'test';
  assert.equal(copied.decide('t', {}).action, 'deny');
});

test('time is the bound one or the clock\'s', () => {
  assert.equal(engine.decide('clock', {}).action, 'allow');
  assert.equal(engine.bind({ now: '1999-01-01T00:00:00Z' }).decide('clock', {}).action, 'deny');
  assert.equal(engine.bind({ now: new Date('1999-01-01') }).decide('clock', {}).action, 'deny');
  assert.equal(engine.bind({ now: new Date() }).decide('clock', {}).action, 'allow');
});

test('binding something else is a mistake of the program', () => {
  assert.throws(() => engine.bind({ principal: { role: 'admin' } }), {
    name: 'TypeError',
    message: /`principal` has no field `role`/,
  });
  assert.throws(() => engine.bind({ now: 'yesterday' }), /`now` is no instant/);
  assert.throws(() => engine.bind({ context: { f: () => 1 } }), /a function is no JSON value/);
  assert.throws(() => engine.bind(), TypeError);
});

test('a policy is replaced for every engine bound from it, or not at all', () => {
  const any = Engine.fromYaml('version: "1.0"\nmetadata: {name: first}\ntools: [{name: t, enabled: false}]\n');
  const bound = any.bind({ principal: { id: 'ci' } });
  assert.equal(bound.decide('t', {}).action, 'deny');
  assert.throws(() => any.replace('version: "2.0"'), PolicyError);
  assert.equal(bound.decide('t', {}).policy.name, 'first');
  assert.equal(any.status().refused.isValid, false);
  any.replace('version: "1.0"\nmetadata: {name: second}\n');
  for (const one of [any, bound]) {
    const decision = one.decide('t', {});
    assert.deepEqual([decision.action, decision.policy.name], ['allow', 'second']);
    const { policy, replaced, refused, tools, rules, warnings } = one.status();
    assert.deepEqual([policy.name, replaced, refused, tools, rules], ['second', 1, null, 0, 0]);
    assert.ok(Array.isArray(warnings));
  }
});

test('a document that is refused tells everything', () => {
  const text = 'version: "1.0"\nmetadata: {name: x}\ntools:\n  - {name: bash, approval_workflow: nonexistent}\n';
  const report = validate(text);
  assert.equal(report.isValid, false);
  assert.equal(report.errors[0].message, "Tool 'bash' references unknown approval workflow 'nonexistent'");
  assert.deepEqual([report.errors[0].path, report.errors[0].line], ['tools[0].approval_workflow', 4]);
  assert.throws(
    () => Engine.fromYaml(text),
    (error) =>
      error instanceof PolicyError &&
      error.message.startsWith('the policy document is not valid:\n  4:') &&
      error.message.includes("tools[0].approval_workflow: Tool 'bash' references") &&
      error.report.errors.length === 1,
  );
  assert.equal(validate(POLICY).isValid, true);
  for (const wrong of [undefined, 5, {}]) {
    assert.throws(() => Engine.fromYaml(wrong), TypeError);
    assert.throws(() => engine.replace(wrong), TypeError);
    assert.throws(() => validate(wrong), TypeError);
  }
});

test('half of a surrogate pair in a document is refused with its place', () => {
  const named = (name) => `version: "1.0"\nmetadata: {name: ${name}}\n`;
  const text = named('😀\ud83d');
  const problem = { path: '', message: 'the text is not UTF-8', code: 'invalid_utf8', line: 2, column: 19 };
  const report = validate(text);
  assert.deepEqual(report.errors, [{ ...problem, help: 'save the file as UTF-8' }]);
  const calls = [
    () => Engine.fromYaml(text),
    () => engine.replace(text),
    () => diff(text, POLICY),
    () => diff(POLICY, text),
    () => Engine.fromYaml('\udc00'),
  ];
  for (const call of calls) {
    assert.throws(call, (error) => error instanceof PolicyError && error.report.errors[0].code === 'invalid_utf8');
  }
  assert.equal(Engine.fromYaml(named('😀\ud83d\ude00é')).status().policy.name, '😀😀é');
});

test('answers go over the wire as the command prints them', () => {
  const report = validate(POLICY.replace('tools:', 'zz: 1\ntools:'));
  const { isValid, errors, warnings } = report;
  assert.deepEqual(JSON.parse(JSON.stringify(report)), { is_valid: isValid, errors, warnings });
  assert.deepEqual([isValid, errors[0].path, Object.keys(report)], [false, 'zz', ['isValid', 'errors', 'warnings']]);
  assert.ok(Object.isFrozen(report) && Object.isFrozen(report.toJSON().errors[0]));
  const changing = Engine.fromYaml(POLICY);
  const { policy } = engine.decide('bash', {});
  const state = { policy, tools: 7, rules: 8, replaced: 0, warnings: [], refused: null };
  assert.deepEqual(JSON.parse(JSON.stringify(changing.status())), state);
  assert.throws(() => changing.replace('zz: 1'), PolicyError);
  const { refused } = changing.status();
  assert.equal(refused.isValid, false);
  const wire = JSON.parse(JSON.stringify(changing.status()));
  assert.deepEqual(wire, { ...state, refused: { is_valid: false, errors: refused.errors, warnings: [] } });
  const compared = diff(POLICY, POLICY.replace('args.amount > 100', 'args.amount > 500'));
  assert.deepEqual(JSON.parse(JSON.stringify(compared)), compared);
});

test('what is used apart from its engine says so', () => {
  const calls = {
    decide: 'decide(tool, args)',
    explain: 'explain(tool, args)',
    bind: 'bind(facts)',
    replace: 'replace(text)',
    status: 'status()',
  };
  for (const [name, call] of Object.entries(calls)) {
    const method = engine[name];
    for (const other of [undefined, null, {}, Object.create(engine)]) {
      const message = `this is a method of an engine: call it as \`engine.${call}\``;
      assert.throws(() => method.call(other, 'bash', {}), { name: 'TypeError', message });
    }
  }
  assert.throws(() => new Decision(), { name: 'TypeError', message: /decisions are made by an engine/ });
});

test('what is no call is told as in Python', () => {
  const told = [
    ['bash', '[1]', 'the arguments are no JSON object'],
    ['bash', 'text', 'the arguments are no JSON object'],
    ['bash', '{"a": 1, "a": 2}', 'the arguments are no JSON: duplicate key `a` at line 1 column 10'],
    ['bash', 5, 'the arguments are no object but of type `number`'],
    ['bash', [], 'the arguments are no object but of type `Array`'],
    ['bash', new Date(0), 'the arguments are no object but of type `Date`'],
    ['', {}, "the tool's name is empty"],
    [{ name: 5 }, {}, '`tool.name` must be text, not a number'],
  ];
  for (const [tool, args, message] of told) {
    assert.deepEqual(engine.decide(tool, args).errors.map((error) => error.message), [message]);
  }
});

test('two policies are compared', () => {
  const report = diff(POLICY, POLICY.replace('args.amount > 100', 'args.amount > 500'));
  assert.deepEqual([report.verdict, report.changed], ['loosened', true]);
  assert.equal(report.examples[0].call.args.amount, 101);
  assert.deepEqual([report.examples[0].before.action, report.examples[0].after.action], ['deny', 'allow']);
  assert.ok(Object.isFrozen(report.examples[0].before));
  assert.equal(diff(POLICY, POLICY).verdict, 'same_meaning');
  assert.throws(() => diff(POLICY, 'version: "2.0"'), PolicyError);
  assert.throws(() => diff(POLICY), TypeError);
});

test('a policy is written with sorted keys', () => {
  const flat = { name: 'p', description: null, denied_actions: ['no', 'drop table'] };
  const text = 'denied_actions:\n  - "no"\n  - drop table\nname: p\n';
  assert.equal(policyToYaml(flat), text);
  assert.equal(policyToYaml(new Map(Object.entries(flat).reverse())), text);
  const document = { version: '1.0', metadata: { name: 'm' }, tools: [{ name: 't', conditions: [{ action: 'deny' }] }] };
  const digest = (source) => Engine.fromYaml(source).status().policy.digest;
  assert.equal(digest(policyToYaml(document)), digest(JSON.stringify(document)));
  let deep = {};
  for (let level = 0; level < 100; level += 1) deep = { a: deep };
  for (const unreadable of [deep, { name: new Set() }, { name: Number.NaN }, new Proxy({}, {})]) {
    assert.throws(() => policyToYaml(unreadable), /policy/);
  }
  for (const wrong of ['name: p', ['name'], null, undefined, 5]) {
    assert.throws(() => policyToYaml(wrong), { name: 'TypeError', message: 'a policy is an object' });
  }
});

test('a policy is read from a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'preloop-'));
  try {
    const path = join(folder, 'policy.yaml');
    writeFileSync(path, POLICY);
    assert.equal(Engine.fromFile(path).decide('bash', { command: 'rm -rf /' }).action, 'deny');
    assert.throws(() => Engine.fromFile(join(folder, 'none.yaml')), { code: 'ENOENT' });
    assert.equal(Engine.fromFile(pathToFileURL(path)).status().policy.name, 'support');
    assert.throws(() => Engine.fromFile(5), TypeError);
    writeFileSync(path, Buffer.concat([Buffer.from(POLICY), Buffer.from([0x23, 0xff])]));
    assert.throws(() => Engine.fromFile(path), (error) => error instanceof PolicyError && /UTF-8/.test(error.message));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a policy is read from the files of a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'preloop-'));
  try {
    assert.throws(() => Engine.fromFile(folder), /the folder holds no policy/);
    writeFileSync(join(folder, 'a.yaml'), 'version: "1.0"\nmetadata: {name: folder}\n');
    const tools = join(folder, 'b.yaml');
    writeFileSync(tools, 'tools:\n  - {name: bash, conditions: [{expression: args.x == 1, action: deny}]}\n');
    writeFileSync(join(folder, 'b_test.yaml'), 'no policy');
    const one = Engine.fromFile(folder);
    assert.equal(one.status().policy.name, 'folder');
    assert.equal(one.decide('bash', { x: 1 }).action, 'deny');
    writeFileSync(tools, 'tools:\n  - {nam: bash}\n');
    assert.throws(() => Engine.fromFile(folder), (error) => {
      assert.ok(error instanceof PolicyError && error.message.includes(`\n  ${tools}:2:`), error.message);
      assert.match(error.message, /unknown key `nam` .*\(did you mean `name`\?\)/);
      assert.equal(error.report.errors[0].file, tools);
      return true;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('flat policies decide as everywhere else', () => {
  const flat = 'name: flat\ndenied_actions: [drop]\n';
  assert.equal(validate(flat).isValid, true);
  assert.equal(Engine.fromYaml(flat).decide('drop', {}).denied, true);
  assert.equal(diff(flat, 'name: flat\n').verdict, 'loosened');
  assert.deepEqual(validate('zz: 1').errors.map((error) => error.code), ['unknown_dialect']);
});

test('`import` and `require` give the same classes', () => {
  const cjs = createRequire(import.meta.url)('../dist/index.cjs');
  assert.deepEqual(Object.keys(esm).sort(), Object.keys(cjs).sort());
  assert.equal(esm.Engine, cjs.Engine);
  assert.equal(esm.Denied, cjs.Denied);
});

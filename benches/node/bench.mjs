// Asks the package and its peers the same question in one run: three rules about one tool, the call falls to the last.
//
//   npm ci && node bench.mjs [--quick] [--check] [--json]
//
// The package is the one built in preloop-node/dist (npm run build there). Time is the processor time of the process,
// so other work on the machine hardly counts; the figures are the best and the median of the rounds. Every engine is
// first asked whether it gives the right answer. `--check` fails where the package misses its limits.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

import { celEnv, parse, plan } from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { parse as parseCel } from '@marcbachmann/cel-js';
import { StringAdapter, newEnforcer, newModelFromString } from 'casbin';

import { Engine, Guard } from '../../preloop-node/dist/index.mjs';

const require = createRequire(import.meta.url);
const cedar = require('@cedar-policy/cedar-wasm/nodejs');
const native = require('../../preloop-node/dist/native.cjs').native;

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean' }, check: { type: 'boolean' }, json: { type: 'boolean' } },
});
/** Nanoseconds that a decision may take, and how often the empty call of the same kind. */
const LIMIT = { nanoseconds: 450, ratio: 2 };

const RULES = [
  ["args.command.contains('rm -rf /')", 'deny'],
  ["args.command.startsWith('sudo ') || args.command.contains('git push')", 'require_approval'],
  ["args.command.startsWith('ls')", 'allow'],
];
const document = {
  version: '1.0',
  metadata: { name: 'bench' },
  tools: [{ name: 'bash', conditions: RULES.map(([expression, action]) => ({ expression, action })) }],
};

/** The same command in arguments of three sizes. */
function sized(command) {
  const thirty = Object.fromEntries(Array.from({ length: 29 }, (_, n) => [`key${n}`, `value ${n}`]));
  return {
    '3 keys': { command, cwd: '/tmp', timeout: 30 },
    '30 keys': { command, ...thirty },
    '100 KB': { command, content: 'x'.repeat(100_000) },
  };
}

/** First match by three programs of another engine. */
function firstMatch(programs) {
  return (args) => {
    const variables = { args };
    for (let rule = 0; rule < programs.length; rule += 1) {
      if (programs[rule](variables) === true) return RULES[rule][1];
    }
    return 'allow';
  };
}

async function engines() {
  const engine = Engine.fromYaml(JSON.stringify(document));
  const guard = new Guard(engine);
  const environment = celEnv({ funcs: strings });
  const cedarRules = [
    'permit(principal, action, resource) when { context.command like "ls*" };',
    'forbid(principal, action, resource) when { context.command like "*rm -rf /*" };',
    'forbid(principal, action, resource) when { context.command like "sudo *" || context.command like "*git push*" };',
  ].join('\n');
  const entity = (type) => ({ type, id: 'x' });
  const request = (context) => ({
    principal: entity('Agent'),
    action: entity('Action'),
    resource: entity('Tool'),
    context,
    entities: [],
  });
  assert.equal(cedar.preparsePolicySet('bench', { staticPolicies: cedarRules }).type, 'success');
  const allowed = (answer) => {
    if (answer.type !== 'success') throw new Error(JSON.stringify(answer.errors));
    return answer.response.decision;
  };
  const model = newModelFromString(
    '[request_definition]\nr = command\n[policy_definition]\np = pattern, eft\n' +
      '[policy_effect]\ne = some(where (p.eft == allow)) && !some(where (p.eft == deny))\n' +
      '[matchers]\nm = regexMatch(r.command, p.pattern)\n',
  );
  const casbin = await newEnforcer(model, new StringAdapter('p, ^ls, allow\np, rm -rf /, deny\np, ^sudo |git push, deny'));
  return [
    ['preloop-engine', (args) => engine.decide('bash', args).action],
    ['preloop-engine, from JSON text', (args, text) => engine.decide('bash', text).action],
    ['preloop-engine, guard.authorizeSync', (args) => guard.authorizeSync('bash', args).action, 'allow'],
    ['@marcbachmann/cel-js 8.0.0', firstMatch(RULES.map(([expression]) => parseCel(expression)))],
    ['@bufbuild/cel 0.6.1', firstMatch(RULES.map(([expression]) => plan(environment, parse(expression))))],
    ['casbin 5.51.1, yes or no', (args) => casbin.enforceSync(args.command), true],
    ['cedar-wasm 4.13.0, stateful', (args) => allowed(cedar.statefulIsAuthorized({ ...request(args), preparsedPolicySetId: 'bench' })), 'allow'],
    ['cedar-wasm 4.13.0', (args) => allowed(cedar.isAuthorized({ ...request(args), policies: { staticPolicies: cedarRules } })), 'allow'],
  ];
}

/** Nanoseconds of one call: best and median round. */
function measure(call) {
  const begun = process.hrtime.bigint();
  call();
  const once = Number(process.hrtime.bigint() - begun);
  const calls = Math.max(20, Math.min(200_000, Math.round((options.quick ? 5e6 : 3e7) / Math.max(once / 5, 100))));
  const rounds = [];
  for (let round = 0; round < (options.quick ? 7 : 25); round += 1) {
    const before = process.cpuUsage();
    for (let number = 0; number < calls; number += 1) call();
    const { user, system } = process.cpuUsage(before);
    rounds.push(((user + system) * 1000) / calls);
  }
  rounds.sort((a, b) => a - b);
  return { best: Math.round(rounds[0]), median: Math.round(rounds[Math.floor(rounds.length / 2)]) };
}

const results = [];
const record = (engine, args, call) => {
  const result = { engine, args, ...measure(call) };
  results.push(result);
  if (!options.json) console.log(`${engine.padEnd(40)} ${args.padEnd(8)} ${String(result.best).padStart(9)} ${String(result.median).padStart(9)}`);
  return result;
};

if (!options.json) console.log(`${'nanoseconds'.padEnd(49)} ${'best'.padStart(9)} ${'median'.padStart(9)}`);
const inputs = sized('ls -la /tmp');
const empty = record('empty native call (string, object)', '-', () => native.empty('bash', inputs['3 keys']));
for (const [name, call, wanted = 'allow'] of await engines()) {
  for (const [size, args] of Object.entries(inputs)) {
    const text = JSON.stringify(args);
    const answer = call(args, text);
    if (answer !== wanted) {
      console.log(`${name}: answers ${JSON.stringify(answer)} instead of ${JSON.stringify(wanted)}`);
      process.exitCode = 1;
      continue;
    }
    const result = record(name, size, () => call(args, text));
    if (!options.check || name !== 'preloop-engine') continue;
    const ratio = result.best / empty.best;
    if (result.best > LIMIT.nanoseconds || ratio > LIMIT.ratio) {
      console.log(`${name}, ${size}: ${result.best} ns, ${ratio.toFixed(2)} times the empty call: over the limit`);
      process.exitCode = 1;
    }
  }
}
// The shape holds for every expression: what a rule does not look at costs nothing.
const items = [{ price: 5, text: 'x' }, { price: 7 }];
const large = Array.from({ length: 2000 }, (_, price) => ({ price, text: 'x'.repeat(40) }));
const others = [
  ['numbers', 'args.amount > 500', { amount: 20, currency: 'EUR' }],
  ['path', "args.user.address.city == 'Paris' && has(args.user.name)", { user: { name: 'ann', address: { city: 'Rome' } } }],
  ['pattern', "args.command.matches('^sudo .*(rm|dd)')", inputs['3 keys']],
  ['two items', 'args.items.exists(i, i.price > 100)', { items }],
  ['one of 2,000 items', 'args.items[0].price > 100', { items: large }],
  ['has and size of 2,000 items', 'has(args.items) && size(args.items) > 10000', { items: large }],
];
for (const [name, expression, args] of others) {
  const conditions = [{ expression, action: 'deny' }];
  const engine = Engine.fromYaml(JSON.stringify({ ...document, tools: [{ name: 't', conditions }] }));
  assert.equal(engine.decide('t', args).action, 'allow', name);
  record(`preloop-engine, ${name}`, '-', () => engine.decide('t', args));
}
if (options.json) console.log(JSON.stringify(results, null, 2));

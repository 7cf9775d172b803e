// Memory stays flat however many calls are decided. PRELOOP_DECISIONS says how many; nightly runs take ten million.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { Engine, POLICY, engine } from './support.mjs';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const DECISIONS = Number(process.env.PRELOOP_DECISIONS ?? 1_000_000);
const ROUNDS = 10;
const MEGABYTE = 1024 * 1024;
/** How much the allocators of two languages may come and go: far less than a leak of 16 bytes a decision makes. */
const SLACK = Math.max(8 * MEGABYTE, DECISIONS * 4);

/** Decides calls of every kind; slow kinds are rarer. */
function decide(count) {
  const kinds = [
    (n) => engine.decide('bash', { command: `ls ${n}` }),
    (n) => engine.decide('bash', { command: `rm -rf ${n}`, other: n }, { justification: `call ${n}` }),
    (n) => engine.decide('pay', { amount: n, to: { country: 'DE' } }, { justification: 'x' }),
    (n) => engine.decide(n % 50 === 0 ? `tool ${n}` : 'other', {}),
  ];
  const rare = [
    (n) => engine.decide('bash', { n }),
    (n) => engine.decide('list', { items: [{ kind: String(n) }] }),
    (n) => engine.explain('bash', { command: String(n) }),
    (n) => engine.bind({ principal: { id: String(n) } }).decide('bash', { command: 'ls' }),
    (n) => engine.decide('bash', `{"command": "ls ${n}"}`),
    (n) => engine.decide('bash', { command: () => n }),
    () => Engine.fromYaml(POLICY).decide('bash', { command: 'ls' }),
    () => engine.replace(POLICY),
    (n) => engine.decide('bash', { command: 'x'.repeat(n % 2 === 0 ? 10_000 : 1_500_000) }),
  ];
  for (let n = 0; n < count; n += 1) {
    if (n % 1000 === 999) rare[Math.floor(n / 1000) % rare.length](n);
    else kinds[n % kinds.length](n);
  }
}

/** Memory once everything that can go is gone; finalizers run between turns of the event loop. */
async function settled() {
  for (let round = 0; round < 5; round += 1) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage.rss();
}

test(`${DECISIONS} decisions in flat memory`, async () => {
  decide(Math.min(DECISIONS, 200_000));
  const sizes = [await settled()];
  for (let round = 0; round < ROUNDS; round += 1) {
    decide(DECISIONS / ROUNDS);
    sizes.push(await settled());
  }
  const told = sizes.map((size) => (size / MEGABYTE).toFixed(1)).join(', ');
  console.log(`${DECISIONS} decisions: ${told} MB`);
  // Allocators take more at first; what leaks goes on growing.
  const half = Math.floor(sizes.length / 2);
  const grown = Math.min(...sizes.slice(half)) - Math.max(...sizes.slice(0, half));
  const more = sizes[sizes.length - 1] - sizes[half];
  assert.ok(grown < SLACK && more < SLACK, `memory grows: ${told} MB`);
});

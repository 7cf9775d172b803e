// Worker threads and processes: each has engines of its own, and all answer alike.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';

import { Engine, POLICY } from './support.mjs';

const DECISIONS = 20_000;

/** Decides many calls while the policy is swapped; the number of wrong answers. */
function work() {
  const engine = Engine.fromYaml(POLICY);
  const swapped = POLICY.replace('files are never deleted here', 'not now');
  let wrong = 0;
  for (let number = 0; number < DECISIONS; number += 1) {
    if (number % 1000 === 0) engine.replace(number % 2000 === 0 ? POLICY : swapped);
    const decision = engine.decide('bash', { command: number % 2 === 0 ? 'rm -rf /' : 'ls', number });
    const wanted = Math.floor(number / 1000) % 2 === 0 ? 'files are never deleted here' : 'not now';
    const isRight = number % 2 === 0 ? decision.message === wanted : decision.allowed;
    if (!isRight) wrong += 1;
  }
  return wrong;
}

if (!isMainThread) {
  parentPort.postMessage(work());
} else if (process.send !== undefined && process.argv.includes('child')) {
  process.send(work());
  process.disconnect();
} else {
  const self = fileURLToPath(import.meta.url);

  test('workers at once, and while the main thread decides', async () => {
    const workers = Array.from({ length: 6 }, () => {
      const worker = new Worker(self);
      return new Promise((resolve, reject) => {
        let wrong;
        worker.on('message', (message) => (wrong = message));
        worker.on('error', reject);
        worker.on('exit', (code) => (code === 0 ? resolve(wrong) : reject(new Error(`exit ${code}`))));
      });
    });
    assert.equal(work(), 0);
    assert.deepEqual(await Promise.all(workers), [0, 0, 0, 0, 0, 0]);
  });

  test('workers that are stopped in the middle', async () => {
    for (let round = 0; round < 4; round += 1) {
      const worker = new Worker(self);
      await new Promise((resolve) => setTimeout(resolve, 30 * round));
      await worker.terminate();
    }
  });

  test('a forked process', async () => {
    const child = fork(self, ['child'], { execArgv: [] });
    const exit = new Promise((resolve) => child.on('exit', resolve));
    const wrong = await new Promise((resolve) => child.on('message', resolve));
    assert.equal(wrong, 0);
    assert.equal(await exit, 0);
  });
}

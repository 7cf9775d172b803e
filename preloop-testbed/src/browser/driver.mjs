// Drives a browser for the tests: a line of JSON in, a line of JSON out. It decides nothing; the tests judge.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { readFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';

const AsyncFunction = (async () => {}).constructor;
const PATIENCE = 20_000;
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  chromiumSandbox: process.env.SANDBOX === 'yes',
});
const tabs = [];

const commands = {
  // A window of its own: nothing is shared with others, no cookie and no passkey.
  async open({ options }) {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    const noise = [];
    const requested = [];
    page.on('console', (message) => {
      if (message.type() === 'error') noise.push(message.text());
    });
    page.on('pageerror', (error) => noise.push(String(error)));
    page.on('request', (request) => requested.push(`${request.method()} ${request.url()}`));
    tabs.push({ context, page, noise, requested });
    return tabs.length - 1;
  },
  async run({ tab, code, argument }) {
    const { context, page } = tabs[tab];
    const run = new AsyncFunction('page', 'context', 'argument', code);
    return (await run(page, context, argument)) ?? null;
  },
  // What went wrong since it was asked last, violations of the content security policy among it.
  async noise({ tab }) {
    return tabs[tab].noise.splice(0);
  },
  async requested({ tab }) {
    return tabs[tab].requested.splice(0);
  },
  // What is hard to read or to use, as axe finds it.
  async barriers({ tab }) {
    const { page } = tabs[tab];
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map((node) => `${id} (${help}): ${node.target.join(' ')} ${node.failureSummary}`));
  },
  async close({ tab }) {
    await tabs[tab].context.close();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...rest } = JSON.parse(line);
  let answer;
  try {
    answer = { ok: (await commands[command](rest)) ?? null };
  } catch (error) {
    answer = { error: String(error?.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();

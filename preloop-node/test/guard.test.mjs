// The guard: what runs, what does not, and what is thrown.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ApprovalDeclined, ApprovalTimeout, Denied, Engine, Guard, POLICY, engine } from './support.mjs';

const push = { command: 'git push' };

/** A guard whose approver gives this answer, and the requests that it got. */
function asking(answer, { engine: asked = engine, ...options } = {}) {
  const requests = [];
  const approver = (request) => {
    requests.push(request);
    return typeof answer === 'function' ? answer(request) : answer;
  };
  return { guard: new Guard(asked, { ...options, approver }), requests };
}

test('an allowed call comes back with its decision', async () => {
  const guard = new Guard(engine);
  assert.equal((await guard.authorize('bash', { command: 'ls' })).action, 'allow');
  assert.equal(guard.authorizeSync('bash', { command: 'ls' }).action, 'allow');
});

test('a denied call throws', async () => {
  const { guard, requests } = asking(true);
  await assert.rejects(guard.authorize('bash', { command: 'rm -rf /' }), (error) => {
    assert.ok(error instanceof Denied && error instanceof Error);
    assert.equal(error.name, 'Denied');
    assert.equal(error.message, 'files are never deleted here');
    assert.equal(error.decision.rule.path, 'tools[0].conditions[0]');
    return true;
  });
  assert.throws(() => guard.authorizeSync('bash', {}), Denied);
  assert.equal(requests.length, 0);
});

test('an approver is asked with everything, and only `true` approves', async () => {
  const { guard, requests } = asking(true);
  const args = { ...push, list: [1] };
  const decision = await guard.authorize('bash', args, { source: 'builtin', justification: 'release' });
  assert.equal(decision.action, 'require_approval');
  const [request] = requests;
  assert.deepEqual(request.args, args);
  assert.notEqual(request.args, args);
  assert.deepEqual([request.tool, request.source, request.justification], ['bash', 'builtin', 'release']);
  assert.match(request.callHash, /^sha256:[0-9a-f]{64}$/);
  assert.equal(request.decision.approvalWorkflow, 'ops');
  assert.equal(request.signal.aborted, true);
  await assert.rejects(asking(false).guard.authorize('bash', push), ApprovalDeclined);
  for (const answer of [undefined, null, 'yes', 1, {}, { approved: true }]) {
    const { guard: other } = asking(answer);
    await assert.rejects(other.authorize('bash', push), { name: 'Denied', message: /^asking for the approval failed/ });
    assert.throws(() => other.authorizeSync('bash', push), { name: 'Denied', message: /^asking for the approval failed/ });
  }
  assert.equal((await asking(async () => true).guard.authorize('bash', push)).action, 'require_approval');
});

test('an approver that answers at once is asked without waiting', async () => {
  const { guard, requests } = asking(true);
  assert.equal(guard.authorizeSync('bash', { ...push }, { justification: 'release' }).action, 'require_approval');
  assert.deepEqual([requests[0].justification, requests[0].args], ['release', push]);
  assert.throws(() => asking(false).guard.authorizeSync('bash', push), ApprovalDeclined);
  for (const later of [async () => true, async () => { throw new Error('boom'); }, () => ({ then() {} })]) {
    assert.throws(() => asking(later).guard.authorizeSync('bash', push), (error) => {
      assert.equal(error.name, 'Denied');
      return /wait for it with `authorize`/.test(error.cause.message);
    });
  }
  const args = { ...push };
  const changing = asking(() => { args.command = 'git push --force'; return true; });
  assert.throws(() => changing.guard.authorizeSync('bash', args), /the arguments changed/);
});

test('an approver says why not, and all that it is shown can be read', async () => {
  const declined = () => { throw new ApprovalDeclined('not on a Friday'); };
  await assert.rejects(asking(declined).guard.authorize('bash', push), { name: 'ApprovalDeclined', message: 'not on a Friday' });
  assert.throws(() => asking(declined).guard.authorizeSync('bash', push), { name: 'ApprovalDeclined', message: 'not on a Friday' });
  const late = async () => { throw new ApprovalTimeout('over'); };
  await assert.rejects(asking(late).guard.authorize('bash', push), ApprovalTimeout);
  const { guard, requests } = asking(true);
  const message = /an approval, which is for exactly its arguments, and the arguments cannot be read: a set/;
  await assert.rejects(guard.authorize('bash', { ...push, more: new Set() }), { name: 'Denied', message });
  assert.throws(() => guard.authorizeSync('bash', { ...push, more: new Set() }), { name: 'Denied', message });
  assert.equal(requests.length, 0);
});

test('asking that fails is a refusal with its cause', async () => {
  const boom = new Error('boom');
  for (const answer of [() => { throw boom; }, async () => { throw boom; }]) {
    await assert.rejects(asking(answer).guard.authorize('bash', push), (error) => {
      assert.ok(error instanceof Denied && !(error instanceof ApprovalDeclined));
      assert.equal(error.cause, boom);
      return true;
    });
  }
  await assert.rejects(new Guard(engine).authorize('bash', push), /nobody can be asked/);
  assert.throws(() => new Guard(engine).authorizeSync('bash', push), /nobody can be asked/);
});

test('an answer is waited for only so long', async () => {
  let signal;
  const never = (request) => {
    signal = request.signal;
    return new Promise(() => {});
  };
  const { guard } = asking(never, { timeout: 20 });
  await assert.rejects(guard.authorize('bash', push), (error) => {
    assert.ok(error instanceof ApprovalTimeout && error instanceof Denied);
    assert.equal(error.name, 'ApprovalTimeout');
    return true;
  });
  assert.equal(signal.aborted, true);
  await assert.rejects(guard.authorize('bash', push, { timeout: 1 }), ApprovalTimeout);
  await assert.rejects(guard.authorize('bash', push, { timeout: 0 }), ApprovalTimeout);
  await assert.rejects(guard.authorize('bash', push, { timeout: NaN }), Denied);
  assert.throws(() => new Guard(engine, { timeout: -1 }), TypeError);
});

test('nobody is asked where no time is left', async () => {
  const { guard, requests } = asking(true, { timeout: 0 });
  await assert.rejects(guard.authorize('bash', push), ApprovalTimeout);
  assert.throws(() => guard.authorizeSync('bash', push), ApprovalTimeout);
  await assert.rejects(guard.tool('bash', () => 'ran', { timeout: 0 })(push), ApprovalTimeout);
  assert.equal(requests.length, 0);
  assert.equal((await guard.authorize('bash', push, { timeout: 1000 })).action, 'require_approval');
});

test('options that there are not are refused', async () => {
  const { guard, requests } = asking(true);
  const refused = { name: 'TypeError', message: /`justifcation` is no option: there are source, justification/ };
  await assert.rejects(guard.authorize('bash', push, { justifcation: 'x' }), refused);
  assert.throws(() => guard.authorizeSync('bash', push, { justifcation: 'x' }), refused);
  assert.throws(() => guard.tool('bash', () => 1, { justifcation: 'x' }), refused);
  await assert.rejects(guard.authorize('bash', push, 'mcp'), { name: 'TypeError', message: /^options are an object/ });
  assert.throws(() => guard.tool('bash', () => 1, { timeout: -1 }), TypeError);
  assert.throws(() => new Guard(engine, { aprover: () => true }), { name: 'TypeError', message: /^`aprover` is no option/ });
  assert.equal(requests.length, 0);
});

test('whoever waits may go away', async () => {
  const { guard } = asking(() => new Promise(() => {}));
  const leaving = new AbortController();
  const waiting = guard.authorize('bash', push, { signal: leaving.signal });
  leaving.abort();
  await assert.rejects(waiting, Denied);
  await assert.rejects(guard.authorize('bash', push, { signal: AbortSignal.abort() }), Denied);
});

test('an approval holds for the arguments that were shown', async () => {
  const args = { command: 'git push', branch: 'main' };
  const { guard } = asking(() => {
    args.branch = 'other';
    return true;
  });
  await assert.rejects(guard.authorize('bash', args), /the arguments changed/);
  const odd = { command: 'git push', extra: () => 1 };
  await assert.rejects(asking(true).guard.authorize('bash', odd), Denied);
});

test('no turn lies between an approval and the call', async () => {
  for (let turns = 0; turns < 12; turns += 1) {
    const args = { command: 'git push', branch: 'main' };
    const approver = () => {
      let later = Promise.resolve();
      for (let turn = 0; turn < turns; turn += 1) later = later.then(() => {});
      later.then(() => {
        args.branch = 'other';
      });
      return true;
    };
    const ran = new Guard(engine, { approver }).tool('bash', ({ branch }) => branch);
    const seen = await ran(args).catch((error) => {
      assert.match(error.message, /the arguments changed/);
      return 'main';
    });
    assert.equal(seen, 'main', `after ${turns} turns`);
  }
  const tool = { name: 'bash' };
  const { guard } = asking(() => {
    tool.name = 'deploy';
    return true;
  });
  await assert.rejects(guard.authorize(tool, push), /the arguments changed/);
});

test('an approver is shown what the approval is for', async () => {
  const { guard, requests } = asking(true);
  const account = 9007199254740993n;
  const args = { ...push, account, at: new Date(0), map: new Map([['n', [account, , undefined]]]), none: undefined };
  await guard.authorize('bash', args);
  await guard.authorize('bash', JSON.stringify(push));
  const map = { n: [account, null, null] };
  assert.deepStrictEqual(requests[0].args, { ...push, account, at: '1970-01-01T00:00:00.000Z', map });
  assert.deepStrictEqual(requests[1].args, push);
  class Loud extends Array {
    [Symbol.iterator]() {
      throw new Error('this ran');
    }
  }
  await guard.authorize('bash', { ...push, list: Loud.of(1) });
  assert.deepEqual(requests.pop().args.list, [1]);
  const named = JSON.parse('{"command": "git push", "__proto__": {"polluted": 1}}');
  await guard.authorize('bash', named);
  assert.deepEqual(Object.keys(requests[2].args), ['command', '__proto__']);
});

test('nobody is asked once nobody waits', async () => {
  const { guard, requests } = asking(true);
  const reason = new Error('gone');
  await assert.rejects(guard.authorize('bash', push, { signal: AbortSignal.abort(reason) }), { cause: reason });
  assert.equal(requests.length, 0);
});

test('what a guard is made of', async () => {
  assert.throws(() => new Guard(), /a guard needs an engine/);
  for (const wrong of [() => true, { approver: 'ask' }]) {
    assert.throws(() => new Guard(engine, wrong), /an approver is a function/);
  }
  const guard = new Guard(engine, null);
  assert.equal((await guard.authorize('bash', { command: 'ls' }, null)).action, 'allow');
  assert.equal(guard.authorizeSync('bash', { command: 'ls' }, null).action, 'allow');
});

test('the policy that lives when the answer comes decides', async () => {
  const live = Engine.fromYaml(POLICY);
  const replaced = (text) =>
    asking(
      () => {
        live.replace(text);
        return true;
      },
      { engine: live },
    ).guard;
  await assert.rejects(replaced(POLICY.replace("startsWith('git push')\", action: require_approval", "startsWith('git push')\", action: deny")).authorize('bash', push), (error) => {
    assert.equal(error.constructor, Denied);
    assert.equal(error.decision.action, 'deny');
    return true;
  });
  live.replace(POLICY);
  // Another workflow asks anew.
  let asked = 0;
  const guard = new Guard(live, {
    approver: () => {
      asked += 1;
      if (asked === 1) live.replace(POLICY.replace('approval_workflow: ops', 'approval_workflow: security'));
      return true;
    },
  });
  assert.equal((await guard.authorize('bash', push)).approvalWorkflow, 'security');
  assert.equal(asked, 2);
});

test('a function behind the guard', async () => {
  const ran = [];
  const { guard } = asking(true);
  const bash = guard.tool('bash', function run(args, extra) {
    ran.push([args.command, extra, this?.name]);
    return args.command.length;
  });
  assert.deepEqual([bash.name, bash.length], ['run', 2]);
  assert.equal(await bash({ command: 'ls' }, 'more'), 2);
  assert.equal(await bash.call({ name: 'self' }, push), 8);
  await assert.rejects(bash({ command: 'rm -rf /' }), Denied);
  await assert.rejects(bash(), Denied);
  assert.deepEqual(ran, [
    ['ls', 'more', undefined],
    ['git push', undefined, 'self'],
  ]);
});

test('nothing happens between an allow and the call', async () => {
  const args = { command: 'ls' };
  let seen;
  const run = new Guard(engine).tool('bash', ({ command }) => {
    seen = command;
  });
  const running = run(args);
  args.command = 'rm -rf /';
  await running;
  assert.equal(seen, 'ls');
});

test('a decorator for methods', async () => {
  const guard = new Guard(engine);
  const decorated = guard.tool('bash')(
    async function bash({ command }) {
      return `${this.shell} ${command}`;
    },
    { kind: 'method', name: 'bash' },
  );
  assert.equal(await decorated.call({ shell: 'sh' }, { command: 'ls' }), 'sh ls');
  await assert.rejects(decorated.call({ shell: 'sh' }, { command: 'rm -rf /' }), Denied);
});

test('toolboxes behind the guard', async () => {
  const guard = new Guard(engine);
  const tools = {
    bash: ({ command }) => command,
    deploy: { description: 'ships', execute: async () => 'shipped' },
    list: {
      prefix: 'p',
      execute() {
        return this.prefix;
      },
    },
  };
  const wrapped = guard.wrap(tools);
  assert.equal(await wrapped.bash({ command: 'ls' }), 'ls');
  await assert.rejects(wrapped.bash({ command: 'rm -rf /' }), Denied);
  assert.equal(wrapped.deploy.description, 'ships');
  await assert.rejects(wrapped.deploy.execute({}), Denied);
  assert.equal(await wrapped.list.execute({ items: [] }), 'p');
  assert.equal(await tools.deploy.execute({}), 'shipped');
  const [bash] = guard.wrap([{ name: 'bash', execute: ({ command }) => command }]);
  await assert.rejects(bash.execute({ command: 'rm -rf /' }), Denied);
  assert.equal(bash.name, 'bash');
  const frozen = Object.freeze({ execute: ({ command }) => command });
  assert.equal(await guard.wrap({ bash: frozen }).bash.execute({ command: 'ls' }), 'ls');
  class Box {
    bash() {}
  }
  for (const lost of [new Box(), new Map([['bash', () => 1]])]) {
    assert.throws(() => guard.wrap(lost), /methods of a class go through `guard.tool`/);
  }
  for (const wrong of [[{ execute: () => 1 }], { bash: 5 }, { bash: { execute: 5 } }]) {
    assert.throws(() => guard.wrap(wrong), TypeError);
  }
});

test('what kits call the function of a tool is guarded, and what nobody knows is refused', async () => {
  const guard = new Guard(engine);
  const denied = { command: 'rm -rf /' };
  for (const key of ['execute', 'run', 'handler', 'func']) {
    const { t } = guard.wrap({ t: { name: 'other', [key]: () => 'ran' }, bash: { [key]: () => 'ran' } });
    assert.equal(await t[key]({}), 'ran');
    const [listed] = guard.wrap([{ name: 'bash', [key]: () => 'ran' }]);
    await assert.rejects(async () => listed[key](denied), Denied);
    assert.equal(await listed[key]({ command: 'ls' }), 'ran');
  }
  const two = guard.wrap({ bash: { execute: () => 'executed', run: () => 'ran' } }).bash;
  await assert.rejects(two.execute(denied), Denied);
  await assert.rejects(two.run(denied), Denied);
  class Invoked {
    execute() {}
    invoke() {}
  }
  for (const unknown of [{ execute() {}, invoke() {} }, { func() {}, call() {} }, { callback() {} }, new Invoked()]) {
    assert.throws(() => guard.wrap({ bash: unknown }), { name: 'TypeError', message: /of `bash` would run unguarded/ });
  }
  const schema = { inputSchema: { validate() {} }, description: 'runs elsewhere', tags: ['a', { b: null }] };
  for (const elsewhere of [schema, {}, { execute: undefined }]) {
    assert.equal(guard.wrap({ bash: elsewhere }).bash, elsewhere);
  }
  class Performing {
    perform() {}
  }
  const within = [
    { type: 'function', function: { name: 'bash', function: () => 'ran' } },
    { tools: { push: () => 'ran' } },
    { [Symbol('run')]: () => 'ran' },
    Object.defineProperty({}, 'hidden', { value: () => 'ran' }),
    { get lazily() { return () => 'ran'; } },
    { inner: new Performing() },
  ];
  for (const none of [{ perform: () => 'ran' }, new Performing(), ...within]) {
    assert.throws(() => guard.wrap({ bash: none }), { name: 'TypeError', message: /^`bash` has none of execute, run/ });
    assert.throws(() => guard.wrap([Object.assign(none, { name: 'bash' })]), TypeError);
  }
});

test('a tool with private state stays one', async () => {
  class Shell {
    #ran = [];
    prompt = '$';
    static made = 0;
    get ran() {
      return this.#ran.length;
    }
    set ran(count) {
      this.#ran.length = count;
    }
    last() {
      return this.#ran.at(-1);
    }
    execute({ command }) {
      this.#ran.push(command);
      this.prompt = '#';
      return this.#ran.length;
    }
  }
  class Bash extends Shell {
    get description() {
      return `ran ${this.ran}`;
    }
  }
  const original = new Bash();
  const { bash } = new Guard(engine).wrap({ bash: original });
  assert.ok(bash instanceof Bash);
  await assert.rejects(bash.execute({ command: 'rm -rf /' }), Denied);
  assert.equal(await bash.execute({ command: 'ls' }), 1);
  assert.deepEqual([bash.ran, bash.last(), bash.description, bash.prompt], [1, 'ls', 'ran 1', '#']);
  bash.ran = 0;
  bash.prompt = '>';
  assert.deepEqual([original.ran, original.prompt, bash.last()], [0, '>', undefined]);
  // What copies a tool copies the guard with it.
  const copy = { ...bash };
  assert.equal(copy.prompt, '>');
  await assert.rejects(copy.execute({ command: 'rm -rf /' }), Denied);
});

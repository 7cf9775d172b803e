// The types as a program in strict TypeScript meets them: compiled and run in a fresh project.

import {
  ApprovalDeclined,
  ApprovalTimeout,
  Denied,
  Engine,
  Guard,
  PolicyError,
  policyToYaml,
  validate,
  type Action,
  type ApprovalRequest,
  type Decision,
  type Report,
  type ReportWire,
  type Status,
  type StatusWire,
} from 'preloop-engine';

const POLICY = `
version: "1.0"
metadata: {name: sample}
tools:
  - name: bash
    conditions:
      - {expression: "args.command.contains('rm -rf')", action: deny}
      - {expression: "args.command.startsWith('git')", action: require_approval}
`;

const engine: Engine = Engine.fromYaml(POLICY);
const decision: Decision = engine.decide('bash', { command: 'ls' }, { source: 'builtin', justification: 'why not' });
const action: Action = decision.action;
const rule: string | undefined = decision.rule?.path;
const status: Status = engine.status();
const report: Report = validate('version: "2.0"');
const wires: readonly [ReportWire, StatusWire] = [report.toJSON(), status.toJSON()];
const bound: Engine = engine.bind({
  principal: { id: 'ci', roles: ['builder'] },
  session: { calls: [{ tool: 'read', args: { path: 'x' }, at: new Date(0) }] },
  context: { site: 'test' },
  now: new Date(),
});
engine.decide({ name: 'bash', server: 'shell', isNew: false }, new Map([['command', 'ls']]));
engine.explain('bash', '{"command": "ls"}').trace?.map((item) => item.kind);

// Compiled, never run.
const sorted: string = policyToYaml({ name: 'sample', denied_actions: ['drop'] });
void [sorted, wires];
void (() => {
  // @ts-expect-error a decision cannot be changed
  decision.action = 'allow';
  // @ts-expect-error actions are a closed set
  decision.action === 'maybe';
  // @ts-expect-error a policy is text
  Engine.fromYaml(5);
  // @ts-expect-error only these options
  engine.decide('bash', {}, { principal: 'ci' });
});

const guard = new Guard(bound, {
  timeout: 1000,
  approver: async (request: ApprovalRequest): Promise<boolean> => request.args['command'] === 'git status',
});
const run = guard.tool('bash', (args: { command: string }, times: number): string => args.command.repeat(times));
const ran: string = await run({ command: 'git status' }, 2);
// @ts-expect-error the arguments keep their type
void (() => run({ command: 5 }, 1));

class Tools {
  readonly shell = 'sh';

  @guard.tool('bash')
  async bash(args: { command: string }): Promise<string> {
    return `${this.shell} ${args.command}`;
  }
}
const decorated: string = await new Tools().bash({ command: 'ls' });

const box = guard.wrap({
  bash: async (args: { command: string }) => args.command.length,
  deploy: { description: 'ships', execute: (_: { to: string }) => 'shipped' },
});
const listed = guard.wrap([{ name: 'bash', run: (args: { command: string }) => args.command.length }]);
const counted: Promise<number> = listed[0].run({ command: 'ls' });
await counted;
// A tool as kits declare it: it may have a function or none.
const declared: { description: string; execute?: (args: { to: string }) => string } = { description: 'ships' };
// Compiled, never run.
void (() => {
  const promised: Promise<string> | undefined = guard.wrap({ declared }).declared.execute?.({ to: 'test' });
  void promised;
  // @ts-expect-error nobody knows where `invoke` has the arguments
  guard.wrap({ ui: { name: 'ui', execute: () => 1, invoke: () => 1 } });
  // @ts-expect-error no function that is guarded
  guard.wrap({ ui: { name: 'ui', perform: () => 1 } });
  // @ts-expect-error only these options
  new Guard(engine, { aprover: () => true });
});
const length: number = await box.bash({ command: 'ls' });
const shipped: string = await box.deploy.execute({ to: 'test' });

let refused = '';
try {
  await guard.authorize('bash', { command: 'rm -rf /' }, { timeout: 5 });
} catch (error) {
  if (error instanceof ApprovalTimeout || error instanceof ApprovalDeclined) throw error;
  if (error instanceof Denied) refused = error.decision.reason;
}
let problems = 0;
try {
  engine.replace('version: "2.0"');
} catch (error) {
  if (error instanceof PolicyError) problems = error.report.errors.length;
}

console.log(
  JSON.stringify([action, rule ?? null, status.policy.name, report.isValid, ran, decorated, length, shipped, refused, problems > 0]),
);

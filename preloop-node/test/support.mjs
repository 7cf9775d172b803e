// What the tests share: the built package, and a policy to ask.

import * as preloop from '../dist/index.mjs';

export const { ApprovalDeclined, ApprovalTimeout, Decision, Denied, Engine, Guard, PolicyError, diff, policyToYaml, validate } =
  preloop;

export const POLICY = `
version: "1.0"
metadata: {name: support}
mcp_servers: [{name: files, url: "https://files.example.com/mcp"}]
approval_workflows:
  - {name: ops}
  - {name: security}
tools:
  - name: bash
    conditions:
      - {expression: "args.command.contains('rm -rf')", action: deny, message: files are never deleted here}
      - {expression: "args.command.startsWith('git push')", action: require_approval, approval_workflow: ops}
  - name: pay
    justification: required
    conditions:
      - {expression: "args.amount > 100", action: deny}
      - {expression: "args.to.country != 'DE'", action: require_approval}
  - {name: deploy, approval_workflow: security}
  - name: list
    conditions:
      - {expression: "args.items.exists(item, item.kind == 'secret')", action: deny}
  - name: whole
    conditions:
      - {expression: "args == {}", action: deny}
  - {name: read, source: files, conditions: [{action: deny}]}
  - name: clock
    conditions:
      - {expression: "now < timestamp('2000-01-01T00:00:00Z')", action: deny}
`;

export const engine = Engine.fromYaml(POLICY);

/** An engine whose tool `t` has one rule. */
export function engineOf(expression, action = 'deny') {
  const conditions = [{ expression, action }];
  const document = { version: '1.0', metadata: { name: 'one' }, tools: [{ name: 't', conditions }] };
  return Engine.fromYaml(JSON.stringify(document));
}

/** Action and reason of a call of `t`. */
export function judged(one, args) {
  const { action, reason } = one.decide('t', args);
  return `${action} ${reason}`;
}

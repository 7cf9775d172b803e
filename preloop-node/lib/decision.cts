/** The answer to a call. */

/** What happens to a call. */
export type Action = 'allow' | 'deny' | 'require_approval';

/** Why; a closed set. */
export type Reason =
  | 'rule_matched'
  | 'tool_default'
  | 'no_rule_matched'
  | 'unknown_tool'
  | 'new_tool'
  | 'tool_disabled'
  | 'justification_required'
  | 'condition_error'
  | 'invalid_call'
  | 'evidence_missing'
  | 'granted'
  | 'halted'
  | 'policy_unavailable'
  | 'policy_stale';

/** Which rule decided. */
export interface RuleRef {
  /** Place in the document, such as `tools[0].conditions[0]`. */
  readonly path: string;
  readonly name: string | null;
  readonly description: string | null;
  /** The condition as written; null means it always matches. */
  readonly expression: string | null;
}

/** Which policy answered. */
export interface PolicyRef {
  /** `metadata.name` of the document. */
  readonly name: string;
  /** `sha256:` and the digest of the canonical document without secrets. */
  readonly digest: string;
}

/** Something that could not be evaluated; it never lets a call through. */
export interface ConditionError {
  /** The rule's path; empty when the call itself is at fault. */
  readonly rule: string;
  readonly message: string;
  /** The kind of failure, such as `no_such_key`. */
  readonly kind: string;
  /** The part of the condition that failed, as written. */
  readonly expression?: string;
  readonly line?: number;
  readonly column?: number;
  readonly value?: unknown;
}

/** One line of an explanation. */
export interface TraceItem extends ConditionError {}

/** A decision as it goes over every wire. */
export interface DecisionWire {
  readonly action: Action;
  readonly reason: Reason;
  readonly message: string;
  readonly rule: RuleRef | null;
  readonly approval_workflow: string | null;
  readonly policy: PolicyRef;
  readonly errors: readonly ConditionError[];
  readonly scope?: string;
  readonly trace?: readonly TraceItem[];
}

/**
 * The answer to a call. Immutable; the same answer is often the same object.
 *
 * A decision is an object and so counts as true wherever JavaScript asks: write `decision.allowed`, never
 * `if (decision)`.
 */
export class Decision {
  /** What happens to the call. */
  readonly action: Action;
  /** Why. */
  readonly reason: Reason;
  /** What the agent is told. */
  readonly message: string;
  /** The rule that decided, if one did. */
  readonly rule: RuleRef | null;
  /** The workflow of an approval; null unless the action is `require_approval`. */
  readonly approvalWorkflow: string | null;
  /** The policy that answered. */
  readonly policy: PolicyRef;
  /** What could not be evaluated. */
  readonly errors: readonly ConditionError[];
  /** The scope that an inherited answer comes from; null for the policy's own. */
  readonly scope: string | null;
  /** Rule by rule, where an explanation was asked for; else null. */
  readonly trace: readonly TraceItem[] | null;
  readonly #wire: DecisionWire;

  /** @internal */
  constructor(text: string) {
    if (typeof text !== 'string') throw new TypeError('decisions are made by an engine: `engine.decide(tool, args)`');
    const wire = freeze(JSON.parse(text) as DecisionWire);
    this.#wire = wire;
    this.action = wire.action;
    this.reason = wire.reason;
    this.message = wire.message;
    this.rule = wire.rule;
    this.approvalWorkflow = wire.approval_workflow;
    this.policy = wire.policy;
    this.errors = wire.errors;
    this.scope = wire.scope ?? null;
    this.trace = wire.trace ?? null;
    Object.freeze(this);
  }

  /** The call may run. */
  get allowed(): boolean {
    return this.action === 'allow';
  }

  /** The call must not run. */
  get denied(): boolean {
    return this.action === 'deny';
  }

  /** The call waits for an approval. */
  get needsApproval(): boolean {
    return this.action === 'require_approval';
  }

  /** The decision as it goes over every wire; `JSON.stringify` uses it. */
  toJSON(): DecisionWire {
    return this.#wire;
  }

  toString(): string {
    return `${this.action}: ${this.message}`;
  }

  /** Comparing or counting with a decision is always a mistake. */
  [Symbol.toPrimitive](hint: 'string' | 'number' | 'default'): string {
    if (hint === 'string') return this.toString();
    throw new TypeError('a decision is neither true nor false: ask for `decision.allowed`');
  }
}

// A guard asks `allowed`: nobody puts another answer in its place.
Object.freeze(Decision.prototype);

/** Freezes a value and all its parts. @internal */
export function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) freeze(part);
    Object.freeze(value);
  }
  return value;
}

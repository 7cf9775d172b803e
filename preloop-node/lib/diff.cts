/** Two policies compared. The report is the one of every surface, so its fields are spelled as on the wire. */

import { type Action, type PolicyRef, type Reason, freeze } from './decision.cjs';
import { refusable } from './errors.cjs';
import { native } from './native.cjs';

/** What a change does to what gets through, as far as it is known. */
export type Verdict = 'same_meaning' | 'unknown' | 'tightened' | 'loosened' | 'both';

/** Two policies compared. */
export interface PolicyDiff {
  readonly verdict: Verdict;
  /** Whether the documents differ at all, comments and layout aside. */
  readonly changed: boolean;
  readonly before: PolicyRef;
  readonly after: PolicyRef;
  /** What was added, removed, changed or moved, by name. */
  readonly changes: readonly Change[];
  /** What the changes do beside the answers to calls. */
  readonly effects: readonly Effect[];
  /** Which tools are now answered otherwise. */
  readonly tools: readonly ToolMeaning[];
  /** Calls that are answered otherwise, each run through both policies. */
  readonly examples: readonly Example[];
  /** How hard was looked. */
  readonly searched: Searched;
}

/** A part of a document. */
export type Section = 'metadata' | 'mcp_server' | 'approval_workflow' | 'tool' | 'rule' | 'defaults';

/** One difference between the documents. */
export interface Change {
  readonly kind: 'added' | 'removed' | 'changed' | 'moved';
  readonly section: Section;
  /** Its name: for a rule the tool's. */
  readonly name: string;
  readonly rule?: string;
  readonly path_before?: string;
  readonly path_after?: string;
  readonly fields?: readonly FieldChange[];
}

/** One field that differs. */
export interface FieldChange {
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
  /** Whether it only tells people something. */
  readonly is_documentation: boolean;
}

/** What a change does that no answer to a call shows. */
export interface Effect {
  readonly verdict: Verdict;
  readonly section: Section;
  readonly name: string;
  readonly message: string;
}

/** A tool that is answered otherwise, or may be. */
export interface ToolMeaning {
  readonly tool: string;
  readonly source?: string;
  readonly verdict: Verdict;
  readonly differences: number;
  readonly calls: number;
  readonly is_exhausted: boolean;
}

/** A call that is answered otherwise. */
export interface Example {
  readonly tool: string;
  readonly verdict: Verdict;
  /** The call, as a line of `--calls`. */
  readonly call: Readonly<Record<string, unknown>>;
  readonly before: Answer;
  readonly after: Answer;
  readonly note?: string;
}

/** The part of a decision that is compared. */
export interface Answer {
  readonly action: Action;
  readonly reason: Reason;
  readonly rule: string | null;
  readonly rule_name?: string;
  readonly expression?: string;
  readonly approval_workflow: string | null;
  readonly errors?: readonly string[];
}

/** How hard was looked. */
export interface Searched {
  readonly calls: number;
  readonly budget: number;
  readonly tools: number;
  readonly all_tools: boolean;
  readonly not_searched?: readonly string[];
}

/**
 * Compares two documents: what they say otherwise, and which calls they answer otherwise, with examples.
 * Throws a `PolicyError` where one is refused.
 */
export function diff(before: string, after: string): PolicyDiff {
  if (typeof before !== 'string' || typeof after !== 'string') throw new TypeError('a policy document is text');
  return freeze(JSON.parse(refusable(() => native.diff(before, after))) as PolicyDiff);
}

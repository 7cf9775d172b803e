/**
 * Preloop's engine: decides AI agents' tool calls by a policy document, in the agent's own process.
 *
 * @packageDocumentation
 */

export type { Action, ConditionError, DecisionWire, PolicyRef, Reason, RuleRef, TraceItem } from './decision.cjs';
export { Decision } from './decision.cjs';
export type {
  Answer,
  Change,
  Effect,
  Example,
  FieldChange,
  PolicyDiff,
  Searched,
  Section,
  ToolMeaning,
  Verdict,
} from './diff.cjs';
export { diff } from './diff.cjs';
export type {
  Arguments,
  CallOptions,
  Facts,
  FileUrl,
  Principal,
  Session,
  SessionCall,
  Status,
  StatusWire,
  Tool,
  ToolFacts,
} from './engine.cjs';
export { Engine, policyToYaml, validate } from './engine.cjs';
export type { Diagnostic, Report, ReportWire } from './errors.cjs';
export { ApprovalDeclined, ApprovalTimeout, Denied, PolicyError } from './errors.cjs';
export type {
  ApprovalRequest,
  Approver,
  AuthorizeOptions,
  ExecutableTool,
  Guarded,
  GuardedTool,
  GuardedToolbox,
  GuardOptions,
  Signal,
  Toolbox,
  ToolFunction,
} from './guard.cjs';
export { Guard } from './guard.cjs';

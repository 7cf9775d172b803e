/**
 * Preloop's engine: decides AI agents' tool calls by a policy document, in the agent's own process.
 *
 * The same objects as `require` gives, so that `instanceof` holds however the package was loaded.
 *
 * @packageDocumentation
 */

export type * from './index.cjs';
export {
  ApprovalDeclined,
  ApprovalTimeout,
  Decision,
  Denied,
  Engine,
  Guard,
  PolicyError,
  diff,
  policyToYaml,
  validate,
} from './index.cjs';

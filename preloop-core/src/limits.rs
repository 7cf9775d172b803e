//! Every bound of the engine in one place; each is checked before the work it bounds is done.

/// Longest policy document, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;
/// Most cases in one file of tests.
pub const TEST_CASES_MAX: usize = 10_000;
/// Most files that one policy may be spread over.
pub const POLICY_FILES_MAX: usize = 1_000;
/// Most `tools[]` entries in one document.
pub const TOOLS_MAX: usize = 10_000;
/// Most rules (`conditions[]`) of one tool.
pub const RULES_PER_TOOL_MAX: usize = 1_000;
/// Most tools that one entry may want called first.
pub const EVIDENCE_TOOLS_MAX: usize = 100;
/// Highest threshold of a flat policy: every whole number up to it is exact.
pub const THRESHOLD_USD_MAX: f64 = 1e15;
/// Longest bundle of policies, in bytes.
pub const BUNDLE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most `mcp_servers[]` entries.
pub const MCP_SERVERS_MAX: usize = 1_000;
/// Most `approval_workflows[]` entries.
pub const APPROVAL_WORKFLOWS_MAX: usize = 1_000;
/// Longest name of anything in a document, in characters.
pub const NAME_CHARS_MAX: usize = 256;
/// Longest free text (description, message) in a document, in characters.
pub const TEXT_CHARS_MAX: usize = 10_000;
/// Longest expression, in characters.
pub const EXPRESSION_CHARS_MAX: usize = 10_000;
/// Deepest nesting of a document, of arguments and of an expression.
pub const NESTING_MAX: usize = 64;
/// YAML nodes after anchors are expanded.
pub const DOCUMENT_NODES_MAX: usize = 1_000_000;
/// Most problems reported for one document; the rest are counted.
pub const DIAGNOSTICS_MAX: usize = 1_000;
/// Budget of one condition, in fuel units, unless the caller sets another.
pub const FUEL_DEFAULT: u64 = 100_000;
/// Highest budget that a caller may set.
pub const FUEL_MAX: u64 = 1_000_000;
/// Longest path, address or command in a document, in characters.
pub const ADDRESS_CHARS_MAX: usize = 4_096;
/// Most items in any other list or mapping of a document (tags, approvers, arguments, headers).
pub const ITEMS_MAX: usize = 1_000;
/// Longest wait for an approval, in seconds.
pub const TIMEOUT_SECONDS_MAX: u64 = 2_592_000;
/// Most approvals that a workflow may ask for.
pub const APPROVALS_MAX: u64 = 100;
/// Most values that one redaction copies; the rest is left out.
pub const REDACT_NODES_MAX: usize = 10_000;
/// Most nodes of a tool's input schema.
pub const SCHEMA_NODES_MAX: usize = 20_000;
/// Most steps of checking one call's arguments against a schema.
pub const SCHEMA_STEPS_MAX: u32 = 200_000;
/// Most values of one argument that a call in the agent's own process may have read; the usual budget is spent by as many.
pub const ARGUMENT_VALUES_MAX: usize = 100_000;

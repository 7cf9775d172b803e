//! Compiling a source of any dialect to a document; nothing is stored.

use preloop_core::dialect::SourceFormat;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Body of `POST /api/v1/policies/compile`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompileRequest {
    /// The text: a policy document or a flat policy, or sentences.
    pub source: String,
    /// How the text is written.
    pub source_format: SourceFormat,
}

//! Canonical bytes: RFC 8785 JSON with exact integers, the hashes over it, and the canonical document as YAML and JSON.

mod export;
mod hash;
mod number;
mod sorted;
mod text;
mod value;
mod writer;
mod yaml;

#[cfg(test)]
mod tests;

pub(crate) use export::redact as redact_secret;
pub use export::{SecretOwner, SecretPlace, channel_places, export, export_server, visit_secrets};
pub(crate) use hash::sha256;
pub use hash::{call_hash, policy_digest};
pub(crate) use number::write_number_literal;
pub use sorted::policy_to_yaml;
pub use text::{to_json, to_yaml};
pub use value::canonical_value;
pub(crate) use value::{compare_keys, write_string};

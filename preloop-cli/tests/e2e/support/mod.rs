//! What every scenario needs: the product, agents, servers, the bare wire, and patience.

pub(crate) mod agent;
pub(crate) mod parts;
pub(crate) mod preloop;
pub(crate) mod session;
pub(crate) mod upstream;
pub(crate) mod wait;
pub(crate) mod wire;

use std::sync::LazyLock;

use serde_json::Value;

use parts::Parts;

/// The third-party parts; a test that needs them fails, and never skips, where they cannot be had.
pub(crate) fn parts() -> &'static Parts {
    static PARTS: LazyLock<Result<Parts, String>> = LazyLock::new(Parts::install);
    PARTS.as_ref().unwrap_or_else(|error| panic!("the third-party parts are missing: {error}"))
}

/// The text of the first content block of a result.
#[track_caller]
pub(crate) fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {result}"))
}

/// Whether a result says that the call failed.
pub(crate) fn is_error(result: &Value) -> bool {
    result["isError"] == true
}

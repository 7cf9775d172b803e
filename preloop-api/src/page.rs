//! The envelope of every list.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One page of a list; ask again with `cursor=<next_cursor>` for the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    /// The items of this page, in the order asked for.
    pub items: Vec<T>,
    /// Where the next page starts; none on the last page.
    pub next_cursor: Option<String>,
}

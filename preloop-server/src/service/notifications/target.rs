//! Where a delivery goes, as it is stored: names of things that are looked up when it is sent, never a secret.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where a delivery goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Target {
    /// A device of a user.
    Device { id: Uuid },
    /// A place that the workflow names: its channel, as in `notifications.slack`, and a room or an address of it.
    Place { at: String, to: Option<String> },
    /// A message that was sent before, to be changed.
    Update { of: Uuid },
    /// A user.
    User { id: Uuid },
}

// === impl Target ===

impl Target {
    /// As it is stored.
    pub(super) fn to_text(&self) -> String {
        // Ids and texts can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As it was stored.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

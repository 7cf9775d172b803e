//! What names look like, of users, agents, teams, flows and keys: whoever reads one must not be misled by it.

/// Longest name, in characters.
pub const NAME_CHARS_MAX: usize = 64;

/// Whether a text can be a name: 1 to 64 letters, digits, spaces or any of `-_.@`, and no space at its ends.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && text.chars().count() <= NAME_CHARS_MAX
        && text.chars().all(|c| c.is_alphanumeric() || "-_.@ ".contains(c))
}

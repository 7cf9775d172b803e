//! Text that came from elsewhere, made safe to look at.
//!
//! An approver reads what an agent wrote; escape sequences or direction marks in it could hide or
//! forge what is shown, so they are written as escapes instead of being obeyed.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with control, direction and invisible characters written as escapes.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len().saturating_add(16));
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            hidden if is_hidden(hidden) => {
                // Writing to a `String` cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(hidden));
            }
            plain => shown.push(plain),
        }
    }
    Cow::Owned(shown)
}

/// The text in at most `max` characters, the cut marked.
pub fn shortened(text: &str, max: usize) -> Cow<'_, str> {
    if text.chars().count() <= max {
        return Cow::Borrowed(text);
    }
    let mut short: String = text.chars().take(max.saturating_sub(1)).collect();
    short.push('…');
    Cow::Owned(short)
}

/// Whether a character changes what is seen around it, or is not seen itself.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
                | '\u{e0100}'..='\u{e01ef}'
        )
}

#[cfg(test)]
mod tests {
    use super::{shortened, visible};

    #[test]
    fn escape_sequences_and_direction_marks_are_shown_not_obeyed() {
        assert_eq!(visible("\u{1b}[2Jrm\u{202e}fr"), "\\u{1b}[2Jrm\\u{202e}fr");
        assert_eq!(visible("a\nb\u{9b}c\u{7f}"), "a\\nb\\u{9b}c\\u{7f}");
        assert_eq!(visible("a\u{3164}b\u{e0101}"), "a\\u{3164}b\\u{e0101}");
        assert_eq!(visible("grüße, 世界"), "grüße, 世界");
    }

    #[test]
    fn long_text_is_cut_and_marked() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdefg", 6), "abcde…");
    }
}

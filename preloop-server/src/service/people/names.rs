//! What names and addresses may look like: whoever reads a log, a policy or a trail must not be misled by one.

use uuid::Uuid;

use preloop_api::{NAME_CHARS_MAX, is_name};
use unicode_security::MixedScript as _;

use super::invalid;
use crate::service::ServiceError;

/// Longest e-mail address, in bytes.
const EMAIL_BYTES_MAX: usize = 254;
/// Longest description, in characters.
const DESCRIPTION_CHARS_MAX: usize = 500;

/// The name of a key, an agent or a team, without blanks around it.
pub(in crate::service) fn check_name(name: &str) -> Result<&str, ServiceError> {
    let name = name.trim();
    if !is_name(name) {
        return Err(invalid(
            "invalid_name",
            format!(
                "`name` must be 1 to {NAME_CHARS_MAX} letters, digits, spaces or any of `-_.@`"
            ),
        ));
    }
    if !name.is_single_script() {
        // Letters of two scripts look alike: such a name could be read as somebody else's.
        return Err(invalid(
            "invalid_name",
            "`name` must be of one script: it mixes letters that look alike, such as Latin and Cyrillic ones",
        ));
    }
    Ok(name)
}

/// The name of a user: no address, which would stand for another's, and no id.
pub(super) fn check_user_name(name: &str) -> Result<&str, ServiceError> {
    let name = check_name(name)?;
    if name.contains('@') || name.parse::<Uuid>().is_ok() {
        return Err(invalid(
            "invalid_name",
            "the `name` of a user must not hold `@` and must not be an id; the address goes into `email`",
        ));
    }
    Ok(name)
}

/// The name of an account.
pub(super) fn check_account_name(name: &str) -> Result<&str, ServiceError> {
    let name = name.trim();
    let is_good = !name.is_empty()
        && name.len() <= NAME_CHARS_MAX
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if is_good {
        return Ok(name);
    }
    Err(invalid(
        "invalid_name",
        format!(
            "the `name` of an account must be 1 to {NAME_CHARS_MAX} of `a-z`, `A-Z`, `0-9` and `-_.`"
        ),
    ))
}

/// An e-mail address, as far as it can be told without sending one.
pub(super) fn check_email(email: &str) -> Result<&str, ServiceError> {
    let email = email.trim();
    let is_plain = email.len() <= EMAIL_BYTES_MAX
        && email
            .chars()
            .all(|c| !c.is_whitespace() && !c.is_control() && !"<>,;:\"()[]\\`".contains(c));
    let parts: Vec<&str> = email.split('@').collect();
    let is_good = is_plain
        && matches!(parts.as_slice(), [name, host] if !name.is_empty() && !host.is_empty());
    if is_good {
        return Ok(email);
    }
    Err(invalid("invalid_email", "`email` must be one address such as `ann@example.com`"))
}

/// A description: text on one line.
pub(super) fn check_description(text: Option<String>) -> Result<Option<String>, ServiceError> {
    let Some(text) = text else { return Ok(None) };
    if text.chars().count() > DESCRIPTION_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(invalid(
            "invalid_description",
            format!("`description` must be one line of at most {DESCRIPTION_CHARS_MAX} characters"),
        ));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_a_line_or_stand_for_another() {
        for name in ["ann", " ann ", "Ann Lee", "a.b-c_d", "Äna", "Анна", "東京タワー"] {
            assert_eq!(check_user_name(name).unwrap(), name.trim());
        }
        for name in ["", " ", "a\nb", "a\u{202e}b", "a'--", "ann@x.org", "a`b", "{\"a\"}"] {
            assert!(check_user_name(name).is_err(), "{name:?}");
        }
        // Cyrillic and Greek letters among Latin ones.
        for name in ["\u{430}nn", "p\u{430}yments", "\u{3bf}wner", "ops \u{410}"] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        assert!(check_user_name("018f0000-0000-7000-8000-000000000000").is_err());
        assert!(check_name("ci@build").is_ok());
    }

    #[test]
    fn addresses_are_one_address() {
        assert_eq!(check_email(" ann@example.com ").unwrap(), "ann@example.com");
        for email in ["ann", "@x", "ann@", "a@b@c", "a b@c", "a@b\r\nBcc: d@e", "<a@b>"] {
            assert!(check_email(email).is_err(), "{email:?}");
        }
    }
}

//! What a call would do, in one plain sentence that an approver reads first.
//!
//! It is put together from the names of the tool and its server and from the arguments. What a server says of its tool
//! is never part of it, and what an agent wrote as text stands between quotation marks.

use serde_json::{Map, Value};

use crate::redact::{MASK, is_secret_key, is_secret_text};
use crate::visible::{shortened, visible};

/// Longest sentence, in characters.
pub const EFFECT_CHARS_MAX: usize = 280;
/// Longest name of a tool or server in it.
const NAME_CHARS_MAX: usize = 60;
/// Longest name of an argument in it.
const KEY_CHARS_MAX: usize = 30;
/// Longest text of an argument in it.
const TEXT_CHARS_MAX: usize = 72;
/// Most arguments that are named.
const NAMED_MAX: usize = 3;
/// Arguments that say most of what happens, the most telling first.
const TELLING: &[&str] = &[
    "amount",
    "total",
    "price",
    "command",
    "cmd",
    "script",
    "code",
    "sql",
    "query",
    "statement",
    "url",
    "uri",
    "path",
    "file",
    "filename",
    "directory",
    "source",
    "destination",
    "target",
    "to",
    "recipient",
    "recipients",
    "email",
    "channel",
    "account",
    "customer",
    "user",
    "repo",
    "repository",
    "branch",
    "database",
    "table",
    "bucket",
    "key",
    "name",
    "title",
    "subject",
    "id",
    "message",
    "text",
    "body",
];
/// First words of tools that run what they are given.
const RUNNERS: &[&str] = &["bash", "exec", "execute", "run", "sh", "shell", "terminal"];
/// Arguments of such tools with what is run.
const COMMANDS: &[&str] = &["command", "cmd", "script", "code"];

/// A call of which the effect is told.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The tool's own name.
    pub tool: &'a str,
    /// The server that offers it.
    pub server: Option<&'a str>,
    /// The class of its source, such as `builtin`.
    pub source: Option<&'a str>,
    /// The arguments.
    pub arguments: &'a Value,
}

// === impl Told ===

impl Told<'_> {
    /// The effect in one sentence: on one line, of at most [`EFFECT_CHARS_MAX`] characters, without secrets.
    pub fn effect(&self) -> String {
        let none = Map::new();
        let arguments = self.arguments.as_object().unwrap_or(&none);
        let sentence = self.own(arguments).unwrap_or_else(|| self.general(arguments));
        shortened(&sentence, EFFECT_CHARS_MAX).into_owned()
    }

    /// The sentence of a tool that is the server's own, where an agent asks on its own account.
    fn own(&self, arguments: &Map<String, Value>) -> Option<String> {
        if self.source != Some("builtin") {
            return None;
        }
        let (words, key) = match self.tool {
            "ask_user" => ("The agent asks a question", "question"),
            "request_approval" => ("The agent asks for approval of a plan", "title"),
            _ => return None,
        };
        let text = arguments.get(key)?.as_str()?;
        Some(format!("{words}: {}", quoted(text, EFFECT_CHARS_MAX / 2)))
    }

    fn general(&self, arguments: &Map<String, Value>) -> String {
        let words = words_of(self.tool);
        let at = match self.server {
            Some(server) => format!(" at {}", shortened(&visible(server), NAME_CHARS_MAX)),
            None => String::new(),
        };
        let first = words.split(' ').next().unwrap_or_default().to_lowercase();
        let command = arguments
            .iter()
            .find(|(key, value)| COMMANDS.contains(&key.as_str()) && value.is_string());
        if let Some((key, value)) = command
            && RUNNERS.contains(&first.as_str())
        {
            let rest = arguments.iter().filter(|(other, _)| *other != key);
            let command = shown(key, value, TEXT_CHARS_MAX * 2);
            return format!("Run {command}{at}{}", listed(rest, ", with"));
        }
        format!("{words}{at}{}", listed(arguments.iter(), ":"))
    }
}

/// The name of a tool as words: `createPull_request` is "Create pull request".
///
/// A server may name its tool like a sentence of ours; such a name stands between quotation marks.
fn words_of(tool: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':');
    let has_words = tool.chars().any(|c| c.is_ascii_alphanumeric());
    if !has_words || !tool.chars().all(is_plain) {
        return format!("Call the tool {}", quoted(tool, NAME_CHARS_MAX));
    }
    let mut words = String::with_capacity(tool.len());
    let mut before = ' ';
    for character in tool.chars() {
        if !character.is_ascii_alphanumeric() {
            if before != ' ' {
                words.push(' ');
            }
            before = ' ';
            continue;
        }
        if words.is_empty() {
            words.extend(character.to_uppercase());
        } else if character.is_uppercase() && before.is_lowercase() {
            words.push(' ');
            words.extend(character.to_lowercase());
        } else {
            words.push(character);
        }
        before = character;
    }
    shortened(words.trim_end(), NAME_CHARS_MAX).into_owned()
}

/// The arguments that say most, and how many more there are.
fn listed<'a>(arguments: impl Iterator<Item = (&'a String, &'a Value)>, lead: &str) -> String {
    let mut all: Vec<(&String, &Value)> = arguments.collect();
    if all.is_empty() {
        return String::new();
    }
    let amount = take_amount(&mut all);
    all.sort_by_key(|(key, value)| rank(key, value));
    let room = NAMED_MAX.saturating_sub(usize::from(amount.is_some()));
    let more = all.len().saturating_sub(room);
    let named = all
        .into_iter()
        .take(room)
        .map(|(key, value)| format!("{} {}", key_shown(key), shown(key, value, TEXT_CHARS_MAX)));
    let mut parts: Vec<String> = amount.into_iter().chain(named).collect();
    if more > 0 {
        parts.push(format!("{more} more argument{}", if more == 1 { "" } else { "s" }));
    }
    format!("{lead} {}", parts.join(", "))
}

/// An amount with its currency, which are one thing to a reader.
fn take_amount(arguments: &mut Vec<(&String, &Value)>) -> Option<String> {
    let amount = arguments.iter().position(|(key, value)| *key == "amount" && value.is_number())?;
    let is_code =
        |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let currency = arguments
        .iter()
        .position(|(key, value)| *key == "currency" && value.as_str().is_some_and(is_code))?;
    let code = arguments.get(currency)?.1.as_str()?.to_uppercase();
    let number = arguments.get(amount)?.1.to_string();
    arguments.retain(|(key, _)| *key != "amount" && *key != "currency");
    Some(format!("amount {} {code}", shortened(&number, TEXT_CHARS_MAX)))
}

/// The most telling first, then what is short to say.
fn rank(key: &str, value: &Value) -> (usize, usize) {
    let telling = TELLING.iter().position(|name| *name == key).unwrap_or(TELLING.len());
    let kind = match value {
        _ if is_secret_key(key) => 3,
        Value::Number(_) | Value::Bool(_) => 0,
        Value::String(_) => 1,
        Value::Null | Value::Array(_) | Value::Object(_) => 2,
    };
    (telling, kind)
}

/// The name of an argument, which the agent chooses: between quotation marks where it is more than a plain name.
fn key_shown(key: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if key.is_empty() || key.len() > KEY_CHARS_MAX || !key.chars().all(is_plain) {
        return quoted(key, KEY_CHARS_MAX);
    }
    key.to_owned()
}

/// A value in a few characters: texts between quotation marks that nothing in them can close.
fn shown(key: &str, value: &Value, chars_max: usize) -> String {
    if is_secret_key(key) {
        return MASK.to_owned();
    }
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(is) => is.to_string(),
        Value::Number(number) => shortened(&number.to_string(), chars_max).into_owned(),
        Value::String(text) if is_secret_text(text) => MASK.to_owned(),
        Value::String(text) => quoted(text, chars_max),
        Value::Array(items) => count(items.len(), "item"),
        Value::Object(fields) => count(fields.len(), "field"),
    }
}

fn count(count: usize, what: &str) -> String {
    format!("({count} {what}{})", if count == 1 { "" } else { "s" })
}

fn quoted(text: &str, chars_max: usize) -> String {
    // Cut before it is made visible, and again after: escapes are longer than what they stand for.
    let cut = shortened(text, chars_max);
    let safe = visible(&cut).replace(['"', '“', '”', '„', '‟', '＂'], "'");
    format!("\"{}\"", shortened(&safe, chars_max))
}

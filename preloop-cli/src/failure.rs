//! Why a command could not do its work: one shape for people and for scripts.

use std::fmt::Display;

use serde_json::{Map, Value, json};

use crate::exit::Exit;

const UNHEARD: &str = "unheard";

/// A command that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    code: String,
    message: String,
    help: Option<String>,
    more: Map<String, Value>,
}

impl Failure {
    /// Something outside the input went wrong.
    pub(crate) fn new(code: &str, message: impl Display) -> Self {
        Self::with_exit(Exit::Failure, code, message)
    }

    /// The command line is wrong in a way that the argument parser cannot see.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::with_exit(Exit::Usage, "usage", message)
    }

    /// A failure with an exit code of its own.
    pub(crate) fn with_exit(exit: Exit, code: &str, message: impl Display) -> Self {
        Self {
            exit,
            code: code.to_owned(),
            message: message.to_string(),
            help: None,
            more: Map::new(),
        }
    }

    /// The reader of the results went away, as `head` does; there is nobody to tell and nothing wrong.
    pub(crate) fn unheard() -> Self {
        Self::new(UNHEARD, "nobody reads the results any more")
    }

    /// Whether the reader of the results went away.
    pub(crate) fn is_unheard(&self) -> bool {
        self.code == UNHEARD
    }

    /// Whether it may be over without anybody's help: no server answered, or one that lacks its database.
    pub(crate) fn may_pass(&self) -> bool {
        ["unreachable", "unavailable"].contains(&&*self.code)
    }

    /// Says what to do about it.
    pub(crate) fn help(mut self, help: impl Display) -> Self {
        self.help = Some(help.to_string());
        self
    }

    /// Adds a member to the JSON form, for scripts.
    pub(crate) fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.more.insert(key.to_owned(), value.into());
        self
    }

    /// What the process ends with.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// What went wrong, in one line.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub(crate) fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The result object of a failed command.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = self.more.clone();
        error.insert("code".to_owned(), json!(self.code));
        error.insert("message".to_owned(), json!(self.message));
        if let Some(help) = &self.help {
            error.insert("help".to_owned(), json!(help));
        }
        json!({ "error": error })
    }
}

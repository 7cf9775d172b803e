//! The one door through which the command line prints.
//!
//! With `--format json` exactly the result object, failed or not, is on standard output; otherwise
//! results are on standard output and messages on standard error.

mod page;
mod style;
mod text;

use std::io::{self, Write};

use serde::Serialize;

pub(crate) use self::page::{Cell, Page};
pub(crate) use self::style::{Paint, Style};
pub(crate) use self::text::{shortened, visible};
use crate::failure::Failure;

/// Who reads the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A person.
    Human,
    /// A program.
    Json,
    /// A pull request (`policy diff`).
    Markdown,
    /// A policy's file (`policy export`).
    Yaml,
}

/// The door.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    format: Format,
    results: Paint,
    messages: Paint,
}

impl Output {
    /// Opens the door for a kind of reader.
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            results: Paint::for_stream(&io::stdout()),
            messages: Paint::for_stream(&io::stderr()),
        }
    }

    /// Whether a program reads.
    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Whether the result becomes a comment on a pull request.
    pub(crate) fn is_markdown(self) -> bool {
        self.format == Format::Markdown
    }

    /// Whether the result becomes a policy's file.
    pub(crate) fn is_yaml(self) -> bool {
        self.format == Format::Yaml
    }

    /// An empty page for results.
    pub(crate) fn page(self) -> Page {
        let size = terminal_size::terminal_size_of(io::stdout());
        Page::new(self.results, size.map(|(width, _)| usize::from(width.0)))
    }

    /// Prints the result of a command: the object, or what `human` makes of it.
    pub(crate) fn result<T: Serialize + ?Sized>(
        self,
        value: &T,
        human: impl FnOnce(&mut Page),
    ) -> Result<(), Failure> {
        match self.format {
            Format::Json => {
                let mut text = serde_json::to_string_pretty(value).map_err(unwritable)?;
                text.push('\n');
                print(&text)
            }
            Format::Human | Format::Markdown | Format::Yaml => {
                let mut page = self.page();
                human(&mut page);
                print(&page.into_text())
            }
        }
    }

    /// Prints one item of a stream: an object on a line, or what `human` makes of it.
    pub(crate) fn item<T: Serialize + ?Sized>(
        self,
        value: &T,
        human: impl FnOnce(&mut Page),
    ) -> Result<(), Failure> {
        match self.format {
            Format::Json => {
                let mut text = serde_json::to_string(value).map_err(unwritable)?;
                text.push('\n');
                print(&text)
            }
            Format::Human | Format::Markdown | Format::Yaml => self.result(value, human),
        }
    }

    /// Shows lines to a person while the command goes on; a program sees only results.
    pub(crate) fn show(self, human: impl FnOnce(&mut Page)) -> Result<(), Failure> {
        match self.format {
            Format::Json => Ok(()),
            Format::Human | Format::Markdown | Format::Yaml => self.result(&(), human),
        }
    }

    /// Begins anew at the top of a terminal; anywhere else nothing is wiped.
    pub(crate) fn clear_screen(self) -> Result<(), Failure> {
        if self.results.is_on() && !self.is_json() {
            return print("\u{1b}[2J\u{1b}[3J\u{1b}[H");
        }
        Ok(())
    }

    /// Tells a person something on standard error; a program sees only results.
    pub(crate) fn message(self, human: impl FnOnce(&mut Page)) {
        if self.is_json() {
            return;
        }
        let mut page = Page::new(self.messages, None);
        human(&mut page);
        print_message(&page.into_text());
    }

    /// Prints why the command failed.
    pub(crate) fn failure(self, failure: &Failure) {
        if failure.is_unheard() {
            return;
        }
        if self.is_json() {
            // The failure is already being reported: a reader that went away changes nothing.
            let _ = self.result(&failure.to_json(), |_| {});
            return;
        }
        self.message(|page| {
            let label = page.styled(Style::Red, "error:");
            page.line(format!("{label} {}", visible(failure.message())));
            if let Some(help) = failure.help_text() {
                let label = page.styled(Style::Cyan, "help:");
                page.line(format!("{label} {help}"));
            }
        });
    }
}

/// Prints text for a person who has to answer on the same line.
pub(crate) fn prompt(text: &str) {
    print_message(text);
}

/// Prints a whole text, such as a completion script.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(unwritable)
}

/// Why nothing more can be written.
pub(crate) fn unwritable(cause: impl Into<io::Error>) -> Failure {
    let cause = cause.into();
    if cause.kind() == io::ErrorKind::BrokenPipe {
        return Failure::unheard();
    }
    Failure::new("output", format!("cannot write to standard output: {cause}"))
}

fn print_message(text: &str) {
    let mut out = io::stderr().lock();
    // Nobody is left to be told when standard error is gone.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

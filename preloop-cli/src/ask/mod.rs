//! Questions to the person at the terminal.

#[cfg(unix)]
mod hidden;

use std::io::{self, IsTerminal};

use preloop_api::SecretText;

use crate::failure::Failure;
use crate::output::{Output, prompt};

/// Whether there is somebody to ask: a program reads no questions, and a pipe gives no answers.
pub(crate) fn can_ask(output: Output) -> bool {
    !output.is_json() && io::stdin().is_terminal()
}

/// Asks; anything but a clear yes is a no.
pub(crate) fn is_yes(question: &str) -> Result<bool, Failure> {
    Ok(means_yes(&line(&format!("{question} [y/N] "))?))
}

/// Whether an answer is a clear yes.
pub(crate) fn means_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

/// Asks for a line.
pub(crate) fn line(question: &str) -> Result<String, Failure> {
    prompt(question);
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|cause| unreadable(&cause))?;
    if !answer.ends_with('\n') {
        // The input ended without a line of its own; what comes next shall not stand behind the question.
        prompt("\n");
    }
    Ok(answer.trim().to_owned())
}

/// Asks for a line that the terminal does not show.
#[cfg(unix)]
pub(crate) fn secret(question: &str) -> Result<SecretText, Failure> {
    hidden::line(question)
}

/// Asks for a line that the terminal does not show.
#[cfg(not(unix))]
pub(crate) fn secret(_: &str) -> Result<SecretText, Failure> {
    Err(Failure::new("no_terminal", "a password cannot be typed unseen here")
        .help("give it with `--password-stdin`"))
}

fn unreadable(cause: &io::Error) -> Failure {
    Failure::new("input", format!("cannot read the answer: {cause}"))
}

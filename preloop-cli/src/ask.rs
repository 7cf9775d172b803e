//! Questions to the person at the terminal.

use std::io::{self, IsTerminal};

use crate::failure::Failure;
use crate::output::{Output, prompt};

/// Whether there is somebody to ask: a program reads no questions, and a pipe gives no answers.
pub(crate) fn can_ask(output: Output) -> bool {
    !output.is_json() && io::stdin().is_terminal()
}

/// Asks; anything but a clear yes is a no.
pub(crate) fn is_yes(question: &str) -> Result<bool, Failure> {
    prompt(&format!("{question} [y/N] "));
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .map_err(|cause| Failure::new("input", format!("cannot read the answer: {cause}")))?;
    if !answer.ends_with('\n') {
        // The input ended without a line of its own; what comes next shall not stand behind the question.
        prompt("\n");
    }
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

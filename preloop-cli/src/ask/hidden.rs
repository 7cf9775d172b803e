//! A line that is typed at a terminal and not shown there.

use std::io::{self, Read as _};

use preloop_api::SecretText;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

use super::unreadable;
use crate::failure::Failure;
use crate::output::prompt;

const INTERRUPT: u8 = 3;
const END_OF_INPUT: u8 = 4;
const BACKSPACE: u8 = 8;
const ERASE_LINE: u8 = 21;
const DELETE: u8 = 127;

/// A terminal that shows nothing and makes no signals until this is dropped: a process that an interrupt ended would leave
/// a terminal behind that shows nothing.
struct Quiet {
    before: Termios,
}

/// Asks for a line.
pub(super) fn line(question: &str) -> Result<SecretText, Failure> {
    // Before the question, since what is typed at once must not be shown either.
    let quiet = Quiet::begin().map_err(|cause| unreadable(&cause))?;
    prompt(question);
    let typed = typed();
    drop(quiet);
    prompt("\n");
    typed
        .map_err(|cause| unreadable(&cause))?
        .ok_or_else(|| Failure::new("interrupted", "nothing was typed, so nothing was done"))
}

/// What is typed up to the end of the line; none where the person wants out.
fn typed() -> io::Result<Option<SecretText>> {
    let mut line = Vec::new();
    let mut byte = [0];
    let mut input = io::stdin().lock();
    while input.read(&mut byte)? == 1 {
        match byte {
            [b'\n' | b'\r'] => {
                let text = String::from_utf8(line)
                    .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8"))?;
                return Ok(Some(SecretText::from(text)));
            }
            [INTERRUPT | END_OF_INPUT] => return Ok(None),
            [BACKSPACE | DELETE] => {
                // Characters may have several bytes; all but their first begin with the bits 10.
                while line.pop().is_some_and(|last| last & 0xc0 == 0x80) {}
            }
            [ERASE_LINE] => line.clear(),
            [other] => line.push(other),
        }
    }
    Ok(None)
}

// === impl Quiet ===

impl Quiet {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Self { before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.before);
    }
}

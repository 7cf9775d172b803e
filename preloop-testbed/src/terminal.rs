//! A person at a terminal: a program that runs at a pseudoterminal, what it shows, and what is typed.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// How long a program may stay silent while something is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A program that thinks that a person looks at it; it ends with this value.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    shown: String,
}

// === impl Terminal ===

impl Terminal {
    /// Starts a program whose input, output and errors are a terminal.
    ///
    /// # Panics
    /// Where there is no terminal or no such program.
    pub fn start(mut command: Command) -> Self {
        let (keyboard, mut screen, program) =
            open().unwrap_or_else(|error| panic!("there is no pseudoterminal to be had: {error}"));
        let copies = [&program, &program].map(File::try_clone);
        let [Ok(output), Ok(errors)] = copies else { panic!("the terminal cannot be shared") };
        command.stdin(program).stdout(output).stderr(errors);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        // The program has the only other end: its death is the end of what is read here.
        drop(command);
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            loop {
                match screen.read(&mut piece) {
                    Ok(0) => return,
                    Ok(count) => {
                        let piece = piece.get(..count).unwrap_or_default().to_vec();
                        if sender.send(piece).is_err() {
                            return;
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    // Nobody is at the other end any more.
                    Err(_) => return,
                }
            }
        });
        Self { child, keyboard, screen: receiver, shown: String::new() }
    }

    /// Waits until the text is shown, behind what was waited for before; all that was shown up to its end.
    ///
    /// # Panics
    /// Where the program is silent for too long, or ends.
    pub fn reads(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.shown.find(text) {
                let rest = self.shown.split_off(at + text.len());
                return std::mem::replace(&mut self.shown, rest);
            }
            match self.screen.recv_timeout(PATIENCE) {
                Ok(piece) => self.show(&piece),
                Err(error) => panic!("`{text}` was not shown ({error}): {}", self.shown),
            }
        }
    }

    /// Types a line.
    ///
    /// # Panics
    /// Where the terminal is gone.
    pub fn types(&mut self, line: &str) {
        let typed = writeln!(self.keyboard, "{line}");
        typed.unwrap_or_else(|error| panic!("nothing can be typed: {error}"));
    }

    /// Waits until the program ends: its exit code, and what was shown since.
    ///
    /// # Panics
    /// Where it does not end.
    pub fn ends(mut self) -> (Option<i32>, String) {
        loop {
            match self.screen.recv_timeout(PATIENCE) {
                Ok(piece) => self.show(&piece),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {}", self.shown),
            }
        }
        let status = self.child.wait().unwrap_or_else(|error| panic!("no exit code: {error}"));
        (status.code(), std::mem::take(&mut self.shown))
    }

    fn show(&mut self, piece: &[u8]) {
        // A terminal ends lines in its own way.
        self.shown.push_str(&String::from_utf8_lossy(piece).replace('\r', ""));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Both ends: to type, to read, and the one for the program.
fn open() -> std::io::Result<(File, File, File)> {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&person)?;
    unlockpt(&person)?;
    let name = ptsname(&person, Vec::new())?;
    let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
    // Or it would become the terminal of the tests themselves, which end with it.
    let flags = i32::try_from(OpenptFlags::NOCTTY.bits()).unwrap_or_default();
    let program = File::options().read(true).write(true).custom_flags(flags).open(path)?;
    let person = File::from(person);
    Ok((person.try_clone()?, person, program))
}

//! `--calls`: one call a line in, one decision a line out, in order, as fast as the engine answers.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, Write as _};
use std::path::Path;

use preloop_core::{CompiledPolicy, Decision};
use preloop_server::clock::{Clock as _, SystemClock};
use serde_json::json;

use super::lines::{self, BadLine, Lines};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::unwritable;

/// Decisions are written in pieces of about this size.
const WRITE_BYTES: usize = 64 * 1024;

/// Decides every line of a file.
pub(super) fn run(policy: &CompiledPolicy, file: &Path, explain: bool) -> Result<Exit, Failure> {
    let mut lines = Lines::open(file)?;
    let mut answers = Answers { policy, explain, written: HashMap::new(), out: Vec::new() };
    let mut stdout = io::stdout().lock();
    let mut number = 0_u64;
    let mut exit = Exit::Done;
    while let Some(line) = lines.next()? {
        number = number.saturating_add(1);
        if let Err(error) = line.and_then(|line| answers.decide(line)) {
            answers.refuse(number, &error);
            exit = Exit::Failure;
        }
        answers.out.push(b'\n');
        // Whoever waits for an answer gets it before more is waited for.
        if answers.out.len() >= WRITE_BYTES || !lines.has_more_at_hand() {
            stdout.write_all(&answers.out).and_then(|()| stdout.flush()).map_err(unwritable)?;
            answers.out.clear();
        }
    }
    stdout.write_all(&answers.out).and_then(|()| stdout.flush()).map_err(unwritable)?;
    Ok(exit)
}

/// Decisions on their way out.
struct Answers<'p> {
    policy: &'p CompiledPolicy,
    explain: bool,
    /// The text of decisions that the policy holds ready, by their address: it does not move.
    written: HashMap<*const Decision, Vec<u8>>,
    out: Vec<u8>,
}

// === impl Answers ===

impl Answers<'_> {
    fn decide(&mut self, line: &[u8]) -> Result<(), BadLine> {
        let mut record = lines::record(line)?;
        if record.now.is_none() {
            record.now = Some(SystemClock.now());
        }
        let call = record.call();
        if self.explain {
            write(&mut self.out, &self.policy.explain(&call));
            return Ok(());
        }
        match self.policy.evaluate(&call) {
            Cow::Owned(decision) => write(&mut self.out, &decision),
            Cow::Borrowed(decision) => {
                let text = match self.written.entry(std::ptr::from_ref(decision)) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => {
                        let mut text = Vec::new();
                        write(&mut text, decision);
                        new.insert(text)
                    }
                };
                self.out.extend_from_slice(text);
            }
        }
        Ok(())
    }

    fn refuse(&mut self, number: u64, bad: &BadLine) {
        let mut error = json!({ "line": number, "message": bad.message });
        if let Some(members) = error.as_object_mut() {
            if !bad.path.is_empty() {
                members.insert("path".to_owned(), json!(bad.path));
            }
            if let Some(help) = &bad.help {
                members.insert("help".to_owned(), json!(help));
            }
        }
        self.out.extend_from_slice(json!({ "error": error }).to_string().as_bytes());
    }
}

fn write(out: &mut Vec<u8>, decision: &Decision) {
    // A decision holds only text keys, and writing to memory does not fail.
    let _ = serde_json::to_writer(out, decision);
}

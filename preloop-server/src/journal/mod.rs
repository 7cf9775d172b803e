//! The durable local journal of audit records: one write before the answer goes out, moved to the store later.
//!
//! A write reaches the operating system before [`Journal::append`] returns, so it survives the death of this process. What
//! was moved to the store is deleted, a file at a time. The journal knows bytes and lines, not what they mean.

mod segment;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::store::JournalPosition;

/// A file is closed and the next one begun once it is this long.
const SEGMENT_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How much is kept in memory while the disk refuses to take it.
const UNWRITTEN_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Lines that could not be read any more.
const DAMAGED: &str = "damaged.log";

/// The journal of one server.
#[derive(Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
    tail: Mutex<Tail>,
    appended: Notify,
}

/// The end of the journal, where lines are added.
#[derive(Debug)]
struct Tail {
    file: File,
    end: JournalPosition,
    /// Lines that the disk did not take, oldest first.
    unwritten: VecDeque<Vec<u8>>,
    unwritten_bytes: usize,
    segment_bytes_max: u64,
}

/// The disk refuses a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the audit journal cannot be written, so nothing is let through; \
     the operator can make room on the disk of the data folder"
)]
pub(crate) struct JournalFull;

/// Lines read from the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Whole lines without their ends.
    pub(crate) lines: Vec<Vec<u8>>,
    /// Where the next batch starts.
    pub(crate) next: JournalPosition,
}

// === impl Journal ===

impl Journal {
    /// Opens the journal in `folder`; `moved_to` is how far the store has it.
    pub(crate) fn open(folder: &Path, moved_to: JournalPosition) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        segment::restrict(folder)?;
        let last = segment::last(folder)?.unwrap_or(0).max(moved_to.segment).max(1);
        let (mut file, mut length) = segment::open(folder, last)?;
        let mut number = last;
        if number == moved_to.segment && length < moved_to.offset {
            // The file that the store knows is gone or was cut; a new one must not be taken for it.
            number = number.saturating_add(1);
            (file, length) = segment::open(folder, number)?;
        }
        let end = JournalPosition { segment: number, offset: length };
        let tail = Tail {
            file,
            end,
            unwritten: VecDeque::new(),
            unwritten_bytes: 0,
            segment_bytes_max: SEGMENT_BYTES_MAX,
        };
        Ok(Self { folder: folder.to_owned(), tail: Mutex::new(tail), appended: Notify::new() })
    }

    /// Adds a line about what is to happen. Where the disk refuses it, it is forgotten and nothing may go on.
    pub(crate) fn append(&self, mut line: Vec<u8>) -> Result<(), JournalFull> {
        line.push(b'\n');
        let written = {
            let mut tail = self.tail();
            tail.retry(&self.folder);
            tail.add(&self.folder, &line)
        };
        self.appended.notify_one();
        written
    }

    /// Adds a line about what happened and cannot be stopped any more. Where the disk refuses it, memory keeps it, as far
    /// as that goes.
    pub(crate) fn append_or_keep(&self, mut line: Vec<u8>) -> Result<(), JournalFull> {
        line.push(b'\n');
        let kept = {
            let mut tail = self.tail();
            tail.retry(&self.folder);
            tail.add(&self.folder, &line).or_else(|_| tail.keep(line))
        };
        self.appended.notify_one();
        kept
    }

    /// Puts a line that cannot be read beside the journal, for people to look at.
    pub(crate) fn set_aside(&self, line: &[u8]) -> io::Result<()> {
        let mut file = segment::open_private(&self.folder.join(DAMAGED))?;
        file.write_all(&[line, b"\n"].concat())
    }

    /// Tries again what the disk refused, and says whether everything is on disk.
    pub(crate) fn is_written(&self) -> bool {
        let mut tail = self.tail();
        tail.retry(&self.folder);
        tail.unwritten.is_empty()
    }

    /// Where the next line goes.
    pub(crate) fn end(&self) -> JournalPosition {
        self.tail().end
    }

    /// Waits until something was added since the last wait.
    pub(crate) async fn appended(&self) {
        self.appended.notified().await;
    }

    /// Reads whole lines from `from` on, about `bytes_max` of them.
    pub(crate) fn read(&self, from: JournalPosition, bytes_max: usize) -> io::Result<Batch> {
        let end = self.end();
        segment::read(&self.folder, from, end, bytes_max)
    }

    /// Deletes the files before the one of `moved_to`.
    pub(crate) fn forget_before(&self, moved_to: JournalPosition) -> io::Result<()> {
        for number in segment::list(&self.folder)? {
            if number < moved_to.segment {
                fs::remove_file(segment::path(&self.folder, number))?;
            }
        }
        Ok(())
    }

    /// Puts another file in the place of the one that is written to, and gives that one back.
    #[cfg(test)]
    pub(crate) fn replace_file(&self, file: File) -> File {
        std::mem::replace(&mut self.tail().file, file)
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        // Whoever panicked while it held the lock left bytes and counters that belong together.
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Tail ===

impl Tail {
    fn add(&mut self, folder: &Path, line: &[u8]) -> Result<(), JournalFull> {
        // Nothing goes past lines that wait: the journal keeps the order.
        if self.unwritten.is_empty() && self.write(folder, line).is_ok() {
            return Ok(());
        }
        Err(JournalFull)
    }

    fn keep(&mut self, line: Vec<u8>) -> Result<(), JournalFull> {
        let bytes = self.unwritten_bytes.saturating_add(line.len());
        if bytes > UNWRITTEN_BYTES_MAX {
            return Err(JournalFull);
        }
        self.unwritten_bytes = bytes;
        self.unwritten.push_back(line);
        Ok(())
    }

    fn retry(&mut self, folder: &Path) {
        while let Some(line) = self.unwritten.pop_front() {
            if self.write(folder, &line).is_err() {
                self.unwritten.push_front(line);
                return;
            }
            self.unwritten_bytes = self.unwritten_bytes.saturating_sub(line.len());
        }
    }

    fn write(&mut self, folder: &Path, line: &[u8]) -> io::Result<()> {
        if self.end.offset >= self.segment_bytes_max {
            let number = self.end.segment.saturating_add(1);
            let (file, length) = segment::open(folder, number)?;
            self.file = file;
            self.end = JournalPosition { segment: number, offset: length };
        }
        if let Err(error) = self.file.write_all(line) {
            // Half a line must not stay in front of the next one.
            self.file.set_len(self.end.offset)?;
            return Err(error);
        }
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        self.end.offset = self.end.offset.saturating_add(length);
        Ok(())
    }
}

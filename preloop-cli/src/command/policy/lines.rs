//! Files of recorded calls, one a line, read one line at a time: a bad one does not stop the rest.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use preloop_core::{CallRecord, json};

use super::source;
use crate::failure::Failure;

/// Longest line, the same as the longest body of a request.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What compressed files begin with, what they are called, and what reads them.
const COMPRESSED: [(&[u8], &str, &str); 3] = [
    (&[0x1f, 0x8b], "gzip", "gzip -dc"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd", "zstd -dc"),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz", "xz -dc"),
];

/// What is wrong with a line.
#[derive(Debug)]
pub(super) struct BadLine {
    /// The field that it is about; empty for the whole line.
    pub(super) path: String,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// The lines of a file, one at a time in the same buffer.
pub(super) struct Lines {
    file: PathBuf,
    source: BufReader<Box<dyn Read>>,
    line: Vec<u8>,
    number: u64,
}

// === impl Lines ===

impl Lines {
    /// The lines of a file, or of standard input as `-`.
    pub(super) fn open(file: &Path) -> Result<Self, Failure> {
        let mut source = source::lines(file)?;
        let start = source.fill_buf().map_err(|cause| source::unreadable(file, &cause))?;
        if let Some((_, kind, tool)) = COMPRESSED.iter().find(|(mark, ..)| start.starts_with(mark))
        {
            return Err(compressed(file, kind, tool));
        }
        Ok(Self { file: file.to_owned(), source, line: Vec::new(), number: 0 })
    }

    /// The next line without its end; none at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Result<&[u8], BadLine>>, Failure> {
        self.line.clear();
        let most = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
        let read = self.source.by_ref().take(most).read_until(b'\n', &mut self.line);
        let read = read.map_err(|cause| source::unreadable(&self.file, &cause))?;
        if read == 0 {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        if read > LINE_BYTES_MAX && self.line.last() != Some(&b'\n') {
            let skipped = self.source.skip_until(b'\n');
            skipped.map_err(|cause| source::unreadable(&self.file, &cause))?;
            return Ok(Some(Err(BadLine {
                path: String::new(),
                message: format!("the line has more than {LINE_BYTES_MAX} bytes"),
                help: None,
            })));
        }
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        Ok(Some(Ok(line.strip_suffix(b"\r").unwrap_or(line))))
    }

    /// The number of the line that was read last, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether another line can be had without waiting, as far as is known.
    pub(super) fn has_more_at_hand(&self) -> bool {
        self.source.buffer().contains(&b'\n')
    }
}

fn compressed(file: &Path, kind: &str, tool: &str) -> Failure {
    let name = source::name(file);
    let help = if source::is_stdin(file) {
        format!("decompress it first, such as by `{tool}`")
    } else {
        format!(
            "decompress it, or read it through a pipe: `{tool} {name} | preloop ...` with `-` as its name"
        )
    };
    Failure::new("compressed_file", format!("`{name}` is compressed with {kind}")).help(help)
}

/// The recorded call of a line.
pub(super) fn record(line: &[u8]) -> Result<CallRecord, BadLine> {
    let value = json::parse(line).map_err(|error| BadLine {
        path: String::new(),
        message: error.to_string(),
        help: None,
    })?;
    CallRecord::from_value(value).map_err(|error| BadLine {
        path: error.path,
        message: error.message,
        help: error.help,
    })
}

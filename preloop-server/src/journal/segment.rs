//! The files of the journal: numbered, each a run of lines.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::Batch;
use crate::store::JournalPosition;

const EXTENSION: &str = "jsonl";

/// The file of that number.
pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:012}.{EXTENSION}"))
}

/// Numbers of the files there are, ascending.
pub(super) fn list(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION)
            && let Some(number) = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok())
        {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Number of the newest file.
pub(super) fn last(folder: &Path) -> io::Result<Option<u64>> {
    Ok(list(folder)?.last().copied())
}

/// Keeps the folder to the user that runs the server: the journal holds arguments.
pub(super) fn restrict(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Opens a file to add lines to it, and says how long it is. A line without an end was being written when the process or
/// the machine died, before anybody was answered: it is cut off.
pub(super) fn open(folder: &Path, number: u64) -> io::Result<(File, u64)> {
    let path = path(folder, number);
    let file = open_private(&path)?;
    let length = file.metadata()?.len();
    let whole = whole_lines(&path, length)?;
    if whole < length {
        tracing::warn!(file = %path.display(), bytes = length - whole, "cut off half a line of the audit journal");
        file.set_len(whole)?;
    }
    Ok((file, whole))
}

/// Opens a file to add to it; nobody else may read one that is made.
pub(super) fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Bytes up to the end of the last whole line.
fn whole_lines(path: &Path, length: u64) -> io::Result<u64> {
    const STEP: u64 = 64 * 1024;
    let mut end = length;
    if end == 0 {
        return Ok(0);
    }
    let mut file = File::open(path)?;
    while end > 0 {
        let start = end.saturating_sub(STEP);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        (&mut file).take(end - start).read_to_end(&mut bytes)?;
        if let Some(position) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + u64::try_from(position).unwrap_or(0) + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Reads whole lines from `from` up to `end`, across files, about `bytes_max` of them.
pub(super) fn read(
    folder: &Path,
    from: JournalPosition,
    end: JournalPosition,
    bytes_max: usize,
) -> io::Result<Batch> {
    let mut batch = Batch { lines: Vec::new(), next: from };
    let mut left = bytes_max;
    while batch.next < end && left > 0 {
        let number = batch.next.segment;
        let stop = if number == end.segment { Some(end.offset) } else { None };
        let lines = lines_of(&path(folder, number), batch.next.offset, stop, left)?;
        let bytes = lines.iter().map(|line| line.len() + 1).sum::<usize>();
        left = left.saturating_sub(bytes);
        batch.next.offset += u64::try_from(bytes).unwrap_or(u64::MAX);
        let is_at_end = lines.is_empty();
        batch.lines.extend(lines);
        if is_at_end && number < end.segment {
            batch.next = JournalPosition { segment: number + 1, offset: 0 };
        } else if is_at_end {
            break;
        }
    }
    Ok(batch)
}

/// Whole lines of one file from `start` up to `stop`; at least one where there is one, however long it is.
fn lines_of(
    path: &Path,
    start: u64,
    stop: Option<u64>,
    bytes_max: usize,
) -> io::Result<Vec<Vec<u8>>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        // A gap in the numbers: the next file goes on.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let stop = stop.unwrap_or(file.metadata()?.len());
    let available = stop.saturating_sub(start);
    let mut wanted = u64::try_from(bytes_max).unwrap_or(u64::MAX).min(available);
    loop {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        (&mut file).take(wanted).read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n');
        match whole {
            Some(position) => {
                bytes.truncate(position);
                return Ok(bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect());
            }
            None if wanted < available => wanted = wanted.saturating_mul(2).min(available),
            None => return Ok(Vec::new()),
        }
    }
}

//! The journal on real files: order, restart, torn ends, a disk that is full.

use super::*;

fn line(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn read_all(journal: &Journal) -> Vec<String> {
    let mut from = JournalPosition { segment: 1, offset: 0 };
    let mut lines = Vec::new();
    loop {
        let batch = journal.read(from, 16).unwrap();
        if batch.lines.is_empty() && batch.next == from {
            return lines;
        }
        lines.extend(batch.lines.into_iter().map(|line| String::from_utf8(line).unwrap()));
        from = batch.next;
    }
}

#[test]
fn lines_come_back_in_order_across_files_and_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let expected: Vec<String> = (0..20).map(|number| format!("line {number}")).collect();
    let journal = Journal::open(folder.path(), JournalPosition::default()).unwrap();
    journal.tail().segment_bytes_max = 40;
    for text in expected.iter().take(10) {
        journal.append(line(text)).unwrap();
    }
    drop(journal);
    let journal = Journal::open(folder.path(), JournalPosition::default()).unwrap();
    for text in expected.iter().skip(10) {
        journal.append(line(text)).unwrap();
    }
    assert_eq!(read_all(&journal), expected);
    assert!(segment::list(folder.path()).unwrap().len() > 1);
}

#[test]
fn what_was_moved_is_forgotten_a_file_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), JournalPosition::default()).unwrap();
    journal.tail().segment_bytes_max = 1;
    for number in 0..4 {
        journal.append(line(&number.to_string())).unwrap();
    }
    journal.forget_before(JournalPosition { segment: 3, offset: 0 }).unwrap();
    assert_eq!(segment::list(folder.path()).unwrap(), [3, 4]);
}

#[test]
fn half_a_line_at_the_end_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), JournalPosition::default()).unwrap();
    journal.append(line("whole")).unwrap();
    drop(journal);
    let path = segment::path(folder.path(), 1);
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"half").unwrap();
    let journal = Journal::open(folder.path(), JournalPosition::default()).unwrap();
    journal.append(line("next")).unwrap();
    assert_eq!(read_all(&journal), ["whole", "next"]);
}

#[test]
fn a_lost_file_is_not_taken_for_the_one_that_was_moved() {
    let folder = tempfile::tempdir().unwrap();
    let moved_to = JournalPosition { segment: 7, offset: 1000 };
    let journal = Journal::open(folder.path(), moved_to).unwrap();
    journal.append(line("new")).unwrap();
    let batch = journal.read(moved_to, 1000).unwrap();
    assert_eq!(batch.lines, [line("new")]);
    assert_eq!(batch.next, JournalPosition { segment: 8, offset: 4 });
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_fails_closed_and_loses_nothing_that_happened() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), JournalPosition::default()).unwrap();
    journal.append(line("before")).unwrap();
    // `/dev/full` refuses every write as a full disk does.
    let full = fs::OpenOptions::new().append(true).open("/dev/full").unwrap();
    let good = journal.replace_file(full);
    assert_eq!(journal.append(line("refused")), Err(JournalFull));
    assert!(journal.is_written(), "what was refused does not wait");
    journal.append_or_keep(line("kept")).unwrap();
    assert!(!journal.is_written());
    let big = vec![b'x'; UNWRITTEN_BYTES_MAX];
    assert_eq!(journal.append_or_keep(big), Err(JournalFull));
    assert_eq!(journal.append(line("refused")), Err(JournalFull));
    journal.tail().file = good;
    journal.append(line("after")).unwrap();
    assert!(journal.is_written());
    assert_eq!(read_all(&journal), ["before", "kept", "after"]);
}

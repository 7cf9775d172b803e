//! The time that this thread has run: other work on the machine does not count.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of processor time that this thread has used.
pub fn thread_nanoseconds() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds * 1_000_000_000 + nanoseconds
}

//! The policies that a server keeps: compared, applied, versioned, brought back. One file per command.

pub(super) mod apply;
mod change;
pub(super) mod document;
pub(super) mod export;
pub(super) mod list;
pub(super) mod prune;
pub(super) mod rollback;
pub(super) mod show;
pub(super) mod tag;
mod version;
pub(super) mod versions;

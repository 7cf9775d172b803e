//! Approval requests over the API, by noun.

mod grants;
mod lists;
mod requests;
mod reveal;
mod uses;
mod votes;
mod workflows;

//! Approval requests over the API, by noun.

mod lists;
mod requests;
mod uses;
mod votes;
mod workflows;

//! JSON-RPC and server-sent events as bytes: what we do not have to change is never rebuilt.

pub(crate) mod message;
pub(crate) mod object;
pub(crate) mod outgoing;
pub(crate) mod sse;
pub(crate) mod strict;

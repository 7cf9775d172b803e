//! Text that came from elsewhere, made safe to look at in a terminal as everywhere else.

pub(crate) use preloop_core::visible::{shortened, visible};

//! Background work: each loop can be stopped and started at any point without harm.

mod advance_approvals;
mod deliver_notifications;
mod fan_out_notifications;
mod follow_database;
mod follow_policy;
mod forget_answers;
mod keep_policy;
mod move_journal;
mod note_key_use;
mod review_approvals;
mod take_over;
mod watch_policy;

pub(crate) use advance_approvals::advance_approvals;
pub(crate) use deliver_notifications::deliver_notifications;
pub(crate) use fan_out_notifications::fan_out_notifications;
pub(crate) use follow_database::follow_database;
pub(crate) use follow_policy::{FollowedPolicy, PolicyOrigin, follow_policy};
pub(crate) use forget_answers::forget_answers;
pub(crate) use keep_policy::keep_policy;
pub(crate) use move_journal::move_journal;
pub(crate) use note_key_use::note_key_use;
pub(crate) use review_approvals::review_approvals;
pub(crate) use take_over::take_over;
pub(crate) use watch_policy::{PolicyFile, watch_policy};

//! What a condition that cannot be evaluated does to the call: one table, kind of failure by kind of rule.

use crate::cel::FailureKind;
use crate::decision::Action;

/// What a failing condition leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureOutcome {
    /// The call is denied at once, reason `condition_error`.
    Denies,
    /// The rule does not match; the rest of the rules can only answer with an approval or a denial.
    RaisesToApproval,
}

/// The kinds of rules, in the order of the table's columns.
pub const RULE_ACTIONS: [Action; 3] = [Action::Allow, Action::RequireApproval, Action::Deny];

/// The table: each kind of failure with what it does in an allow, a `require_approval` and a deny rule.
///
/// No kind of failure ever lets a call through, so each row says the same; the table exists to be read and
/// to be tested cell by cell.
pub const FAILURE_TABLE: [(FailureKind, [FailureOutcome; 3]); 12] = {
    use FailureOutcome::{Denies, RaisesToApproval};
    const ROW: [FailureOutcome; 3] = [RaisesToApproval, RaisesToApproval, Denies];
    [
        (FailureKind::NoSuchKey, ROW),
        (FailureKind::WrongType, ROW),
        (FailureKind::Overflow, ROW),
        (FailureKind::DivideByZero, ROW),
        (FailureKind::OutOfRange, ROW),
        (FailureKind::InvalidArgument, ROW),
        (FailureKind::NoValue, ROW),
        (FailureKind::DuplicateKey, ROW),
        (FailureKind::UnknownName, ROW),
        (FailureKind::NotBool, ROW),
        (FailureKind::TooLarge, ROW),
        (FailureKind::Budget, ROW),
    ]
};

/// The table's cell; what the table does not name denies.
pub fn outcome_of(kind: FailureKind, action: Action) -> FailureOutcome {
    FAILURE_TABLE
        .iter()
        .find(|(row, _)| *row == kind)
        .and_then(|(_, cells)| {
            RULE_ACTIONS.iter().zip(cells).find(|(column, _)| **column == action)
        })
        .map_or(FailureOutcome::Denies, |(_, outcome)| *outcome)
}

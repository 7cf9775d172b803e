//! `preloop policy`: check and try documents, with no server, and change what a server has live.

mod bundle;
mod calls;
mod diff;
mod eval;
mod fmt;
mod lines;
mod lint;
mod replay;
mod report;
mod schema;
mod source;
mod stored;
mod test;
mod validate;
mod watch;

use clap::Subcommand;
use preloop_core::decision::Action;

pub(crate) use self::bundle::public_key as bundle_key;
pub(crate) use self::report::show as show_report;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Cell, Output, Style};

/// What to do with documents.
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Check documents and say everything that is wrong with them, each in its place
    Validate(validate::Validate),
    /// Run the tests beside policies
    Test(test::Test),
    /// Decide a call, or a file of calls, as a document says
    Eval(Box<eval::Eval>),
    /// Format documents: keys in one order, one style, comments kept
    Fmt(fmt::Fmt),
    /// Say what changed between two policies, or against what is live, and show calls that are answered otherwise
    Diff(Box<diff::Diff>),
    /// Say which recorded calls a policy would decide otherwise
    Replay(replay::Replay),
    /// Look for rules that are valid and stop less than they seem to
    Lint(lint::Lint),
    /// Print the JSON Schema of documents
    Schema(schema::Schema),
    /// Bring a policy into force at a server; shows what that changes, and asks where more gets through
    Apply(Box<stored::apply::Apply>),
    /// Write down what is live at a server
    Export(stored::export::Export),
    /// List the policies that are live at a server
    List(stored::list::List),
    /// List the versions of a policy, newest first
    Versions(stored::versions::Versions),
    /// Show one version with its document
    Show(stored::show::Show),
    /// Give a version a tag
    Tag(stored::tag::Tag),
    /// Take a version's tag away
    Untag(stored::tag::Untag),
    /// Bring an earlier version back; shows what that changes, and asks where more gets through
    Rollback(stored::rollback::Rollback),
    /// Delete old versions, never the live or a tagged one
    Prune(stored::prune::Prune),
    /// Put the policies of a chain of scopes into one file
    Bundle(bundle::MakeBundle),
    /// Make a pair of keys that sign and verify bundles
    Keygen(bundle::Keygen),
    /// Sign a bundle
    Sign(bundle::Sign),
    /// Say whether a server that trusts a key would accept a bundle
    VerifyBundle(bundle::VerifyBundle),
}

/// Runs one of them.
pub(crate) fn run(policy: Policy, output: Output) -> Result<Exit, Failure> {
    match policy {
        Policy::Validate(validate) => validate::run(&validate, output),
        Policy::Test(test) => test::run(&test, output),
        Policy::Eval(eval) => eval::run(&eval, output),
        Policy::Fmt(fmt) => fmt::run(&fmt, output),
        Policy::Diff(diff) => diff::run(&diff, output),
        Policy::Replay(replay) => replay::run(&replay, output),
        Policy::Lint(lint) => lint::run(&lint, output),
        Policy::Schema(schema) => schema::run(&schema),
        Policy::Apply(apply) => stored::apply::run(&apply, output),
        Policy::Export(export) => stored::export::run(&export, output),
        Policy::List(list) => stored::list::run(&list, output),
        Policy::Versions(versions) => stored::versions::run(&versions, output),
        Policy::Show(show) => stored::show::run(&show, output),
        Policy::Tag(tag) => stored::tag::run(&tag, output),
        Policy::Untag(untag) => stored::tag::run_untag(&untag, output),
        Policy::Rollback(rollback) => stored::rollback::run(&rollback, output),
        Policy::Prune(prune) => stored::prune::run(&prune, output),
        Policy::Bundle(bundle) => bundle::run(&bundle, output),
        Policy::Keygen(keygen) => bundle::keygen(&keygen, output),
        Policy::Sign(sign) => bundle::sign(&sign, output),
        Policy::VerifyBundle(verify) => bundle::verify(&verify, output),
    }
}

/// The colour of an action.
pub(crate) const fn action_style(action: Action) -> Style {
    match action {
        Action::Allow => Style::Green,
        Action::Deny => Style::Red,
        Action::RequireApproval => Style::Yellow,
    }
}

/// An action as a cell of a table.
pub(crate) fn action_cell(action: Action) -> Cell {
    Cell::styled(action_style(action), action.as_str())
}

//! `preloop policy apply`: a policy brought into force at a server.

use std::path::PathBuf;

use clap::Args;
use preloop_api::{ApplyRequest, PolicyApplied, PolicyScope};
use preloop_client::{Client, ClientError, Expected};

use super::super::diff::FailOn;
use super::super::watch::{self, Screen};
use super::change::{Change, Course};
use super::document::Document;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::remote::{self, Remote};

/// Options of `policy apply`.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The policy: a file, or a folder each of whose files are merged to one policy; `-` is standard input
    #[arg(value_name = "POLICY")]
    file: PathBuf,

    /// Where it shall hold: `account`, `team:NAME`, `agent:NAME` or `flow:NAME`
    #[arg(long, default_value_t)]
    scope: PolicyScope,

    /// Say only what would change
    #[arg(long)]
    dry_run: bool,

    /// Why, for those who read the versions
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,

    /// Apply without being asked, whatever it lets through
    #[arg(long, short)]
    yes: bool,

    /// Do not apply what has these verdicts, not even with `--yes`; end with exit code 6
    #[arg(long, value_enum, value_delimiter = ',', value_name = "VERDICT")]
    fail_on: Vec<FailOn>,

    /// Apply only where the live policy has this digest
    #[arg(long, value_name = "DIGEST", conflicts_with = "watch")]
    if_match: Option<String>,

    /// Apply again whenever a file is saved
    #[arg(long)]
    watch: bool,

    #[command(flatten)]
    remote: Remote,
}

/// A document on its way.
struct Applying<'a> {
    client: &'a Client,
    document: &'a Document,
    options: &'a Apply,
    output: Output,
}

/// Applies.
pub(crate) fn run(options: &Apply, output: Output) -> Result<Exit, Failure> {
    if options.watch {
        let paths = [options.file.clone()];
        return watch::watch(output, Screen::Kept, &paths, |_| once(options, output));
    }
    once(options, output)
}

fn once(options: &Apply, output: Output) -> Result<Exit, Failure> {
    let document = match Document::read(&options.file, output)? {
        Ok(document) => document,
        Err(exit) => return Ok(exit),
    };
    let client = options.remote.client()?;
    let scope = &options.scope;
    let course = Course {
        output,
        client: &client,
        names: [format!("live in {scope}"), document.name().to_owned()],
        question: format!("apply this to {scope}?"),
        is_dry_run: options.dry_run,
        yes: options.yes,
        fail_on: &options.fail_on,
        expected: options.if_match.clone().map_or(Expected::Anything, Expected::Digest),
        has_secrets: document.has_secrets(),
        policy: Some(document.policy()),
    };
    let applying = Applying { client: &client, document: &document, options, output };
    remote::block_on(course.run(&applying))
}

// === impl Applying ===

impl Change for Applying<'_> {
    async fn ask(
        &self,
        is_dry_run: bool,
        expected: &Expected,
    ) -> Result<PolicyApplied, ClientError> {
        let request = ApplyRequest {
            policy: self.document.input(),
            scope: Some(self.options.scope.clone()),
            message: self.options.message.clone(),
            dry_run: Some(is_dry_run),
        };
        self.client.policy_apply(&request, expected).await
    }

    fn warn(&self, planned: &PolicyApplied) {
        self.document.warn(&planned.warnings, self.output);
    }

    fn refused(&self, error: ClientError) -> Failure {
        self.document.refused(error, self.output)
    }
}

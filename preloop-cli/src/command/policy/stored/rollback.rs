//! `preloop policy rollback`: an earlier version brought back.

use clap::Args;
use preloop_api::{PolicyApplied, PolicyScope, PolicyVersion, RollbackRequest};
use preloop_client::{Client, ClientError, Expected};

use super::super::diff::FailOn;
use super::super::report;
use super::change::{Change, Course};
use super::version::VersionName;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Style};
use crate::remote::{self, Remote};

/// Options of `policy rollback`.
#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The version: its number, its tag or its id
    version: VersionName,

    /// Among the versions of the policy of this scope
    #[arg(long)]
    scope: Option<PolicyScope>,

    /// Say only what would change
    #[arg(long, visible_alias = "dry-run")]
    preview: bool,

    /// Why, for those who read the versions
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,

    /// Bring it back without being asked, whatever it lets through
    #[arg(long, short)]
    yes: bool,

    /// Do not bring back what has these verdicts, not even with `--yes`; end with exit code 6
    #[arg(long, value_enum, value_delimiter = ',', value_name = "VERDICT")]
    fail_on: Vec<FailOn>,

    #[command(flatten)]
    remote: Remote,
}

/// A version on its way back.
struct Returning<'r> {
    client: &'r Client,
    version: &'r PolicyVersion,
    options: &'r Rollback,
    output: Output,
}

/// Brings it back.
pub(crate) fn run(options: &Rollback, output: Output) -> Result<Exit, Failure> {
    let client = options.remote.client()?;
    remote::block_on(async {
        let version = options.version.find(&client, options.scope.as_ref()).await?;
        let course = Course {
            output,
            client: &client,
            names: [format!("live in {}", version.scope), format!("version {}", version.number)],
            question: format!("bring version {} back in {}?", version.number, version.scope),
            is_dry_run: options.preview,
            yes: options.yes,
            fail_on: &options.fail_on,
            expected: Expected::Anything,
            has_secrets: false,
            policy: None,
        };
        course.run(&Returning { client: &client, version: &version, options, output }).await
    })
}

// === impl Returning ===

impl Change for Returning<'_> {
    async fn ask(
        &self,
        is_dry_run: bool,
        expected: &Expected,
    ) -> Result<PolicyApplied, ClientError> {
        let request =
            RollbackRequest { preview_only: is_dry_run, message: self.options.message.clone() };
        self.client.policy_rollback(self.version.id, &request, expected).await
    }

    fn warn(&self, planned: &PolicyApplied) {
        self.output.message(|page| {
            for warning in &planned.warnings {
                report::line(page, &self.version.name, warning, "warning", Style::Yellow);
            }
        });
    }

    fn refused(&self, error: ClientError) -> Failure {
        error.into()
    }
}

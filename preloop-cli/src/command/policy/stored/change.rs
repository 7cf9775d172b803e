//! A change of what is live: shown with what it means, asked about where it may let more through, and made only
//! where what is live is still what it was compared with.

use preloop_api::{PolicyApplied, PolicyVersion, Problem};
use preloop_client::{Client, ClientError, Expected, VersionFilter};
use preloop_core::ValidPolicy;
use preloop_core::diff::PolicyDiff;
use serde_json::json;

use super::super::diff::{FailOn, against_nothing, describe, has_unknown, name_of_nothing};
use super::version;
use crate::ask::{can_ask, is_yes};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Style, visible};
use crate::remote;

/// Most versions that are named when somebody was faster.
const MEANWHILE_MAX: u32 = 5;

/// The status of a change that wanted to find something else.
const OVERTAKEN: u16 = 412;

/// Something that changes what is live.
pub(super) trait Change {
    /// Asks the server to make it, or with `is_dry_run` what it would do.
    async fn ask(
        &self,
        is_dry_run: bool,
        expected: &Expected,
    ) -> Result<PolicyApplied, ClientError>;

    /// Shows warnings of the server.
    fn warn(&self, planned: &PolicyApplied);

    /// What a refusal means to the person at the command line.
    fn refused(&self, error: ClientError) -> Failure;
}

/// How a change is gone about.
#[derive(Debug)]
pub(super) struct Course<'c> {
    pub(super) output: Output,
    pub(super) client: &'c Client,
    /// What the policies are called in the comparison.
    pub(super) names: [String; 2],
    /// The question, such as "apply this to account?".
    pub(super) question: String,
    /// Only says what would be done.
    pub(super) is_dry_run: bool,
    /// Nobody is asked.
    pub(super) yes: bool,
    pub(super) fail_on: &'c [FailOn],
    /// What the caller says is live.
    pub(super) expected: Expected,
    /// Credentials are no part of a comparison: with them even what is the same is sent.
    pub(super) has_secrets: bool,
    /// What comes into force, where it is at hand.
    pub(super) policy: Option<&'c ValidPolicy>,
}

// === impl Course ===

impl Course<'_> {
    /// Goes it to its end.
    pub(super) async fn run(&self, change: &impl Change) -> Result<Exit, Failure> {
        let mut is_overtaken = false;
        loop {
            let planned = match change.ask(true, &self.expected).await {
                Ok(planned) => planned,
                Err(error) => return Err(self.refused(change, error)),
            };
            change.warn(&planned);
            if is_same(&planned) && (self.is_dry_run || !self.has_secrets) {
                self.same(&planned)?;
                return Ok(Exit::Done);
            }
            if !is_same(&planned) {
                self.show(&planned)?;
                if let Some(exit) = self.stops_here(&planned)? {
                    return Ok(exit);
                }
                self.confirm(&planned, is_overtaken)?;
            }
            let seen = self.seen(&planned).await?;
            let error = match change.ask(false, &seen).await {
                Ok(made) => {
                    self.made(&made)?;
                    return Ok(Exit::Done);
                }
                Err(error) => error,
            };
            if error.status() != Some(OVERTAKEN) {
                return Err(self.refused(change, error));
            }
            self.tell_meanwhile(&planned).await;
            if self.yes || self.expected != Expected::Anything || !can_ask(self.output) {
                return Err(self.refused(change, error));
            }
            is_overtaken = true;
        }
    }

    /// The policy that the comparison was made with.
    async fn seen(&self, planned: &PolicyApplied) -> Result<Expected, Failure> {
        if let Some(diff) = &planned.diff {
            return Ok(Expected::Digest(diff.before.digest.clone()));
        }
        // Nothing was compared: nothing is live there, or what is live cannot be read any more.
        let policies =
            remote::all(async |cursor| self.client.policies(cursor.as_deref()).await).await?;
        let live = policies.into_iter().find(|policy| policy.scope == planned.scope);
        Ok(live.map_or(Expected::Nothing, |live| Expected::Digest(live.digest)))
    }

    /// What the change means.
    fn show(&self, planned: &PolicyApplied) -> Result<(), Failure> {
        self.output.show(|page| {
            if let Some(diff) = &planned.diff {
                describe(page, diff, &self.names);
                page.blank();
                return;
            }
            let [_, name] = &self.names;
            let new = page.styled(Style::Yellow, "new");
            let scope = visible(&planned.scope.to_string()).into_owned();
            page.line(format!("{new}: there is no policy in {scope} to compare with"));
            match self.against_nothing(planned) {
                Some(diff) => {
                    let names = [name_of_nothing(&planned.scope), name.clone()];
                    describe(page, &diff, &names);
                    page.blank();
                }
                None => {
                    page.pair("after", format!("{name}  {}", planned.digest)).blank();
                }
            }
        })
    }

    /// What a policy brings to a scope that has none.
    fn against_nothing(&self, planned: &PolicyApplied) -> Option<PolicyDiff> {
        if planned.diff.is_some() {
            return None;
        }
        against_nothing(&planned.scope, self.policy?)
    }

    /// What programs are told: with the comparison that people see.
    fn told(&self, planned: &PolicyApplied) -> PolicyApplied {
        let mut told = planned.clone();
        told.diff = told.diff.or_else(|| self.against_nothing(planned));
        told
    }

    fn same(&self, live: &PolicyApplied) -> Result<(), Failure> {
        self.output.result(live, |page| {
            let version = live.version.as_ref().map(named).unwrap_or_default();
            let stored = if self.has_secrets && !self.is_dry_run {
                "; its credentials were stored"
            } else {
                ""
            };
            page.line(format!("nothing to change: {version} is live already{stored}"));
        })
    }

    fn made(&self, made: &PolicyApplied) -> Result<(), Failure> {
        if !made.applied {
            return self.same(made);
        }
        self.output.result(made, |page| {
            let applied = page.styled(Style::Green, "applied");
            let version = made.version.as_ref().map(named).unwrap_or_default();
            let scope = visible(&made.scope.to_string()).into_owned();
            page.line(format!("{applied}: {version} is live in {scope}"));
        })
    }

    /// The exit code of a change that is not to be made.
    fn stops_here(&self, planned: &PolicyApplied) -> Result<Option<Exit>, Failure> {
        let met = self.fail_on.iter().find(|named| match &planned.diff {
            Some(diff) => named.is_met(diff),
            None => **named == FailOn::Unknown,
        });
        if met.is_none() && !self.is_dry_run {
            return Ok(None);
        }
        self.output.result(&self.told(planned), |page| {
            let line = match met {
                Some(verdict) => {
                    format!("not applied, because of `--fail-on {}`", verdict.as_str())
                }
                None => "dry run: nothing was applied".to_owned(),
            };
            page.line(line);
        })?;
        Ok(Some(if met.is_some() { Exit::Differs } else { Exit::Done }))
    }

    /// Waits for a yes where more may get through, or where the change is another than the one that was agreed to.
    fn confirm(&self, planned: &PolicyApplied, is_overtaken: bool) -> Result<(), Failure> {
        let Some(why) = worth_asking(planned).or(is_overtaken.then_some("it changed meanwhile"))
        else {
            return Ok(());
        };
        if self.yes {
            return Ok(());
        }
        if !can_ask(self.output) {
            // Without a policy the account answers nothing but denials: the first one is what was asked for.
            if planned.diff.is_none() && planned.scope.is_account() {
                return Ok(());
            }
            let failure = Failure::new(
                "not_confirmed",
                format!("not applied: {why}, and nobody can be asked"),
            );
            return Err(with_diff(failure, &self.told(planned))
                .help("look at the change, then apply it without being asked with `--yes`"));
        }
        if is_yes(&self.question)? {
            return Ok(());
        }
        Err(Failure::new("not_applied", "nothing was applied"))
    }

    fn refused(&self, change: &impl Change, error: ClientError) -> Failure {
        match error {
            ClientError::Refused(problem) if problem.status == OVERTAKEN => {
                self.overtaken(&problem)
            }
            other => change.refused(other),
        }
    }

    /// What is live is not what was expected: what differs now, and how to go on.
    fn overtaken(&self, problem: &Problem) -> Failure {
        if let Some(diff) = &problem.diff {
            // A reader of the comparison that went away still gets the exit code.
            let _ = self.output.show(|page| {
                describe(page, diff, &self.names);
                page.blank();
            });
        }
        let message = match (&self.expected, &problem.digest) {
            (Expected::Digest(digest), _) => format!("not applied: `{digest}` is not what is live"),
            (_, Some(_)) => "not applied: somebody changed the policy meanwhile".to_owned(),
            (_, None) => "not applied: somebody removed the policy meanwhile".to_owned(),
        };
        Failure::with_exit(Exit::Differs, &problem.code, message)
            .detail("status", problem.status)
            .detail("digest", json!(problem.digest))
            .detail("diff", json!(problem.diff))
            .help("look at what differs from what is live now, and start again")
    }

    /// Says who was faster: the versions that came after the one that was compared with, newest first.
    async fn tell_meanwhile(&self, planned: &PolicyApplied) {
        let filter = VersionFilter {
            scope: Some(planned.scope.clone()),
            limit: Some(MEANWHILE_MAX),
            ..VersionFilter::default()
        };
        let before = planned.diff.as_ref().map(|diff| diff.before.digest.as_str());
        // Who it was is good to know, no more: what is live now is compared next.
        let versions = self.client.policy_versions(&filter).await.map(|page| page.items);
        let newer = |version: &PolicyVersion| Some(version.digest.as_str()) != before;
        self.output.message(|page| {
            page.line("the policy was changed meanwhile:");
            for version in versions.unwrap_or_default().into_iter().take_while(newer) {
                page.line(format!("  {}", visible(&version::told(&version))));
            }
            page.blank();
        });
    }
}

/// Why somebody has to agree to a change.
fn worth_asking(planned: &PolicyApplied) -> Option<&'static str> {
    match &planned.diff {
        None => Some("there is no policy to compare with"),
        Some(diff) if diff.verdict.is_looser() => Some("it lets more through"),
        Some(diff) if has_unknown(diff) => Some("nobody knows all that it lets through"),
        Some(_) => None,
    }
}

fn is_same(planned: &PolicyApplied) -> bool {
    planned.diff.as_ref().is_some_and(|diff| !diff.changed)
}

fn named(version: &PolicyVersion) -> String {
    format!("version {} of `{}`", version.number, visible(&version.name))
}

fn with_diff(failure: Failure, planned: &PolicyApplied) -> Failure {
    failure.detail("diff", json!(planned.diff))
}

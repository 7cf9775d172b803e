//! The one door through which a policy changes: read, compared, stored whole, swapped whole.

use preloop_api::{PolicyApplied, PolicyAuthor, PolicyScope, PolicyVersion, VersionCause};
use preloop_core::ValidPolicy;
use preloop_core::diagnostic::Report;
use preloop_core::diff::{self, PolicyDiff};
use preloop_core::document::PolicyDocument;
use uuid::Uuid;

use super::super::{Caller, ServiceError, Services};
use super::no_policy;
use super::refresh::text_of;
use crate::ids::new_id;
use crate::store::{ExpectedLive, PolicyWrite, PolicyWritten, StoredPolicy};

/// Longest message of a version, in characters.
const MESSAGE_CHARS_MAX: usize = 1_000;
/// Most scopes of an account that have a policy.
const POLICIES_MAX: usize = 1_000;
/// Most calls that a comparison tries for one kind of tool: an apply waits for it.
const DIFF_BUDGET: u64 = 5_000;

/// A document that shall be live.
#[derive(Debug)]
pub(crate) struct ApplyCommand {
    pub(crate) scope: PolicyScope,
    pub(crate) policy: ValidPolicy,
    pub(crate) cause: VersionCause,
    pub(crate) message: Option<String>,
    pub(crate) expected: Expected,
    /// Whether to say only what would be done.
    pub(crate) dry_run: bool,
}

/// What must be live for a change to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Whatever is live when the request comes, as long as it stays that.
    Any,
    /// Something.
    Something,
    /// Nothing, or else the difference is told.
    Absent,
    /// Nothing: a new policy is made.
    Nothing,
    /// A document of one of these digests.
    Digests(Vec<String>),
}

/// A document made ready, beside what is live.
struct Prepared {
    /// What is stored: canonical, without secrets.
    text: String,
    policy: ValidPolicy,
    diff: Option<PolicyDiff>,
}

/// What is live as stored, with its text.
#[derive(Clone, Debug)]
pub(super) struct Base {
    pub(super) stored: StoredPolicy,
    pub(super) text: String,
}

impl Services {
    /// Brings a document into force, or says what that would change. It happens whole or not at all.
    pub(crate) async fn policy_apply(
        &self,
        caller: &Caller,
        command: ApplyCommand,
    ) -> Result<PolicyApplied, ServiceError> {
        let ApplyCommand { scope, policy, cause, message, expected, dry_run } = command;
        self.check_writable(&scope)?;
        check_message(message.as_deref())?;
        self.check_inheritance(&scope, &policy)?;
        self.memory_follows(&scope).await?;
        let base = self.policy_base(&scope).await?;
        let mut warnings = self.check_spellings(&scope, &policy)?;
        warnings.extend(self.warnings(&scope, &policy).await?);
        let mut document = policy.document().clone();
        let secrets = self.secrets_take(&mut document, &scope.to_string()).await?;
        let prepared = prepare(document, base.as_ref().map(|base| base.text.clone()));
        let Prepared { text, policy, diff } = prepared.await?;
        let live = base.as_ref().map(|base| &base.stored);
        check_expected(&scope, &expected, live, diff.as_ref())?;
        let digest = policy.digest().to_owned();
        let answer = |applied, version| PolicyApplied {
            applied,
            scope: scope.clone(),
            digest: digest.clone(),
            version,
            diff: diff.clone(),
            warnings: warnings.clone(),
        };
        // What does not load is replaced, though its row has the digest of a good document.
        let is_whole = |live: &&StoredPolicy| {
            self.live_policies().slot(&scope).is_none_or(|slot| !slot.is_broken())
                && live.digest == digest
        };
        let same = live.filter(is_whole);
        if dry_run || same.is_some() {
            let version = match same {
                Some(live) => self.version_of(live.version_id).await?,
                None => None,
            };
            if !dry_run && !secrets.is_empty() {
                // The digest does not cover secrets, so they may be all that is new.
                self.inner.store.secret_put(&secrets).await?;
                self.secrets_changed(&secrets);
            }
            return Ok(answer(false, version));
        }
        if live.is_none() {
            self.check_count()?;
        }
        let now = self.now();
        let write = PolicyWrite {
            account_id: self.inner.account_id,
            scope: scope.clone(),
            expected: live
                .map_or(ExpectedLive::Nothing, |live| ExpectedLive::Digest(live.digest.clone())),
            policy_id: new_id(now),
            version_id: new_id(now),
            name: policy.document().metadata.name.clone(),
            description: policy.document().metadata.description.clone(),
            digest: digest.clone(),
            document: text,
            cause,
            author: author(caller),
            message,
            now,
            record: None,
        };
        let sent = write.document.clone();
        match self.policy_commit(caller, write, policy, secrets).await? {
            PolicyWritten::Live(version) => Ok(answer(true, Some(*version))),
            PolicyWritten::Unexpected(digest) => Err(self.overtaken(&scope, digest, sent).await),
            PolicyWritten::NameTaken(other) => Err(name_taken(&other)),
        }
    }

    /// Changes a part of what is live in a scope; `change` makes the document after from the one before.
    pub(crate) async fn policy_edit(
        &self,
        caller: &Caller,
        scope: PolicyScope,
        message: Option<String>,
        expected: Expected,
        change: impl FnOnce(&PolicyDocument) -> Result<ValidPolicy, ServiceError> + Send,
    ) -> Result<PolicyApplied, ServiceError> {
        self.check_writable(&scope)?;
        let Base { stored, text } =
            self.policy_base(&scope).await?.ok_or_else(|| nothing_live(&scope))?;
        check_expected(&scope, &expected, Some(&stored), None)?;
        let before = computed(move || preloop_core::parse(&text)).await?;
        let before = before.map_err(|_| unloadable(&scope))?;
        let command = ApplyCommand {
            scope,
            policy: change(&before)?,
            cause: VersionCause::Edit,
            message,
            // The edit was made of this document and of no other.
            expected: Expected::Digests(vec![stored.digest]),
            dry_run: false,
        };
        self.policy_apply(caller, command).await
    }

    /// Makes sure that memory has what the store has of a scope: else a document that is live there would change nothing
    /// here.
    async fn memory_follows(&self, scope: &PolicyScope) -> Result<(), ServiceError> {
        let stored = self.inner.store.policy_of_scope(self.inner.account_id, scope).await?;
        let live = self.live_policies();
        let is_same = match (&stored, live.slot(scope)) {
            (Some(stored), Some(slot)) => slot.is_version(stored.version_id),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if is_same { Ok(()) } else { self.policies_refresh().await }
    }

    /// What is live in a scope as stored, with its text.
    pub(super) async fn policy_base(
        &self,
        scope: &PolicyScope,
    ) -> Result<Option<Base>, ServiceError> {
        let stored = self.inner.store.policy_of_scope(self.inner.account_id, scope).await?;
        let Some(stored) = stored else { return Ok(None) };
        let text = self.inner.store.version_document(stored.version_id).await?;
        Ok(text.map(|text| Base { stored, text }))
    }

    /// Refuses a scope whose policy the operator gave to the server.
    pub(super) fn check_writable(&self, scope: &PolicyScope) -> Result<(), ServiceError> {
        if !self.is_given(scope) {
            return Ok(());
        }
        let message = if scope.is_account() {
            "the account's policy is a file that the operator gave to the server; change it there"
                .to_owned()
        } else {
            format!(
                "the policy of the scope `{scope}` is one that the operator gave to the server; change it there"
            )
        };
        Err(ServiceError::Conflict { code: "policy_from_file", message, state: None })
    }

    /// Refuses a document that would cut off what the operator's file decides: over the API nobody may change that.
    fn check_inheritance(
        &self,
        scope: &PolicyScope,
        policy: &ValidPolicy,
    ) -> Result<(), ServiceError> {
        let defaults = policy.document().defaults.as_ref();
        let inherits = defaults.and_then(|defaults| defaults.inherit_from_parent).unwrap_or(true);
        if inherits || scope.is_account() || !self.has_policy_file() {
            return Ok(());
        }
        Err(ServiceError::Conflict {
            code: "policy_from_file",
            message: format!(
                "`defaults.inherit_from_parent: false` would free the scope `{scope}` of the account's policy, which is a file that the operator gave to the server; leave it out"
            ),
            state: None,
        })
    }

    fn check_count(&self) -> Result<(), ServiceError> {
        if self.live_policies().slots().count() < POLICIES_MAX {
            return Ok(());
        }
        Err(ServiceError::Conflict {
            code: "too_many_policies",
            message: format!(
                "{POLICIES_MAX} scopes of the account have a policy; remove one first"
            ),
            state: None,
        })
    }

    /// The answer to one who was overtaken: what is live by now, and how the own document differs from it.
    async fn overtaken(
        &self,
        scope: &PolicyScope,
        digest: Option<String>,
        sent: String,
    ) -> ServiceError {
        let differs = async {
            let base = self.policy_base(scope).await.ok()??;
            computed(move || compared(&base.text, &sent)).await.ok()?
        };
        changed(scope, digest, differs.await.map(Box::new))
    }

    pub(super) async fn version_of(&self, id: Uuid) -> Result<Option<PolicyVersion>, ServiceError> {
        let found = self.inner.store.version_find(self.inner.account_id, id).await?;
        Ok(found.map(|(stored, _)| stored.version))
    }
}

pub(super) fn check_expected(
    scope: &PolicyScope,
    expected: &Expected,
    live: Option<&StoredPolicy>,
    diff: Option<&PolicyDiff>,
) -> Result<(), ServiceError> {
    let is_met = match (expected, live) {
        (Expected::Any, _)
        | (Expected::Something, Some(_))
        | (Expected::Absent | Expected::Nothing, None) => true,
        (Expected::Digests(digests), Some(live)) => digests.contains(&live.digest),
        (Expected::Something | Expected::Digests(_), None) | (Expected::Absent, Some(_)) => false,
        (Expected::Nothing, Some(live)) => {
            return Err(ServiceError::Conflict {
                code: "scope_taken",
                message: format!(
                    "the scope `{scope}` has the policy `{}` with the id `{}`; replace or edit that one",
                    live.name, live.id
                ),
                state: None,
            });
        }
    };
    if is_met {
        return Ok(());
    }
    Err(changed(scope, live.map(|live| live.digest.clone()), diff.cloned().map(Box::new)))
}

/// Makes a document ready and compares it with what is live.
async fn prepare(document: PolicyDocument, base: Option<String>) -> Result<Prepared, ServiceError> {
    let prepared = computed(move || {
        let text = text_of(&document);
        // What is stored is what is read at the next start: it must be as good as what was sent.
        let policy = ValidPolicy::parse(&text)?;
        let diff = base.and_then(|base| {
            let before = ValidPolicy::parse(&base).ok()?;
            Some(differences(&before, &policy))
        });
        Ok(Prepared { text, policy, diff })
    });
    prepared
        .await?
        .map_err(|report: Report| ServiceError::InvalidPolicy { report: Box::new(report) })
}

fn compared(before: &str, after: &str) -> Option<PolicyDiff> {
    let [before, after] = [before, after].map(ValidPolicy::parse);
    Some(differences(&before.ok()?, &after.ok()?))
}

/// What differs, looked for as hard as a request can wait for.
pub(super) fn differences(before: &ValidPolicy, after: &ValidPolicy) -> PolicyDiff {
    let options = diff::Options { budget: DIFF_BUDGET, ..diff::Options::default() };
    diff::diff_with(before, after, options)
}

/// Work that takes the processor for a while, beside the threads that answer requests.
pub(super) async fn computed<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ServiceError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a policy could not be worked on");
        ServiceError::Unavailable { message: "the policy could not be worked on".to_owned() }
    })
}

pub(super) fn author(caller: &Caller) -> PolicyAuthor {
    PolicyAuthor { id: caller.principal.id.clone(), name: caller.principal.name.clone() }
}

pub(super) fn check_message(message: Option<&str>) -> Result<(), ServiceError> {
    if message.is_some_and(|message| message.chars().count() > MESSAGE_CHARS_MAX) {
        return Err(ServiceError::Invalid {
            code: "message_too_long",
            message: format!("`message` has at most {MESSAGE_CHARS_MAX} characters"),
        });
    }
    Ok(())
}

pub(super) fn changed(
    scope: &PolicyScope,
    digest: Option<String>,
    diff: Option<Box<PolicyDiff>>,
) -> ServiceError {
    let message = match &digest {
        Some(digest) => format!(
            "another policy is live in the scope `{scope}` than the one this change was made for: `{digest}`; \
             look at the difference and send the change again with `If-Match` for it"
        ),
        None => format!("nothing is live in the scope `{scope}` any more"),
    };
    ServiceError::PolicyChanged { message, digest, diff }
}

fn name_taken(other: &PolicyScope) -> ServiceError {
    ServiceError::Conflict {
        code: "policy_name_taken",
        message: format!(
            "the policy of the scope `{other}` has this name; give `metadata.name` another one"
        ),
        state: None,
    }
}

/// What is live in a scope does not load.
fn unloadable(scope: &PolicyScope) -> ServiceError {
    ServiceError::Conflict {
        code: "version_unusable",
        message: format!(
            "the stored policy of the scope `{scope}` does not load any more; apply a whole document, or roll back"
        ),
        state: None,
    }
}

/// Nothing is live in a scope.
pub(super) fn nothing_live(scope: &PolicyScope) -> ServiceError {
    no_policy(format!("no policy is live in the scope `{scope}`"))
}

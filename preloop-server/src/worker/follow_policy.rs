//! Follows a policy that comes whole: the commit of a git work tree, or a signed bundle. What cannot be believed or
//! used is refused, and the last good one stays.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use preloop_api::{PolicyScope, ScopeKind};
use preloop_core::ValidPolicy;
use preloop_core::bundle::{
    Bundle, BundleError, BundleScope, HeldBundle, PublicKey, VerifiedBundle,
};
use preloop_core::limits::BUNDLE_BYTES_MAX;
use preloop_files::{PolicySource, PolicyWorkTree};

use crate::config::BundleConfig;
use crate::service::Services;

/// Pause between looks.
const POLL: Duration = Duration::from_secs(2);
/// File of the bundle that was accepted last, in the data folder.
const KEPT_BUNDLE: &str = "policy.bundle";

/// Why there is no policy to go on with.
#[derive(Debug)]
pub(crate) struct Refusal(String);

/// What is wrong with what is there.
#[derive(Debug)]
struct Trouble {
    message: String,
    /// Whether the trail and the status say so already.
    is_told: bool,
}

impl From<String> for Trouble {
    fn from(message: String) -> Self {
        Self { message, is_told: false }
    }
}

/// What a believed bundle says.
struct Accepted {
    held: HeldBundle,
    /// Whether it is the very one that was held.
    is_held: bool,
    policies: Vec<(PolicyScope, ValidPolicy)>,
}

/// Where the policy comes from.
#[derive(Debug)]
pub(crate) enum PolicyOrigin {
    /// Commits of a work tree.
    Commits {
        /// The work tree.
        tree: PolicyWorkTree,
        /// The commit that was looked at last, whether it was good or not.
        seen: Option<String>,
    },
    /// Signed bundles in a file.
    Bundles {
        /// Where they are put.
        file: PathBuf,
        /// What they are called in messages.
        name: String,
        /// The key that is trusted.
        key: Box<PublicKey>,
        /// The names of the account that bundles must be for.
        accounts: Vec<String>,
        /// Where the one that was accepted last is kept.
        kept: PathBuf,
        /// What was accepted last, ever.
        held: Option<HeldBundle>,
        /// The text that was looked at last, whether it was good or not.
        seen: Option<Vec<u8>>,
    },
}

/// A policy followed from where it comes from.
#[derive(Debug)]
pub(crate) struct FollowedPolicy {
    origin: PolicyOrigin,
    /// What was wrong at the last look, so that it is told once.
    trouble: Option<String>,
}

// === impl PolicyOrigin ===

impl PolicyOrigin {
    /// The commits of a folder in a work tree.
    pub(crate) fn commits(folder: PathBuf) -> Self {
        Self::Commits { tree: PolicyWorkTree::new(folder), seen: None }
    }

    /// The bundles in a file, by what was accepted before.
    pub(crate) fn bundles(
        bundle: &BundleConfig,
        accounts: Vec<String>,
        data_dir: &Path,
    ) -> io::Result<Self> {
        let kept = data_dir.join(KEPT_BUNDLE);
        let held = match std::fs::read(&kept) {
            // By whatever key it was signed then: what was accepted once is not undone by another key.
            Ok(text) => Some(Bundle::read(&text).map_err(io::Error::other)?.held()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let BundleConfig { file, name, key, .. } = bundle.clone();
        let name = name.unwrap_or_else(|| file.display().to_string());
        Ok(Self::Bundles { file, name, key: Box::new(key), accounts, kept, held, seen: None })
    }

    fn name(&self) -> String {
        match self {
            Self::Commits { tree, .. } => format!("the commits of `{}`", tree.folder().display()),
            Self::Bundles { name, .. } => format!("the bundle `{name}`"),
        }
    }

    /// Brings what is there into force, where it is not what was looked at last.
    fn look(&mut self, services: &Services) -> Result<(), Trouble> {
        match self {
            Self::Commits { tree, seen } => look_at_commit(services, tree, seen),
            Self::Bundles { file, name, key, accounts, kept, held, seen } => {
                let text = read_bounded(file).map_err(|error| error.to_string())?;
                if seen.as_ref() == Some(&text) {
                    return Ok(());
                }
                let bundle = match accept(&text, key, accounts, held.as_ref()) {
                    Ok(bundle) => bundle,
                    Err(trouble) => {
                        *seen = Some(text);
                        return Err(trouble.into());
                    }
                };
                if !bundle.is_held {
                    // Kept before it answers, so that no restart goes back behind it.
                    keep(kept, &text).map_err(|error| {
                        format!("it cannot be kept in `{}`: {error}", kept.display())
                    })?;
                    *held = Some(bundle.held.clone());
                }
                *seen = Some(text);
                load_bundle(services, bundle, name);
                Ok(())
            }
        }
    }

    /// What was accepted before this start, where it is still good.
    fn fall_back(&self, services: &Services) -> Result<(), Trouble> {
        match self {
            Self::Commits { .. } => Err("there is nothing to fall back to".to_owned().into()),
            Self::Bundles { key, accounts, kept, held, .. } => {
                let text = read_bounded(kept).map_err(|error| error.to_string())?;
                let bundle = accept(&text, key, accounts, held.as_ref())?;
                load_bundle(services, bundle, &kept.display().to_string());
                Ok(())
            }
        }
    }
}

fn look_at_commit(
    services: &Services,
    tree: &PolicyWorkTree,
    seen: &mut Option<String>,
) -> Result<(), Trouble> {
    let commit = tree.commit().map_err(|error| error.to_string())?;
    let Some(commit) = commit else {
        // What is there now is what was there before, until somebody is done.
        return if seen.is_some() {
            Ok(())
        } else {
            Err("a merge, a rebase or a commit is under way".to_owned().into())
        };
    };
    if seen.as_ref() == Some(&commit) {
        return Ok(());
    }
    let source = tree.read(&commit).map_err(|error| error.to_string())?;
    let origin = format!("commit `{commit}` of `{}`", tree.folder().display());
    *seen = Some(commit);
    load(services, &source, &origin)
}

/// Verifies a bundle; what is wrong with it is told by name.
fn accept(
    text: &[u8],
    key: &PublicKey,
    accounts: &[String],
    held: Option<&HeldBundle>,
) -> Result<Accepted, String> {
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    let told = |error: &BundleError| format!("{} ({})", error, error.code());
    let bundle = Bundle::read(text).map_err(|error| told(&error))?;
    let verified = bundle.verify_for(&accounts, key, held).map_err(|error| told(&error))?;
    let VerifiedBundle { held, policies, is_held, .. } = verified;
    let policies = policies.into_iter().map(|(scope, policy)| Ok((placed(&scope)?, policy)));
    let policies: Vec<(PolicyScope, ValidPolicy)> = policies.collect::<Result<_, String>>()?;
    check_spellings(&policies)?;
    Ok(Accepted { held, is_held, policies })
}

/// Tools are named as the servers of the bundle's account name them: what is spelled otherwise would not be enforced.
fn check_spellings(policies: &[(PolicyScope, ValidPolicy)]) -> Result<(), String> {
    let account = policies.iter().find(|(scope, _)| scope.is_account());
    let Some((_, account)) = account else { return Ok(()) };
    for (scope, policy) in policies.iter().filter(|(scope, _)| !scope.is_account()) {
        let said = policy.beside(&account.document().mcp_servers);
        if let Some(error) = said.iter().find(|problem| problem.code.is_error()) {
            return Err(format!(
                "its policy of the scope `{scope}`, at `{}`: {} ({})",
                error.path, error.message, error.code
            ));
        }
    }
    Ok(())
}

/// The scope of a bundle as one of this server's: a policy that would not be enforced is never accepted.
fn placed(scope: &BundleScope) -> Result<PolicyScope, String> {
    let refused =
        |why: &str| format!("it holds a policy of the {scope}: {why} (unsupported_scope)");
    let kind = ScopeKind::from_name(scope.kind.as_str());
    let kind = kind.ok_or_else(|| refused("this server knows no such scopes"))?;
    PolicyScope::new(kind, scope.name.as_str()).map_err(|error| refused(&error.to_string()))
}

fn load_bundle(services: &Services, bundle: Accepted, name: &str) {
    let origin = format!("version {} of the bundle `{name}`", bundle.held.version);
    services.policies_give(bundle.policies, &origin);
}

fn load(services: &Services, source: &PolicySource, origin: &str) -> Result<(), Trouble> {
    services.policy_load(source, origin).map_err(|report| {
        for error in &report.errors {
            tracing::error!(
                origin,
                file = error.file,
                line = error.line,
                column = error.column,
                code = %error.code,
                "the policy is refused, the one in force stays: {}",
                error.message
            );
        }
        let first = report.errors.first().map_or("", |error| error.message.as_str());
        Trouble { message: format!("{origin} is not valid: {first}"), is_told: true }
    })
}

/// At most one byte more than a bundle may have, which is enough to refuse it.
fn read_bounded(file: &Path) -> io::Result<Vec<u8>> {
    use std::io::Read as _;

    let most = u64::try_from(BUNDLE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = Vec::new();
    std::fs::File::open(file)?.take(most).read_to_end(&mut text)?;
    Ok(text)
}

/// Writes a file so that it is there whole or as it was.
fn keep(file: &Path, text: &[u8]) -> io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut written = options.open(&beside)?;
    written.write_all(text)?;
    written.sync_all()?;
    std::fs::rename(&beside, file)
}

// === impl FollowedPolicy ===

impl FollowedPolicy {
    pub(crate) const fn new(origin: PolicyOrigin) -> Self {
        Self { origin, trouble: None }
    }

    /// Looks for the first time. Where what is there is not good, a bundle that was accepted before is; without one
    /// the server does not start.
    pub(crate) fn load(&mut self, services: &Services) -> Result<(), Refusal> {
        let Err(trouble) = self.origin.look(services) else { return Ok(()) };
        if self.origin.fall_back(services).is_err() {
            return Err(Refusal(format!("cannot use {}: {}", self.origin.name(), trouble.message)));
        }
        self.tell(services, trouble);
        Ok(())
    }

    fn tell(&mut self, services: &Services, trouble: Trouble) {
        let Trouble { message, is_told } = trouble;
        if !is_told && self.trouble.as_ref() != Some(&message) {
            let origin = self.origin.name();
            tracing::error!(origin, "the policy in force stays: {message}");
            services.policy_unreadable(&origin, &message);
        }
        self.trouble = Some(message);
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Runs until the server stops.
pub(crate) async fn follow_policy(services: Services, mut followed: FollowedPolicy) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            () = services.tasks().stopped() => return,
        }
        let looking = services.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let outcome = followed.origin.look(&looking);
            match outcome {
                Ok(()) => followed.trouble = None,
                Err(trouble) => followed.tell(&looking, trouble),
            }
            followed
        });
        match looked.await {
            Ok(again) => followed = again,
            Err(error) => {
                tracing::error!(%error, "the policy is not followed any more; the one in force stays");
                return;
            }
        }
    }
}

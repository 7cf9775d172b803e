//! Why a bundle is not accepted: each reason told apart from the others.

use thiserror::Error;

use super::BundleScope;
use crate::diagnostic::Report;

/// Why a bundle is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BundleError {
    /// It is no bundle, or one of another form.
    #[error("the bundle is malformed: {message}")]
    Malformed {
        /// What is wrong.
        message: String,
    },
    /// Nobody has signed it.
    #[error("the bundle is not signed")]
    Unsigned,
    /// Another key has signed it, as it says.
    #[error("the bundle is signed by the key `{found}`, and only `{wanted}` is trusted")]
    WrongKey {
        /// The key that it names.
        found: String,
        /// The key that is trusted.
        wanted: String,
    },
    /// It is not what was signed.
    #[error("the bundle was altered: its signature is of something else")]
    Altered,
    /// It is for another account.
    #[error("the bundle is for the account `{found}`, and this is `{wanted}`")]
    WrongAccount {
        /// The account that it is for.
        found: String,
        /// The account that wants one.
        wanted: String,
    },
    /// A newer one was accepted before.
    #[error("the bundle has version {offered}, and version {held} was accepted before")]
    Older {
        /// Its version.
        offered: u64,
        /// The version that was accepted.
        held: u64,
    },
    /// Another one of the same version was accepted before.
    #[error("another bundle of version {version} was accepted before")]
    SameVersion {
        /// The version of both.
        version: u64,
    },
    /// It is signed and new, and a policy in it does not load.
    #[error("the policy of the {scope} in the bundle does not load: {}", first(.report))]
    InvalidPolicy {
        /// Whose policy it is.
        scope: BundleScope,
        /// What is wrong with it.
        report: Box<Report>,
    },
}

fn first(report: &Report) -> &str {
    report.errors.first().map_or("", |error| error.message.as_str())
}

// === impl BundleError ===

impl BundleError {
    /// The name on every wire.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::Unsigned => "unsigned",
            Self::WrongKey { .. } => "wrong_key",
            Self::Altered => "altered",
            Self::WrongAccount { .. } => "wrong_account",
            Self::Older { .. } => "older",
            Self::SameVersion { .. } => "same_version",
            Self::InvalidPolicy { .. } => "invalid_policy",
        }
    }

    /// What to do about it.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "make it with `preloop policy bundle`",
            Self::Unsigned => "sign it with `preloop policy sign`",
            Self::WrongKey { .. } => {
                "sign it with the trusted key, or trust the key that signed it"
            }
            Self::Altered => "fetch it anew, and find out who changed it",
            Self::WrongAccount { .. } => "make it with `--account` of the server that takes it",
            Self::Older { .. } | Self::SameVersion { .. } => "make a bundle with a higher version",
            Self::InvalidPolicy { .. } => {
                "repair the policy and make a bundle with a higher version"
            }
        }
    }
}

impl std::fmt::Display for BundleScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name.as_str() {
            "" => f.write_str(self.kind.as_str()),
            name => write!(f, "{} `{name}`", self.kind.as_str()),
        }
    }
}

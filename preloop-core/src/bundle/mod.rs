//! Policies of a chain of scopes in one signed file: made, signed, and accepted only where the signature is good and
//! the version is newer than what was accepted before.
//!
//! ```
//! use preloop_core::bundle::{Bundle, BundleScope, Contents, SecretKey};
//!
//! let document = preloop_core::parse("version: '1.0'\nmetadata: {name: p}\n").unwrap();
//! let contents = Contents {
//!     version: 7,
//!     created_at: "2026-01-31T12:00:00Z".parse().unwrap(),
//!     account: "main".to_owned(),
//!     policies: vec![(BundleScope::account(), document)],
//! };
//! let key = SecretKey::from_seed([1; 32]);
//! let text = Bundle::new(contents).unwrap().signed(&key).to_text();
//!
//! let accepted = Bundle::read(&text).unwrap().verify(&key.public(), None).unwrap();
//! assert_eq!(accepted.policies[0].1.document().metadata.name, "p");
//!
//! let altered = text.replace("\"p\"", "\"q\"");
//! let error = Bundle::read(&altered).unwrap().verify(&key.public(), None).unwrap_err();
//! assert_eq!(error.code(), "altered");
//! ```

mod error;
mod key;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use error::BundleError;
pub use key::{KeyError, PublicKey, SecretKey};

use crate::canonical::{canonical_value, export, sha256};
use crate::document::PolicyDocument;
use crate::evaluate::scopes::Level;
use crate::limits::{BUNDLE_BYTES_MAX, ITEMS_MAX};
use crate::time::Timestamp;
use crate::validate::ValidPolicy;

/// What a bundle says that it is; another form would have another name.
const FORMAT: &str = "preloop-bundle/1";
/// The only way of signing.
const ALGORITHM: &str = "ed25519";

/// Where a policy of a bundle holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleScope {
    /// How specific the scope is.
    pub kind: Level,
    /// Its name; empty for the account.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// What goes into a bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct Contents {
    /// Counts up: a bundle is accepted only where it is newer than the last.
    pub version: u64,
    /// When it is made.
    pub created_at: Timestamp,
    /// The account that it is for.
    pub account: String,
    /// The policies, each with its scope. Literal secrets in them are left out.
    pub policies: Vec<(BundleScope, PolicyDocument)>,
}

/// A bundle that has been read or made, of which nothing is known to be true.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    written: Written,
}

/// A bundle as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: String,
    version: u64,
    created_at: Timestamp,
    account: String,
    policies: Vec<WrittenPolicy>,
    /// Over everything above.
    digest: String,
    /// Over everything above and the digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<Signature>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPolicy {
    scope: BundleScope,
    document: Value,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    algorithm: String,
    key_id: String,
    value: String,
}

/// The bundle that was accepted last, of all that were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBundle {
    /// Its version: nothing older is accepted.
    pub version: u64,
    /// Its digest: nothing else of the same version is.
    pub digest: String,
}

/// A bundle whose signature and version are good, and whose policies load; only verification makes one.
#[derive(Debug)]
#[non_exhaustive]
pub struct VerifiedBundle {
    /// What is to be remembered of it.
    pub held: HeldBundle,
    /// When it was made, as its maker says.
    pub created_at: Timestamp,
    /// The account that it is for.
    pub account: String,
    /// The policies, each with its scope.
    pub policies: Vec<(BundleScope, ValidPolicy)>,
    /// Whether it is the very one that was held.
    pub is_held: bool,
}

// === impl BundleScope ===

impl BundleScope {
    /// The scope of the whole account.
    pub const fn account() -> Self {
        Self { kind: Level::Account, name: String::new() }
    }
}

// === impl Bundle ===

impl Bundle {
    /// Makes a bundle, not signed yet.
    ///
    /// # Errors
    /// Where the policies are none, too many, two of one scope, or nest too deep to be read back.
    pub fn new(contents: Contents) -> Result<Self, BundleError> {
        let Contents { version, created_at, account, policies } = contents;
        let policies = policies.into_iter().map(|(scope, document)| {
            // A document holds nothing that cannot be written as JSON.
            let document = serde_json::to_value(export(document)).unwrap_or_default();
            WrittenPolicy { scope, document }
        });
        let mut written = Written {
            format: FORMAT.to_owned(),
            version,
            created_at,
            account,
            policies: policies.collect(),
            digest: String::new(),
            signature: None,
        };
        written.digest = written.digest();
        // What is made is what is read: the limits of the one are those of the other.
        Self::read(&Self { written }.to_text())
    }

    /// Reads a bundle; whether it is to be believed, [`Self::verify`] tells.
    ///
    /// # Errors
    /// [`BundleError::Malformed`] with what is wrong.
    pub fn read(text: &(impl AsRef<[u8]> + ?Sized)) -> Result<Self, BundleError> {
        let bytes = text.as_ref();
        if bytes.len() > BUNDLE_BYTES_MAX {
            let count = bytes.len();
            let message = format!("it has {count} bytes, at most {BUNDLE_BYTES_MAX} may be");
            return Err(BundleError::Malformed { message });
        }
        let malformed = |message: String| BundleError::Malformed { message };
        let text =
            std::str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8".to_owned()))?;
        let value = crate::json::parse(text).map_err(|error| malformed(error.to_string()))?;
        let written: Written =
            serde_json::from_value(value).map_err(|error| malformed(error.to_string()))?;
        written.check().map_err(malformed)?;
        Ok(Self { written })
    }

    /// The bundle with the signature of a key in the place of any before.
    #[must_use]
    pub fn signed(mut self, key: &SecretKey) -> Self {
        self.written.signature = None;
        let value = key.sign(self.written.signed_bytes().as_bytes());
        let key_id = key.public().id();
        self.written.signature = Some(Signature { algorithm: ALGORITHM.to_owned(), key_id, value });
        self
    }

    /// The bundle as a file: indented JSON.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(&self.written).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The version that it says.
    pub const fn version(&self) -> u64 {
        self.written.version
    }

    /// The digest that it says.
    pub fn digest(&self) -> &str {
        &self.written.digest
    }

    /// The digest of its policies and their scopes alone, whatever its version.
    pub fn policies_digest(&self) -> String {
        sha256(&self.written.canonical_without(&["version", "created_at", "digest", "signature"]))
    }

    /// What is to be remembered of it once it was accepted.
    pub fn held(&self) -> HeldBundle {
        HeldBundle { version: self.written.version, digest: self.written.digest.clone() }
    }

    /// The id of the key that it says to be signed by.
    pub fn key_id(&self) -> Option<&str> {
        self.written.signature.as_ref().map(|signature| signature.key_id.as_str())
    }

    /// Believes the bundle where `key` has signed it as it is, and it is newer than what is held or the very same.
    ///
    /// # Errors
    /// What is wrong, the signature before the version and the version before the policies.
    pub fn verify(
        &self,
        key: &PublicKey,
        held: Option<&HeldBundle>,
    ) -> Result<VerifiedBundle, BundleError> {
        self.check_signature(key)?;
        self.verified(held)
    }

    /// Believes the bundle like [`Self::verify`], and only where it is for an account of one of these names: a key may
    /// sign for several.
    ///
    /// # Errors
    /// What is wrong, the signature before the account and the account before the version.
    pub fn verify_for(
        &self,
        accounts: &[&str],
        key: &PublicKey,
        held: Option<&HeldBundle>,
    ) -> Result<VerifiedBundle, BundleError> {
        self.check_signature(key)?;
        let found = self.written.account.as_str();
        if !accounts.contains(&found) {
            let (found, wanted) = (found.to_owned(), accounts.first().copied().unwrap_or_default());
            return Err(BundleError::WrongAccount { found, wanted: wanted.to_owned() });
        }
        self.verified(held)
    }

    /// What is left to ask once the signature is good.
    fn verified(&self, held: Option<&HeldBundle>) -> Result<VerifiedBundle, BundleError> {
        let written = &self.written;
        let is_held = self.check_version(held)?;
        let mut policies = Vec::with_capacity(written.policies.len());
        for policy in &written.policies {
            let scope = policy.scope.clone();
            match ValidPolicy::parse(&policy.document.to_string()) {
                Ok(valid) => policies.push((scope, valid)),
                Err(report) => {
                    let report = Box::new(report.without_places());
                    return Err(BundleError::InvalidPolicy { scope, report });
                }
            }
        }
        Ok(VerifiedBundle {
            held: self.held(),
            created_at: written.created_at,
            account: written.account.clone(),
            policies,
            is_held,
        })
    }

    fn check_signature(&self, key: &PublicKey) -> Result<(), BundleError> {
        let Some(signature) = &self.written.signature else { return Err(BundleError::Unsigned) };
        let wanted = key.id();
        if signature.key_id != wanted {
            let found = signature.key_id.clone();
            return Err(BundleError::WrongKey { found, wanted });
        }
        let is_good = signature.algorithm == ALGORITHM
            && self.written.digest == self.written.digest()
            && key.has_signed(self.written.signed_bytes().as_bytes(), &signature.value);
        if is_good { Ok(()) } else { Err(BundleError::Altered) }
    }

    /// True where it is the very bundle that is held.
    fn check_version(&self, held: Option<&HeldBundle>) -> Result<bool, BundleError> {
        let Some(held) = held else { return Ok(false) };
        let offered = self.written.version;
        if offered < held.version {
            return Err(BundleError::Older { offered, held: held.version });
        }
        if offered == held.version && self.written.digest != held.digest {
            return Err(BundleError::SameVersion { version: offered });
        }
        Ok(offered == held.version)
    }
}

// === impl Written ===

impl Written {
    fn check(&self) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!("its `format` is not `{FORMAT}`"));
        }
        if self.policies.is_empty() {
            return Err("it holds no policy".to_owned());
        }
        if self.policies.len() > ITEMS_MAX {
            return Err(format!("it holds more than {ITEMS_MAX} policies"));
        }
        let mut scopes: Vec<&BundleScope> =
            self.policies.iter().map(|policy| &policy.scope).collect();
        scopes.sort();
        if scopes.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
            return Err("it holds two policies of one scope".to_owned());
        }
        if scopes.iter().any(|scope| (scope.kind == Level::Account) != scope.name.is_empty()) {
            return Err(
                "a scope other than the account has a name, and the account has none".to_owned()
            );
        }
        Ok(())
    }

    /// Canonical JSON without some members.
    fn canonical_without(&self, left_out: &[&str]) -> String {
        let members = match serde_json::to_value(self) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        let kept = members.into_iter().filter(|(name, _)| !left_out.contains(&name.as_str()));
        canonical_value(&Value::Object(kept.collect()))
    }

    fn digest(&self) -> String {
        sha256(&self.canonical_without(&["digest", "signature"]))
    }

    /// What is signed: canonical JSON of everything but the signature. That it begins with the members in their
    /// order, `format` among them, keeps a signature of something else from being one of a bundle.
    fn signed_bytes(&self) -> String {
        self.canonical_without(&["signature"])
    }
}

#[cfg(test)]
mod tests;

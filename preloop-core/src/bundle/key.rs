//! The keys that sign bundles, and their text.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// What the text of a public key begins with.
const PUBLIC: &str = "preloop-ed25519-public:";
/// What the text of a secret key begins with.
const SECRET: &str = "preloop-ed25519-secret:";

/// The key that bundles are verified by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// The key that signs bundles; its text is shown by [`Self::to_text`] alone.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

/// Text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It begins otherwise.
    #[error("the text is no key: it does not begin with `{0}`")]
    Prefix(&'static str),
    /// It is the other half of a pair.
    #[error("this is the {0} key, and the other one of the pair is wanted")]
    OtherHalf(&'static str),
    /// What follows is not a key.
    #[error("the text is no key: `{0}` is not followed by 32 bytes in Base64 that are one")]
    Bytes(&'static str),
}

// === impl PublicKey ===

impl PublicKey {
    /// Reads a key's text, with blanks and line breaks around it.
    ///
    /// # Errors
    /// Where the text is no public key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.trim().starts_with(SECRET) {
            return Err(KeyError::OtherHalf("secret"));
        }
        let bytes = bytes(text, PUBLIC)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Bytes(PUBLIC))?;
        // By a weak key anything is signed.
        if key.is_weak() { Err(KeyError::Bytes(PUBLIC)) } else { Ok(Self(key)) }
    }

    /// The key's text, in one line.
    pub fn to_text(&self) -> String {
        format!("{PUBLIC}{}", STANDARD.encode(self.0.as_bytes()))
    }

    /// What the key is called: the first 16 hex digits of its SHA-256.
    pub fn id(&self) -> String {
        let digest = Sha256::digest(self.0.as_bytes());
        digest.iter().take(8).fold(String::new(), |mut id, byte| {
            let _ = write!(id, "{byte:02x}");
            id
        })
    }

    /// Whether the signature, in Base64, is this key's of these bytes.
    pub(super) fn has_signed(&self, bytes: &[u8], signature: &str) -> bool {
        let signature = STANDARD.decode(signature).ok();
        let signature = signature.and_then(|bytes| Signature::from_slice(&bytes).ok());
        signature.is_some_and(|signature| self.0.verify_strict(bytes, &signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}

// === impl SecretKey ===

impl SecretKey {
    /// The key of 32 random bytes, which the caller draws.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    /// Reads a key's text, with blanks and line breaks around it.
    ///
    /// # Errors
    /// Where the text is no secret key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.trim().starts_with(PUBLIC) {
            return Err(KeyError::OtherHalf("public"));
        }
        bytes(text, SECRET).map(Self::from_seed)
    }

    /// The key's text, in one line; a secret.
    pub fn to_text(&self) -> String {
        format!("{SECRET}{}", STANDARD.encode(self.0.as_bytes()))
    }

    /// The key that verifies what this one signs.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// A signature in Base64.
    pub(super) fn sign(&self, bytes: &[u8]) -> String {
        STANDARD.encode(self.0.sign(bytes).to_bytes())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey([redacted], {:?})", self.public())
    }
}

fn bytes(text: &str, prefix: &'static str) -> Result<[u8; 32], KeyError> {
    let encoded = text.trim().strip_prefix(prefix).ok_or(KeyError::Prefix(prefix))?;
    let bytes = STANDARD.decode(encoded).map_err(|_| KeyError::Bytes(prefix))?;
    bytes.try_into().map_err(|_| KeyError::Bytes(prefix))
}

//! Random texts and their hashes: what is given out is never what is stored.

use sha2::{Digest as _, Sha256};

use crate::digest::hex;
use crate::service::ServiceError;

/// A prefix and 32 random bytes in hex.
pub(in crate::service) fn random_text(prefix: &str) -> Result<String, ServiceError> {
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).map_err(|_| ServiceError::Unavailable {
        message: "the operating system gives no randomness, so no key can be made".to_owned(),
    })?;
    Ok(format!("{prefix}{}", hex(&random)))
}

/// What is stored of a text: nothing leads back from it, since the text is random.
pub(in crate::service) fn hash_of(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

//! Passwords: their rules, and argon2id with the parameters that OWASP recommends.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use preloop_api::SecretText;
use tokio::sync::Semaphore;

use super::invalid;
use crate::service::ServiceError;

/// Memory of one hashing, in KiB.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashings at one time: each takes a processor and 19 MiB.
const PARALLEL_MAX: usize = 2;
/// How long a hashing waits for its turn.
const TURN: Duration = Duration::from_secs(10);
const CHARS_MIN: usize = 12;
const CHARS_MAX: usize = 128;

/// What the password of somebody who is not there, or has none, is compared with: it takes as long, and fits nothing.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$cHJlbG9vcC1uby11c2Vy$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and compares passwords, a few at a time.
#[derive(Debug)]
pub(in crate::service) struct Passwords {
    turns: Arc<Semaphore>,
}

// === impl Passwords ===

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(PARALLEL_MAX)) }
    }
}

impl Passwords {
    /// The hash of a password that keeps to the rules.
    pub(super) async fn hash(
        &self,
        password: &SecretText,
        name: &str,
    ) -> Result<String, ServiceError> {
        check(password.reveal(), name)?;
        let password = password.clone();
        self.work(move || {
            let mut salt = [0_u8; 16];
            getrandom::fill(&mut salt).ok()?;
            let hash = argon2()?.hash_password_with_salt(password.reveal().as_bytes(), &salt);
            Some(hash.ok()?.to_string())
        })
        .await?
        .ok_or_else(unavailable)
    }

    /// Whether the password is the stored one. It takes as long where nothing is stored.
    pub(super) async fn verify(
        &self,
        password: &SecretText,
        stored: Option<&str>,
    ) -> Result<bool, ServiceError> {
        // Nobody has a longer one, and hashing it would be work for an attacker to give away.
        let is_long = password.reveal().chars().count() > CHARS_MAX;
        let password = if is_long { SecretText::default() } else { password.clone() };
        let known = stored.is_some() && !is_long;
        let stored = stored.unwrap_or(NOBODY).to_owned();
        let fits = self
            .work(move || {
                let argon2 = argon2()?;
                Some(argon2.verify_password(password.reveal().as_bytes(), stored.as_str()).is_ok())
            })
            .await?
            .ok_or_else(unavailable)?;
        Ok(fits && known)
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let turn = tokio::time::timeout(TURN, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(unavailable()) };
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|_| unavailable())
    }
}

fn argon2() -> Option<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Length is what counts; rules on kinds of characters only make people write passwords down.
fn check(password: &str, name: &str) -> Result<(), ServiceError> {
    let count = password.chars().count();
    if !(CHARS_MIN..=CHARS_MAX).contains(&count) {
        return Err(invalid(
            "invalid_password",
            format!("a password must have {CHARS_MIN} to {CHARS_MAX} characters"),
        ));
    }
    let mut characters = password.chars();
    let first = characters.next();
    if password.to_lowercase() == name.to_lowercase() || characters.all(|c| Some(c) == first) {
        return Err(invalid(
            "invalid_password",
            "a password must not be the name, and not one character over and over",
        ));
    }
    Ok(())
}

fn unavailable() -> ServiceError {
    ServiceError::Unavailable {
        message: "too many passwords are being checked, so nothing was let through; try again"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretText {
        SecretText::from(text.to_owned())
    }

    #[tokio::test]
    async fn only_the_password_fits_its_hash() {
        let passwords = Passwords::default();
        let password = secret("correct horse battery");
        let hash = passwords.hash(&password, "ann").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, passwords.hash(&password, "ann").await.unwrap(), "each has its salt");
        assert!(passwords.verify(&password, Some(&hash)).await.unwrap());
        for wrong in ["", "correct horse batterz", &"x".repeat(4000)] {
            assert!(!passwords.verify(&secret(wrong), Some(&hash)).await.unwrap(), "{wrong}");
            assert!(!passwords.verify(&secret(wrong), None).await.unwrap(), "{wrong}");
        }
        assert!(!passwords.verify(&password, Some("no hash")).await.unwrap());
    }

    #[tokio::test]
    async fn comparing_with_nobody_is_the_same_work() {
        let parsed = argon2::password_hash::phc::PasswordHash::new(NOBODY).unwrap();
        assert_eq!(parsed.params.get_str("m"), Some("19456"));
        assert!(!Passwords::default().verify(&secret("x"), None).await.unwrap());
    }

    #[test]
    fn length_is_what_counts() {
        assert!(check("correct horse", "ann").is_ok());
        for bad in ["short", "aaaaaaaaaaaaaa", "ann-ann-ann-ann", &"ab".repeat(65)] {
            assert!(check(bad, "Ann-ann-ann-ann").is_err(), "{bad}");
        }
    }
}

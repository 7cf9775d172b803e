//! One key: sealing a secret for its place, and opening it there.
//!
//! AES-256-GCM with a random nonce; what is sealed opens only in the slot it was sealed for.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::digest::hex;
use crate::store::{SecretSlot, owner_name};

/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// What a sealed text begins with; another form would have another mark.
const FORM: &str = "a1:";
/// Bytes of the hash that names a key.
const ID_BYTES: usize = 8;

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, ANY_PADDING);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, ANY_PADDING);

/// A key, never shown; two are the same where their ids are.
pub(crate) struct SecretKey {
    id: String,
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

/// A key that cannot be used, and why; the key itself is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    /// Neither base64 nor hex.
    #[error("is neither base64 nor hex")]
    Alphabet,
    /// Not 32 bytes.
    #[error("has {0} bytes where 32 are wanted")]
    Length(usize),
    /// The operating system does not help.
    #[error("cannot be made: the operating system gives no randomness")]
    NoRandomness,
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey({})", self.id)
    }
}

impl SecretKey {
    /// A key from its text: 32 bytes in base64 or hex.
    pub(super) fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let is_hex = text.len() == 2 * KEY_BYTES && text.bytes().all(|b| b.is_ascii_hexdigit());
        let bytes = Zeroizing::new(if is_hex {
            let digits: Vec<u8> = text.bytes().map(digit).collect();
            digits
                .chunks(2)
                .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
                .collect()
        } else {
            let url_safe = || BASE64_URL.decode(text);
            BASE64.decode(text).or_else(|_| url_safe()).map_err(|_| KeyError::Alphabet)?
        });
        let whole: [u8; KEY_BYTES] =
            bytes.as_slice().try_into().map_err(|_| KeyError::Length(bytes.len()))?;
        Ok(Self::of(Zeroizing::new(whole)))
    }

    /// A new key.
    pub(super) fn fresh() -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0_u8; KEY_BYTES]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| KeyError::NoRandomness)?;
        Ok(Self::of(bytes))
    }

    fn of(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"preloop secret key id\0");
        hash.update(bytes.as_slice());
        let id = hex(hash.finalize().get(..ID_BYTES).unwrap_or_default());
        Self { id, bytes }
    }

    /// What tells it from other keys; says nothing about its bytes.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Its text, for its file.
    pub(super) fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.bytes.as_slice()))
    }

    /// The secret as it is stored in that slot.
    pub(super) fn seal(&self, slot: &SecretSlot, secret: &str) -> Result<String, KeyError> {
        let mut nonce = [0_u8; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| KeyError::NoRandomness)?;
        let mut sealed = Vec::with_capacity(NONCE_LEN + secret.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&nonce);
        let mut text = Zeroizing::new(secret.as_bytes().to_vec());
        let tag = self
            .cipher()
            .and_then(|cipher| {
                let nonce = Nonce::assume_unique_for_key(nonce);
                cipher.seal_in_place_separate_tag(nonce, self.place(slot), text.as_mut_slice()).ok()
            })
            // It fails for texts of many gigabytes alone.
            .ok_or(KeyError::Length(secret.len()))?;
        sealed.extend_from_slice(&text);
        sealed.extend_from_slice(tag.as_ref());
        Ok(format!("{FORM}{}", STANDARD.encode(sealed)))
    }

    /// The secret that was sealed for that slot; none where it was sealed by another key, for another
    /// slot, or was changed.
    pub(super) fn open(&self, slot: &SecretSlot, sealed: &str) -> Option<Zeroizing<String>> {
        let sealed = BASE64.decode(sealed.strip_prefix(FORM)?).ok()?;
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut rest = Zeroizing::new(rest.to_vec());
        let text = self.cipher()?.open_in_place(nonce, self.place(slot), &mut rest).ok()?;
        Some(Zeroizing::new(std::str::from_utf8(text).ok()?.to_owned()))
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, self.bytes.as_slice()).ok().map(LessSafeKey::new)
    }

    /// What is authenticated with the secret: no row opens in the place of another.
    fn place(&self, slot: &SecretSlot) -> Aad<Vec<u8>> {
        let account_id = slot.account_id.to_string();
        let parts = [
            "preloop secret",
            &self.id,
            &account_id,
            &slot.scope,
            owner_name(slot.owner),
            &slot.name,
            &slot.field,
            &slot.target,
        ];
        let mut place = Vec::new();
        for part in parts {
            // With its length before it no part runs into the next.
            place.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            place.extend_from_slice(part.as_bytes());
        }
        Aad::from(place)
    }
}

fn digit(character: u8) -> u8 {
    char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use preloop_core::canonical::SecretOwner;
    use uuid::Uuid;

    use super::*;

    fn slot(field: &str) -> SecretSlot {
        SecretSlot::new(
            Uuid::nil(),
            "account",
            SecretOwner::McpServer,
            "GitHub",
            field,
            "https://h",
        )
    }

    #[test]
    fn keys_are_read_in_every_usual_form() {
        let hex = "00ff".repeat(16);
        let key = SecretKey::parse(&hex).unwrap();
        let text = key.text();
        for form in [hex.to_uppercase(), text.to_string(), text.trim_end_matches('=').to_owned()] {
            assert_eq!(SecretKey::parse(&form).unwrap().id(), key.id());
        }
        let url_safe = text.replace('/', "_").replace('+', "-");
        assert_ne!(url_safe, *text, "the key has a character that the alphabets write differently");
        assert_eq!(SecretKey::parse(&url_safe).unwrap().id(), key.id());
        assert!(!format!("{key:?}").contains(&hex));
    }

    #[test]
    fn what_is_no_key_is_not_repeated() {
        let error = |text: &str| SecretKey::parse(text).unwrap_err().to_string();
        assert_eq!(error("hunter2!"), "is neither base64 nor hex");
        assert_eq!(error("aHVudGVyMg=="), "has 7 bytes where 32 are wanted");
        assert_eq!(error(""), "has 0 bytes where 32 are wanted");
    }

    #[test]
    fn a_secret_opens_in_its_own_slot_and_by_its_own_key_alone() {
        let key = SecretKey::fresh().unwrap();
        let sealed = key.seal(&slot("auth_config.token"), "hunter2").unwrap();
        assert_ne!(sealed, key.seal(&slot("auth_config.token"), "hunter2").unwrap());
        let opened = key.open(&slot("auth_config.token"), &sealed).unwrap();
        assert_eq!(*opened, "hunter2");
        assert!(key.open(&slot("env.TOKEN"), &sealed).is_none());
        let mut elsewhere = slot("auth_config.token");
        elsewhere.target = "https://evil".to_owned();
        assert!(key.open(&elsewhere, &sealed).is_none());
        let mut foreign = slot("auth_config.token");
        foreign.account_id = Uuid::max();
        assert!(key.open(&foreign, &sealed).is_none());
        assert!(SecretKey::fresh().unwrap().open(&slot("auth_config.token"), &sealed).is_none());
        for damaged in ["", "a1:", "a1:AAAA", "a2:AAAA", &sealed.replace("a1:", "a1:A")] {
            assert!(key.open(&slot("auth_config.token"), damaged).is_none(), "{damaged}");
        }
    }
}

//! The side of a browser in Web Push: reads what was encrypted for it, by another implementation than the server's.

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes128Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::{PublicKey, SecretKey};
use serde_json::Value;
use sha2::Sha256;

/// A browser that is subscribed.
#[derive(Clone)]
pub struct PushSubscriber {
    secret: SecretKey,
    auth: [u8; 16],
}

impl std::fmt::Debug for PushSubscriber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PushSubscriber")
    }
}

impl Default for PushSubscriber {
    fn default() -> Self {
        Self::new()
    }
}

impl PushSubscriber {
    /// One with keys of its own.
    ///
    /// # Panics
    /// Where the machine gives no randomness.
    pub fn new() -> Self {
        let mut auth = [0; 16];
        getrandom::fill(&mut auth).unwrap_or_else(|error| panic!("{error}"));
        loop {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).unwrap_or_else(|error| panic!("{error}"));
            // Nearly every number is a key.
            if let Ok(secret) = SecretKey::from_slice(&bytes) {
                return Self { secret, auth };
            }
        }
    }

    /// `p256dh` of the subscription.
    pub fn public_key(&self) -> Vec<u8> {
        self.secret.public_key().to_sec1_point(false).as_bytes().to_vec()
    }

    /// `auth` of the subscription.
    pub fn auth(&self) -> Vec<u8> {
        self.auth.to_vec()
    }

    /// The subscription as a browser hands it out.
    pub fn subscription(&self, endpoint: &str) -> Value {
        serde_json::json!({
            "endpoint": endpoint,
            "keys": {
                "p256dh": URL_SAFE_NO_PAD.encode(self.public_key()),
                "auth": URL_SAFE_NO_PAD.encode(self.auth),
            },
        })
    }

    /// The text of a message.
    ///
    /// # Panics
    /// Where it was not encrypted for this browser.
    pub fn decrypt(&self, body: &[u8]) -> Vec<u8> {
        self.try_decrypt(body).unwrap_or_else(|| panic!("the message is not for this browser"))
    }

    fn try_decrypt(&self, body: &[u8]) -> Option<Vec<u8>> {
        let (salt, rest) = body.split_at_checked(16)?;
        let (_record_size, rest) = rest.split_at_checked(4)?;
        let (length, rest) = rest.split_first()?;
        let (their_key, record) = rest.split_at_checked(usize::from(*length))?;
        let theirs = PublicKey::from_sec1_bytes(their_key).ok()?;
        let shared =
            p256::ecdh::diffie_hellman(self.secret.to_nonzero_scalar(), theirs.as_affine());
        let info = [b"WebPush: info\0".as_slice(), &self.public_key(), their_key].concat();
        let material = derive::<32>(&self.auth, shared.raw_secret_bytes(), &info)?;
        let key = derive::<16>(salt, &material, b"Content-Encoding: aes128gcm\0")?;
        let nonce = derive::<12>(salt, &material, b"Content-Encoding: nonce\0")?;
        let cipher = Aes128Gcm::new_from_slice(&key).ok()?;
        let mut text = cipher.decrypt(&Nonce::from(nonce), record).ok()?;
        // The last record ends with a two, and what was filled in after it.
        while text.pop()? != 2 {}
        Some(text)
    }

    /// The claims of a push service's `Authorization`, once its signature holds for the key that it names.
    ///
    /// # Panics
    /// Where it is not of that key.
    pub fn vapid_claims(authorization: &str, public_key: &str) -> Value {
        Self::try_claims(authorization, public_key)
            .unwrap_or_else(|| panic!("not signed by `{public_key}`: {authorization}"))
    }

    fn try_claims(authorization: &str, public_key: &str) -> Option<Value> {
        let (token, key) = authorization.strip_prefix("vapid t=")?.split_once(", k=")?;
        let (signed, signature) = token.rsplit_once('.')?;
        let (_header, claims) = signed.split_once('.')?;
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let verifying = VerifyingKey::from_sec1_bytes(&bytes(key)?).ok()?;
        let signature = Signature::from_slice(&bytes(signature)?).ok()?;
        verifying.verify(signed.as_bytes(), &signature).ok()?;
        let claims = serde_json::from_slice(&bytes(claims)?).ok()?;
        (key == public_key).then_some(claims)
    }
}

fn derive<const N: usize>(salt: &[u8], material: &[u8], info: &[u8]) -> Option<[u8; N]> {
    let mut out = [0; N];
    Hkdf::<Sha256>::new(Some(salt), material).expand(info, &mut out).ok()?;
    Some(out)
}

//! Who pushes: a token signed for the push service by this server's key (RFC 8292).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use preloop_core::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;
use zeroize::Zeroizing;

/// How long a token is good; the standard allows a day.
const TOKEN_SECONDS: i64 = 12 * 3600;

/// The key by which push services know this server.
pub(crate) struct VapidKey {
    pair: EcdsaKeyPair,
}

impl std::fmt::Debug for VapidKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VapidKey({})", self.public_key())
    }
}

impl VapidKey {
    /// A new key, as the text that is sealed; none where the machine gives no randomness.
    pub(crate) fn generate() -> Option<Zeroizing<String>> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).ok()?;
        Some(Zeroizing::new(URL_SAFE_NO_PAD.encode(document.as_ref())))
    }

    /// The key of that text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let document = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, &document, &SystemRandom::new()).ok()?;
        Some(Self { pair })
    }

    /// What browsers subscribe with.
    pub(crate) fn public_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref())
    }

    /// The `Authorization` for a push service.
    pub(super) fn authorization(
        &self,
        audience: &str,
        contact: &str,
        now: Timestamp,
    ) -> Option<String> {
        let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"ES256"}"#);
        let expires = now.unix_seconds().saturating_add(TOKEN_SECONDS);
        let claims = json!({"aud": audience, "exp": expires, "sub": contact});
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        let signature = URL_SAFE_NO_PAD.encode(signature.as_ref());
        Some(format!("vapid t={signed}.{signature}, k={}", self.public_key()))
    }
}

//! Web Authentication (W3C, Level 3), as far as passkeys that verify their user need it: what a browser is asked, and
//! whether what it answers is what was asked.
//!
//! Nothing here keeps or fetches anything. Attestation is not asked for: whose make an authenticator is does not matter
//! here, and signatures are checked with the key that was registered. Steps are those of sections 7.1 and 7.2.

mod cbor;
mod key;

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use cbor::Cbor;
pub(crate) use key::PublicKey;

/// How long a browser waits for its user, in milliseconds.
const TIMEOUT_MS: u64 = 300_000;
/// Longest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 32 * 1024;
/// Longest name that an authenticator gives a credential, in bytes.
const CREDENTIAL_ID_BYTES_MAX: usize = 1_023;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const CAN_BE_BACKED_UP: u8 = 0x08;
const IS_BACKED_UP: u8 = 0x10;
const HAS_CREDENTIAL: u8 = 0x40;
const HAS_EXTENSIONS: u8 = 0x80;

/// Why an answer does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) &'static str);

/// This server as browsers know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RelyingParty {
    /// The domain that passkeys are bound to.
    pub(crate) domain: String,
    /// The origin of its pages, such as `https://preloop.example`.
    pub(crate) origin: String,
}

/// What is kept of a passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Registered {
    /// What its authenticator calls it, in base64url.
    pub(crate) id: String,
    /// What its signatures are checked with.
    pub(crate) public_key: PublicKey,
    /// How often it signed, where its authenticator counts.
    pub(crate) counter: u32,
}

#[derive(Deserialize)]
struct Answer<T> {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    response: T,
}

#[derive(Deserialize)]
struct Attestation {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    #[serde(rename = "attestationObject")]
    object: String,
}

#[derive(Deserialize)]
struct Assertion {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    #[serde(rename = "authenticatorData")]
    authenticator_data: String,
    signature: String,
    /// Whose passkey it is, where the authenticator keeps that.
    #[serde(rename = "userHandle", default)]
    user_handle: Option<String>,
}

#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
}

/// What an authenticator says of itself and of the credential.
struct AuthenticatorData<'a> {
    flags: u8,
    counter: u32,
    /// What stands behind the fixed part.
    rest: &'a [u8],
}

// === impl RelyingParty ===

impl RelyingParty {
    /// What a browser is asked to register a passkey, as JSON for `parseCreationOptionsFromJSON`.
    pub(crate) fn creation(
        &self,
        challenge: &str,
        (user_id, user_name): (&[u8], &str),
        known: &[Registered],
    ) -> Value {
        let algorithms: Vec<Value> = PublicKey::ALGORITHMS
            .iter()
            .map(|algorithm| json!({"type": "public-key", "alg": algorithm}))
            .collect();
        json!({"publicKey": {
            "rp": {"id": self.domain, "name": "Preloop"},
            "user": {"id": encoded(user_id), "name": user_name, "displayName": user_name},
            "challenge": challenge,
            "pubKeyCredParams": algorithms,
            "timeout": TIMEOUT_MS,
            "excludeCredentials": named(known),
            "authenticatorSelection": {"residentKey": "preferred", "userVerification": "required"},
            "attestation": "none",
        }})
    }

    /// What a browser is asked to show one of these passkeys, as JSON for `parseRequestOptionsFromJSON`.
    pub(crate) fn request(&self, challenge: &str, known: &[Registered]) -> Value {
        json!({"publicKey": {
            "rpId": self.domain,
            "challenge": challenge,
            "timeout": TIMEOUT_MS,
            "allowCredentials": named(known),
            "userVerification": "required",
        }})
    }

    /// The passkey of a browser's answer to [`Self::creation`].
    ///
    /// # Errors
    /// Where the answer is not to that challenge, or nobody was verified.
    pub(crate) fn register(&self, challenge: &str, answer: &str) -> Result<Registered, Refused> {
        let answer: Answer<Attestation> = read_answer(answer)?;
        self.client_data(&answer.response.client_data, "webauthn.create", challenge)?;
        let object = decoded(&answer.response.object)?;
        let (object, []) = Cbor::read(&object)? else {
            return Err(Refused("something stands behind the attestation"));
        };
        let data = object.named("authData").and_then(Cbor::as_bytes);
        let data = self.authenticator_data(data.ok_or(Refused("the attestation has no data"))?)?;
        if data.flags & HAS_CREDENTIAL == 0 {
            return Err(Refused("the authenticator made no credential"));
        }
        // Behind the make of the authenticator, which does not matter here.
        let rest = data.rest.get(16..).ok_or(Refused("the credential ends too early"))?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(Refused("it has no name"))?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (id, rest) = rest.split_at_checked(length).ok_or(Refused("its name ends too early"))?;
        if id.is_empty() || length > CREDENTIAL_ID_BYTES_MAX || encoded(id) != answer.id {
            return Err(Refused("the credential has another name than the answer"));
        }
        let (key, rest) = Cbor::read(rest)?;
        must_end(data.flags, rest)?;
        Ok(Registered {
            id: answer.id,
            public_key: PublicKey::of_cose(&key)?,
            counter: data.counter,
        })
    }

    /// Which of a user's passkeys a browser's answer to [`Self::request`] is of, with its new counter.
    ///
    /// # Errors
    /// Where the answer is not to that challenge or of none of them, nobody was verified, or the signature is wrong.
    pub(crate) fn verify(
        &self,
        challenge: &str,
        (user_id, known): (&[u8], &[Registered]),
        answer: &str,
    ) -> Result<Registered, Refused> {
        let answer: Answer<Assertion> = read_answer(answer)?;
        let found = known.iter().find(|passkey| passkey.id == answer.id);
        let passkey = found.ok_or(Refused("the passkey is not one of the user's"))?;
        if let Some(handle) = &answer.response.user_handle
            && decoded(handle)? != user_id
        {
            return Err(Refused("the passkey was made for another user"));
        }
        let client_data =
            self.client_data(&answer.response.client_data, "webauthn.get", challenge)?;
        let bytes = decoded(&answer.response.authenticator_data)?;
        let data = self.authenticator_data(&bytes)?;
        if data.flags & HAS_CREDENTIAL != 0 {
            return Err(Refused("the authenticator made a credential, which it was not asked for"));
        }
        must_end(data.flags, data.rest)?;
        let signed = [bytes.as_slice(), &Sha256::digest(&client_data)].concat();
        passkey.public_key.verify(&signed, &decoded(&answer.response.signature)?)?;
        // One that counts counts up: else there are two of it.
        if (data.counter != 0 || passkey.counter != 0) && data.counter <= passkey.counter {
            return Err(Refused("the passkey was copied: its counter does not go up"));
        }
        Ok(Registered { counter: data.counter, ..passkey.clone() })
    }

    /// The bytes of what the browser says that it was asked, which must be what it was asked.
    fn client_data(&self, text: &str, kind: &str, challenge: &str) -> Result<Vec<u8>, Refused> {
        let bytes = decoded(text)?;
        let data: ClientData = serde_json::from_slice(&bytes)
            .map_err(|_| Refused("it does not say what was asked"))?;
        if data.kind != kind {
            return Err(Refused("it answers another kind of question"));
        }
        if !bool::from(data.challenge.as_bytes().ct_eq(challenge.as_bytes())) {
            return Err(Refused("it answers another challenge"));
        }
        if data.origin != self.origin || data.cross_origin {
            return Err(Refused("it was asked by a page of another origin"));
        }
        Ok(bytes)
    }

    fn authenticator_data<'d>(&self, bytes: &'d [u8]) -> Result<AuthenticatorData<'d>, Refused> {
        let short = Refused("the authenticator's data end too early");
        let (domain, rest) = bytes.split_first_chunk::<32>().ok_or(short)?;
        let (flags, rest) = rest.split_first().ok_or(short)?;
        let (counter, rest) = rest.split_first_chunk::<4>().ok_or(short)?;
        if domain.as_slice() != Sha256::digest(self.domain.as_bytes()).as_slice() {
            return Err(Refused("the passkey is for another domain"));
        }
        if flags & USER_PRESENT == 0 || flags & USER_VERIFIED == 0 {
            return Err(Refused("the authenticator did not verify its user"));
        }
        if flags & IS_BACKED_UP != 0 && flags & CAN_BE_BACKED_UP == 0 {
            return Err(Refused("the authenticator contradicts itself about backups"));
        }
        Ok(AuthenticatorData { flags: *flags, counter: u32::from_be_bytes(*counter), rest })
    }
}

/// Behind the data nothing may stand but extensions, which are read and not used.
fn must_end(flags: u8, rest: &[u8]) -> Result<(), Refused> {
    let rest = if flags & HAS_EXTENSIONS == 0 { rest } else { Cbor::read(rest)?.1 };
    if rest.is_empty() { Ok(()) } else { Err(Refused("something stands behind the data")) }
}

fn read_answer<T: serde::de::DeserializeOwned>(answer: &str) -> Result<Answer<T>, Refused> {
    let fits = answer.len() <= ANSWER_BYTES_MAX;
    let read = fits.then(|| serde_json::from_str::<Answer<T>>(answer).ok()).flatten();
    read.filter(|answer| answer.kind == "public-key").ok_or(Refused("it cannot be read"))
}

fn named(known: &[Registered]) -> Vec<Value> {
    known.iter().map(|passkey| json!({"type": "public-key", "id": passkey.id})).collect()
}

/// Bytes as they go over the wire.
pub(crate) fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decoded(text: &str) -> Result<Vec<u8>, Refused> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Refused("a part of it is no base64url"))
}

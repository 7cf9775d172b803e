//! Public keys of passkeys, as COSE writes them, and the check of signatures by them.

use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};

use super::cbor::Cbor;
use super::{Refused, decoded, encoded};

const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

/// A public key; numbers as bytes in base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "algorithm", rename_all = "snake_case")]
pub(crate) enum PublicKey {
    /// ECDSA over P-256 with SHA-256.
    Es256 {
        /// The point, uncompressed.
        point: String,
    },
    /// Ed25519.
    Eddsa {
        /// The key.
        key: String,
    },
    /// RSA with SHA-256, as Windows Hello makes it.
    Rs256 {
        /// The modulus.
        modulus: String,
        /// The exponent.
        exponent: String,
    },
}

// === impl PublicKey ===

impl PublicKey {
    /// What browsers are asked for, the best first.
    pub(super) const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];

    /// Reads a COSE key of one of these algorithms.
    pub(super) fn of_cose(key: &Cbor) -> Result<Self, Refused> {
        let number = |at| key.at(at).and_then(Cbor::as_integer);
        let bytes = |at, length: std::ops::RangeInclusive<usize>| {
            let bytes = key.at(at).and_then(Cbor::as_bytes);
            bytes.filter(|it| length.contains(&it.len())).ok_or(Refused("the key is damaged"))
        };
        match (number(1), number(3), number(-1)) {
            (Some(2), Some(ES256), Some(1)) => {
                let point = [&[4], bytes(-2, 32..=32)?, bytes(-3, 32..=32)?].concat();
                Ok(Self::Es256 { point: encoded(&point) })
            }
            (Some(1), Some(EDDSA), Some(6)) => {
                Ok(Self::Eddsa { key: encoded(bytes(-2, 32..=32)?) })
            }
            (Some(3), Some(RS256), _) => Ok(Self::Rs256 {
                modulus: encoded(bytes(-1, 256..=1024)?),
                exponent: encoded(bytes(-2, 1..=8)?),
            }),
            _ => Err(Refused("the key is of a kind that was not asked for")),
        }
    }

    /// Fails where the signature of that text is not by this key.
    pub(super) fn verify(&self, text: &[u8], signature: &[u8]) -> Result<(), Refused> {
        let verified = match self {
            Self::Es256 { point } => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, decoded(point)?)
                    .verify(text, signature)
            }
            Self::Eddsa { key } => {
                UnparsedPublicKey::new(&ED25519, decoded(key)?).verify(text, signature)
            }
            Self::Rs256 { modulus, exponent } => {
                RsaPublicKeyComponents { n: decoded(modulus)?, e: decoded(exponent)? }.verify(
                    &RSA_PKCS1_2048_8192_SHA256,
                    text,
                    signature,
                )
            }
        };
        verified.map_err(|_| Refused("the signature is wrong"))
    }
}

//! What only the receiving browser can read: RFC 8291 over the content coding `aes128gcm` of RFC 8188.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hmac::{self, HMAC_SHA256};
use ring::rand::SystemRandom;

/// Bytes of a point of P-256, uncompressed.
pub(crate) const PUBLIC_KEY_BYTES: usize = 65;
/// Bytes of the secret that the browser shares with whoever may push to it.
pub(crate) const AUTH_BYTES: usize = 16;
const SALT_BYTES: usize = 16;
/// Size of a record; there is one.
const RECORD_SIZE: u32 = 4096;
/// Longest text: every push service takes a body of a record.
pub(super) const TEXT_BYTES_MAX: usize = 3_000;
/// Marks the last record.
const LAST_RECORD: u8 = 2;

/// The body for the browser with that key and secret; none where the key is no point of the curve.
pub(super) fn encrypt(browser_key: &[u8], auth: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let random = SystemRandom::new();
    let private = EphemeralPrivateKey::generate(&ECDH_P256, &random).ok()?;
    let own_key = private.compute_public_key().ok()?.as_ref().to_vec();
    let mut salt = [0_u8; SALT_BYTES];
    getrandom::fill(&mut salt).ok()?;
    let peer = UnparsedPublicKey::new(&ECDH_P256, browser_key);
    agree_ephemeral(private, &peer, |shared| {
        seal(&Sealing { shared, auth, browser_key, own_key: &own_key, salt }, text)
    })
    .ok()?
}

/// What both sides know.
struct Sealing<'a> {
    shared: &'a [u8],
    auth: &'a [u8],
    browser_key: &'a [u8],
    own_key: &'a [u8],
    salt: [u8; SALT_BYTES],
}

fn seal(known: &Sealing<'_>, text: &[u8]) -> Option<Vec<u8>> {
    let Sealing { shared, auth, browser_key, own_key, salt } = known;
    // HKDF whose outputs fit in one block is two HMACs.
    let key_material = expand(&extract(auth, shared), &[b"WebPush: info\0", browser_key, own_key]);
    let base = extract(salt, key_material.as_ref());
    let key = expand(&base, &[b"Content-Encoding: aes128gcm\0"]);
    let nonce = expand(&base, &[b"Content-Encoding: nonce\0"]);
    let key = UnboundKey::new(&AES_128_GCM, key.as_ref().get(..16)?).ok()?;
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_ref().get(..12)?).ok()?;
    let mut record = text.to_vec();
    record.push(LAST_RECORD);
    LessSafeKey::new(key).seal_in_place_append_tag(nonce, Aad::empty(), &mut record).ok()?;
    let mut body = salt.to_vec();
    body.extend_from_slice(&RECORD_SIZE.to_be_bytes());
    body.push(u8::try_from(own_key.len()).ok()?);
    body.extend_from_slice(own_key);
    body.extend_from_slice(&record);
    Some(body)
}

fn extract(salt: &[u8], material: &[u8]) -> hmac::Key {
    let tag = hmac::sign(&hmac::Key::new(HMAC_SHA256, salt), material);
    hmac::Key::new(HMAC_SHA256, tag.as_ref())
}

fn expand(key: &hmac::Key, info: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for part in info {
        context.update(part);
    }
    context.update(&[1]);
    context.sign()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// Appendix A of RFC 8291, byte for byte.
    #[test]
    fn the_example_of_the_standard_comes_out() {
        let known = Sealing {
            shared: &bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs"),
            auth: &bytes("BTBZMqHH6r4Tts7J_aSIgg"),
            browser_key: &bytes(
                "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            ),
            own_key: &bytes(
                "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
            ),
            salt: bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap(),
        };
        let body = seal(&known, b"When I grow up, I want to be a watermelon").unwrap();
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(URL_SAFE_NO_PAD.encode(body), expected);
    }

    #[test]
    fn what_is_no_key_encrypts_nothing() {
        assert!(encrypt(&[4; PUBLIC_KEY_BYTES], &[1; AUTH_BYTES], b"x").is_none());
        assert!(encrypt(&[], &[1; AUTH_BYTES], b"x").is_none());
    }
}

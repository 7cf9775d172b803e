//! An authenticator made of a key, and everything about its answers that can be wrong.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::*;

const CHALLENGE: &str = "Y2hhbGxlbmdl";
const USER: &[u8] = b"ann";

type Change = fn(&mut Making);

/// How an answer is put together.
#[derive(Clone)]
struct Making {
    kind: &'static str,
    challenge: &'static str,
    origin: &'static str,
    cross_origin: bool,
    domain: &'static str,
    flags: u8,
    counter: u32,
    behind: Vec<u8>,
}

fn making(kind: &'static str, flags: u8) -> Making {
    Making {
        kind,
        challenge: CHALLENGE,
        origin: "https://preloop.example",
        cross_origin: false,
        domain: "preloop.example",
        flags,
        counter: 0,
        behind: Vec::new(),
    }
}

fn party() -> RelyingParty {
    RelyingParty {
        domain: "preloop.example".to_owned(),
        origin: "https://preloop.example".to_owned(),
    }
}

enum Signer {
    Ecdsa(EcdsaKeyPair),
    Eddsa(Ed25519KeyPair),
}

impl Signer {
    fn ecdsa() -> Self {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, made.as_ref(), &random);
        Self::Ecdsa(pair.unwrap())
    }

    fn eddsa() -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Eddsa(Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap())
    }

    fn cose(&self) -> Vec<u8> {
        match self {
            Self::Ecdsa(pair) => {
                let point = pair.public_key().as_ref();
                let mut key = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
                key.extend(&point[1..33]);
                key.extend([0x22, 0x58, 0x20]);
                key.extend(&point[33..]);
                key
            }
            Self::Eddsa(pair) => {
                let mut key = vec![0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20];
                key.extend(pair.public_key().as_ref());
                key
            }
        }
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Ecdsa(pair) => pair.sign(&SystemRandom::new(), text).unwrap().as_ref().to_vec(),
            Self::Eddsa(pair) => pair.sign(text).as_ref().to_vec(),
        }
    }
}

impl Making {
    fn client_data(&self) -> Vec<u8> {
        json!({
            "type": self.kind,
            "challenge": self.challenge,
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        })
        .to_string()
        .into_bytes()
    }

    fn data(&self, credential: &[u8]) -> Vec<u8> {
        let mut data = Sha256::digest(self.domain.as_bytes()).to_vec();
        data.push(self.flags);
        data.extend(self.counter.to_be_bytes());
        data.extend(credential);
        data.extend(&self.behind);
        data
    }

    fn registration(&self, signer: &Signer) -> String {
        let mut credential = vec![0; 16];
        credential.extend([0, 2]);
        credential.extend(b"id");
        credential.extend(signer.cose());
        let data = self.data(&credential);
        let mut object = vec![0xa3, 0x63];
        object.extend(b"fmt");
        object.extend([0x64]);
        object.extend(b"none");
        object.extend([0x67]);
        object.extend(b"attStmt");
        object.extend([0xa0, 0x68]);
        object.extend(b"authData");
        object.extend([0x59]);
        object.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend(data);
        let response = json!({
            "clientDataJSON": encoded(&self.client_data()),
            "attestationObject": encoded(&object),
        });
        json!({"id": encoded(b"id"), "type": "public-key", "response": response}).to_string()
    }

    fn assertion(&self, signer: &Signer) -> Value {
        let (client_data, data) = (self.client_data(), self.data(&[]));
        let text = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        let response = json!({
            "clientDataJSON": encoded(&client_data),
            "authenticatorData": encoded(&data),
            "signature": encoded(&signer.sign(&text)),
        });
        json!({"id": encoded(b"id"), "type": "public-key", "response": response})
    }
}

fn registered(signer: &Signer) -> Registered {
    party().register(CHALLENGE, &making("webauthn.create", 0x45).registration(signer)).unwrap()
}

#[test]
fn what_was_asked_is_taken_and_counted() {
    for signer in [Signer::ecdsa(), Signer::eddsa()] {
        let passkey = registered(&signer);
        assert_eq!((passkey.id.as_str(), passkey.counter), ("aWQ", 0));
        let stored = serde_json::to_string(&passkey).unwrap();
        let passkey: Registered = serde_json::from_str(&stored).unwrap();
        let mut answer = making("webauthn.get", 0x05);
        answer.counter = 7;
        let answer = answer.assertion(&signer).to_string();
        let used = party().verify(CHALLENGE, (USER, &[passkey]), &answer).unwrap();
        assert_eq!(used.counter, 7);
        let again = party().verify(CHALLENGE, (USER, &[used]), &answer);
        assert_eq!(again, Err(Refused("the passkey was copied: its counter does not go up")));
    }
}

#[test]
fn whatever_else_is_answered_is_refused() {
    let signer = Signer::ecdsa();
    let passkey = registered(&signer);
    let changes: [(&str, Change); 10] = [
        ("another kind", |it| it.kind = "webauthn.other"),
        ("another challenge", |it| it.challenge = "b3RoZXI"),
        ("another origin", |it| it.origin = "https://evil.example"),
        ("another origin", |it| it.origin = "https://preloop.example:444"),
        ("another origin", |it| it.cross_origin = true),
        ("another domain", |it| it.domain = "evil.example"),
        ("did not verify", |it| it.flags &= !USER_VERIFIED),
        ("did not verify", |it| it.flags &= !USER_PRESENT),
        ("about backups", |it| it.flags |= IS_BACKED_UP),
        ("stands behind", |it| it.behind = vec![0]),
    ];
    for (told, change) in changes {
        let mut create = making("webauthn.create", 0x45);
        change(&mut create);
        let refused = party().register(CHALLENGE, &create.registration(&signer)).unwrap_err();
        assert!(refused.0.contains(told), "{told}: {refused}");
        let mut get = making("webauthn.get", 0x05);
        change(&mut get);
        let answer = get.assertion(&signer).to_string();
        let refused =
            party().verify(CHALLENGE, (USER, std::slice::from_ref(&passkey)), &answer).unwrap_err();
        assert!(refused.0.contains(told), "{told}: {refused}");
    }
    let good = making("webauthn.get", 0x05);
    let wrong = |answer: Value| {
        party()
            .verify(CHALLENGE, (USER, std::slice::from_ref(&passkey)), &answer.to_string())
            .unwrap_err()
            .0
    };
    assert!(wrong(good.assertion(&Signer::ecdsa())).contains("signature"));
    let mut other = good.assertion(&signer);
    other["id"] = json!("b3RoZXI");
    assert!(wrong(other).contains("not one of the user's"));
    let mut anothers = good.assertion(&signer);
    anothers["response"]["userHandle"] = json!(encoded(b"bob"));
    assert!(wrong(anothers).contains("another user"));
    let mut own = good.assertion(&signer);
    own["response"]["userHandle"] = json!(encoded(USER));
    let known = (USER, std::slice::from_ref(&passkey));
    assert!(party().verify(CHALLENGE, known, &own.to_string()).is_ok());
    let mut padded = good.assertion(&signer);
    padded["response"]["signature"] = json!("AA==");
    assert!(wrong(padded).contains("base64url"));
    assert!(wrong(json!({})).contains("cannot be read"));
}

#[test]
fn a_key_answers_for_its_own_algorithm_alone() {
    let of_cose = |bytes: &[u8]| PublicKey::of_cose(&Cbor::read(bytes).unwrap().0);
    let (point, edwards) = (Signer::ecdsa().cose(), Signer::eddsa().cose());
    assert!(of_cose(&point).is_ok() && of_cose(&edwards).is_ok());
    // Behind the head of the map: the kind of key, the algorithm, the curve.
    for (cose, kinds) in [(&point, [1, 3]), (&edwards, [2, 3])] {
        for kind in kinds {
            let mut other = cose.clone();
            other[2] = kind;
            assert!(of_cose(&other).is_err(), "kind {kind}");
        }
        for algorithm in [0x25, 0x28, 0x01] {
            let mut other = cose.clone();
            other[4] = algorithm;
            assert!(of_cose(&other).is_err(), "algorithm {algorithm:x}");
        }
        let mut other = cose.clone();
        other[6] = 0x03;
        assert!(of_cose(&other).is_err(), "curve");
    }
    let mut swapped = point;
    swapped[4] = 0x27;
    assert!(of_cose(&swapped).is_err(), "EdDSA by a key of ECDSA");
}

#[test]
fn no_bit_of_an_answer_can_be_turned() {
    let signer = Signer::ecdsa();
    let passkey = registered(&signer);
    let answer = making("webauthn.get", 0x05).assertion(&signer);
    for part in ["clientDataJSON", "authenticatorData", "signature"] {
        let bytes = decoded(answer["response"][part].as_str().unwrap()).unwrap();
        for index in 0..bytes.len() {
            let mut turned = bytes.clone();
            turned[index] ^= 1;
            let mut answer = answer.clone();
            answer["response"][part] = json!(encoded(&turned));
            let verified = party().verify(
                CHALLENGE,
                (USER, std::slice::from_ref(&passkey)),
                &answer.to_string(),
            );
            assert!(verified.is_err(), "{part} {index}");
        }
    }
}

#[test]
fn cut_or_made_up_data_never_panic() {
    let signer = Signer::ecdsa();
    let answer: Value =
        serde_json::from_str(&making("webauthn.create", 0x45).registration(&signer)).unwrap();
    let object = decoded(answer["response"]["attestationObject"].as_str().unwrap()).unwrap();
    for length in 0..object.len() {
        let mut cut = answer.clone();
        cut["response"]["attestationObject"] = json!(encoded(&object[..length]));
        assert!(party().register(CHALLENGE, &cut.to_string()).is_err(), "{length}");
    }
    for bytes in [
        &[0xff][..],
        &[0x9f, 0xff],
        &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0xa2, 0x01, 0x01, 0x01, 0x01],
        &[0x81; 64],
        &[0xc0, 0x00],
        &[0xfb, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x61, 0xff],
    ] {
        assert!(Cbor::read(bytes).is_err(), "{bytes:x?}");
    }
    // Fields of a map are compared with each other, so there may not be many.
    let mut map = vec![0xb8, 65];
    map.extend((0..65).flat_map(|number| [0x18, number + 24, 0]));
    assert_eq!(Cbor::read(&map), Err(Refused("a map has too many fields")));
}

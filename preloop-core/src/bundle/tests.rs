//! Every way in which a bundle can be wrong is refused, and each is told apart from the others.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::CompiledPolicy;

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

fn document(name: &str) -> PolicyDocument {
    let text = format!(
        "version: '1.0'\nmetadata: {{name: {name}}}\nmcp_servers: [{{name: s, url: 'https://s.example.com', auth_type: bearer, \
         auth_config: {{token: hunter2}}}}]\ntools: [{{name: pay, conditions: [{{expression: args.amount > 1.50, action: deny, \
         examples: {{match: [{{amount: 2, é: [null, 1e3]}}]}}}}]}}]\n"
    );
    crate::parse(&text).unwrap()
}

fn bundle(version: u64) -> Bundle {
    let team = BundleScope { kind: Level::Team, name: "payments".to_owned() };
    let contents = Contents {
        version,
        created_at: "2026-01-31T12:00:00.5Z".parse().unwrap(),
        account: "main".to_owned(),
        policies: vec![(BundleScope::account(), document("a")), (team, document("b"))],
    };
    Bundle::new(contents).unwrap()
}

fn code(text: &str, key: &SecretKey, held: Option<&HeldBundle>) -> &'static str {
    match Bundle::read(text).and_then(|bundle| bundle.verify(&key.public(), held)) {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}

#[test]
fn a_signed_bundle_is_accepted_and_its_policies_answer() {
    let text = bundle(3).signed(&key(1)).to_text();
    assert!(!text.contains("hunter2"), "secrets do not travel: {text}");
    let accepted = Bundle::read(&text).unwrap().verify(&key(1).public(), None).unwrap();
    assert_eq!((accepted.held.version, &*accepted.account, accepted.is_held), (3, "main", false));
    assert_eq!(accepted.created_at.to_string(), "2026-01-31T12:00:00.5Z");
    let scopes: Vec<String> =
        accepted.policies.iter().map(|(scope, _)| scope.to_string()).collect();
    assert_eq!(scopes, ["account", "team `payments`"]);
    for (_, policy) in accepted.policies {
        let policy = CompiledPolicy::compile(policy);
        let args = json!({"amount": 2});
        let decision = policy.evaluate(&crate::Call::new("pay", &args));
        assert_eq!(decision.action, crate::Action::Deny);
    }
}

#[test]
fn a_bundle_for_another_account_is_told_apart() {
    let good = bundle(3).signed(&key(1));
    let told = |bundle: &Bundle, accounts: &[&str], version| {
        let held = HeldBundle { version, digest: String::new() };
        match bundle.verify_for(accounts, &key(1).public(), Some(&held)) {
            Ok(verified) => verified.account,
            Err(error) => error.code().to_owned(),
        }
    };
    assert_eq!(told(&good, &["main"], 2), "main");
    assert_eq!(told(&good, &["other", "main"], 2), "main");
    assert_eq!(told(&good, &["staging"], 2), "wrong_account");
    assert_eq!(told(&good, &["staging"], 4), "wrong_account", "before the version");
    assert_eq!(told(&good, &[], 2), "wrong_account");
    assert_eq!(told(&bundle(3), &["staging"], 2), "unsigned", "after the signature");
}

#[test]
fn each_fault_has_a_name_of_its_own() {
    let good = bundle(3).signed(&key(1));
    let text = good.to_text();
    let held = |version, digest: &str| HeldBundle { version, digest: digest.to_owned() };
    let same = held(3, good.digest());
    assert_eq!(code(&text, &key(1), None), "accepted");
    assert_eq!(code(&text, &key(1), Some(&same)), "accepted", "the very one");
    assert_eq!(code(&text, &key(1), Some(&held(2, "sha256:x"))), "accepted");
    assert_eq!(code(&text, &key(1), Some(&held(3, "sha256:x"))), "same_version");
    assert_eq!(code(&text, &key(1), Some(&held(4, good.digest()))), "older");
    assert_eq!(code(&text, &key(2), None), "wrong_key");
    assert_eq!(code(&bundle(3).to_text(), &key(1), None), "unsigned");
    for (from, to) in [
        ("\"version\": 3", "\"version\": 4"),
        ("\"account\": \"main\"", "\"account\": \"mine\""),
        ("\"deny\"", "\"allow\""),
        ("\"payments\"", "\"payment\""),
        ("sha256:", "sha256:0"),
        ("12:00:00.5Z", "12:00:00.6Z"),
        ("\"ed25519\"", "\"none\""),
    ] {
        let altered = text.replacen(from, to, 1);
        assert_ne!(altered, text, "{from}");
        assert_eq!(code(&altered, &key(1), None), "altered", "{from}");
        // Whoever signs it anew with another key is told apart.
        if let Ok(bundle) = Bundle::read(&altered) {
            let signed = bundle.signed(&key(2)).to_text();
            assert_eq!(code(&signed, &key(1), None), "wrong_key", "{from}");
            let posed = signed.replace(&key(2).public().id(), &key(1).public().id());
            assert_eq!(code(&posed, &key(1), None), "altered", "{from}");
        }
    }
    for malformed in [
        "",
        "{}",
        "[]",
        "null",
        &text.replacen("preloop-bundle/1", "preloop-bundle/2", 1),
        &text.replacen("\"account\": \"main\"", "\"account\": \"main\", \"extra\": 1", 1),
        &text.replacen("\"version\": 3", "\"version\": 3, \"version\": 3", 1),
        &text.replacen("\"version\": 3", "\"version\": -3", 1),
        &text.replacen("\"version\": 3", "\"version\": \"3\"", 1),
        &text.replacen("\"payments\"", "\"\"", 1),
        text.get(..text.len() / 2).unwrap(),
    ] {
        assert_eq!(code(malformed, &key(1), None), "malformed", "{malformed}");
    }
}

#[test]
fn a_policy_that_does_not_load_is_told_after_the_signature() {
    let mut bundle = bundle(3);
    bundle.written.policies[1].document["tools"] = json!([{"nam": "x"}]);
    bundle.written.digest = bundle.written.digest();
    let text = bundle.signed(&key(1)).to_text();
    let error = Bundle::read(&text).unwrap().verify(&key(1).public(), None).unwrap_err();
    assert_eq!(error.code(), "invalid_policy");
    let words = error.to_string();
    assert!(
        words.starts_with("the policy of the team `payments` in the bundle does not load: "),
        "{words}"
    );
}

#[test]
fn what_is_made_can_be_read() {
    let contents = |policies| Contents {
        version: 1,
        created_at: Timestamp::UNIX_EPOCH,
        account: String::new(),
        policies,
    };
    assert!(Bundle::new(contents(Vec::new())).is_err());
    let twice =
        vec![(BundleScope::account(), document("a")), (BundleScope::account(), document("b"))];
    assert!(Bundle::new(contents(twice)).is_err());
}

#[test]
fn keys_are_text_of_one_line() {
    let secret = key(7);
    let read = SecretKey::parse(&format!("  {}\n", secret.to_text())).unwrap();
    assert_eq!(read.public(), secret.public());
    assert_eq!(PublicKey::parse(&secret.public().to_text()), Ok(secret.public()));
    assert_eq!(secret.public().id().len(), 16);
    let (_, bytes) =
        secret.to_text().split_once(':').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert!(!format!("{secret:?}").contains(&bytes));
    assert_eq!(PublicKey::parse(&secret.to_text()), Err(KeyError::OtherHalf("secret")));
    assert!(matches!(
        SecretKey::parse(&secret.public().to_text()),
        Err(KeyError::OtherHalf("public"))
    ));
    // The neutral element: by it any signature is good.
    let weak = format!("preloop-ed25519-public:{}", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    assert!(matches!(PublicKey::parse(&weak), Err(KeyError::Bytes(_))));
    for wrong in [
        "",
        "x",
        "preloop-ed25519-public:",
        "preloop-ed25519-public:AAAA",
        "preloop-ed25519-public:%",
    ] {
        assert!(PublicKey::parse(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    /// Whatever single character is changed, the bundle is refused, or it says the very same.
    #[test]
    fn no_change_of_a_character_goes_unseen(at in any::<prop::sample::Index>(), with in "[ -~]") {
        let good = bundle(3).signed(&key(1));
        let text = good.to_text();
        let at = at.index(text.len());
        let (Some(before), Some(behind)) = (text.get(..at), text.get(at + 1..)) else { return Ok(()) };
        let altered = format!("{before}{with}{behind}");
        if let Ok(bundle) = Bundle::read(&altered) {
            let verified = bundle.verify(&key(1).public(), None);
            prop_assert!(verified.is_err() || bundle == good, "{altered}");
        }
    }
}

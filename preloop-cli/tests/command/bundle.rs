//! `preloop policy bundle`, `keygen`, `sign` and `verify-bundle`.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::Place;

const POLICY: &str =
    "version: '1.0'\nmetadata: {name: shop}\ntools: [{name: pay, conditions: [{action: deny}]}]\n";

fn verified(place: &Place, arguments: &[&str]) -> (i32, Value) {
    let ran = place.run(&[&["policy", "verify-bundle", "--format", "json"], arguments].concat());
    assert_eq!(ran.stderr, "");
    let result = ran.json();
    assert_eq!(result["ok"], ran.code == 0, "{result}");
    (ran.code, result)
}

#[test]
fn a_bundle_is_made_signed_and_verified() {
    let place = Place::new();
    let policy = place.write("shop.yaml", POLICY);
    let team = place.write("team.yaml", POLICY.replace("shop", "payments"));
    let bundle = place.path("shop.bundle").display().to_string();
    let name = place.path("release").display().to_string();
    let keys = place.run(&["policy", "keygen", &name, "--format", "json"]);
    assert_eq!((keys.code, &*keys.stderr), (0, ""));
    let (secret, public) = (format!("{name}.key"), format!("{name}.pub"));
    let permissions = std::fs::metadata(&secret).expect("a key").permissions().mode() & 0o777;
    assert_eq!(permissions, 0o600);
    let text = std::fs::read_to_string(&secret).expect("a key");
    assert!(!keys.stdout.contains(text.trim()), "the secret key is shown nowhere");
    let again = place.run(&["policy", "keygen", &name]);
    assert_eq!(again.code, 1, "a key is never written over");
    assert_eq!(std::fs::read_to_string(&secret).expect("a key"), text);

    let scope = format!("team:payments={team}");
    let made = place
        .run(&["policy", "bundle", &policy, "--scope", &scope, "--number", "7", "-o", &bundle]);
    assert_eq!((made.code, &*made.stderr), (0, ""), "{}", made.stdout);
    let (code, unsigned) = verified(&place, &[&bundle, "--key", &public]);
    assert_eq!((code, &unsigned["error"]["code"]), (6, &"unsigned".into()));
    let signed = place.run(&["policy", "sign", &bundle, "--key", &secret]);
    assert_eq!((signed.code, &*signed.stderr), (0, ""));
    let (code, good) = verified(&place, &[&bundle, "--key", &public]);
    assert_eq!((code, &good["version"]), (0, &7.into()));
    assert_eq!(good["policies"][1]["scope"]["name"], "payments");
    assert_eq!(good["key_id"], keys.json()["key_id"]);
    // The text of the key does as well.
    let key = keys.json()["public_key"].as_str().expect("text").to_owned();
    assert_eq!(verified(&place, &[&bundle, "--key", &key, "--newer-than", "6"]).0, 0);

    assert_eq!(good["account"], "main", "as the account of a server is named");
    let (code, other) = verified(&place, &[&bundle, "--key", &public, "--account", "staging"]);
    assert_eq!((code, &other["error"]["code"]), (6, &"wrong_account".into()));

    let (code, older) = verified(&place, &[&bundle, "--key", &public, "--newer-than", "8"]);
    assert_eq!((code, &older["error"]["code"]), (6, &"older".into()));
    let (code, same) = verified(&place, &[&bundle, "--key", &public, "--newer-than", "7"]);
    assert_eq!((code, &same["error"]["code"]), (6, &"same_version".into()));
    let text = std::fs::read_to_string(&bundle).expect("a bundle");
    let altered = place.write("altered", text.replace("\"deny\"", "\"allow\""));
    let (code, told) = verified(&place, &[&altered, "--key", &public]);
    assert_eq!((code, &told["error"]["code"]), (6, &"altered".into()));
    let human = place.run(&["policy", "verify-bundle", &altered, "--key", &public]);
    assert!(human.stdout.contains("altered: the bundle was altered"), "{}", human.stdout);
    let malformed = place.write("malformed", "{}");
    let (code, told) = verified(&place, &[&malformed, "--key", &public]);
    assert_eq!((code, &told["error"]["code"]), (6, &"malformed".into()));
    let other = place.path("other").display().to_string();
    assert_eq!(place.run(&["policy", "keygen", &other]).code, 0);
    let (code, told) = verified(&place, &[&bundle, "--key", &format!("{other}.pub")]);
    assert_eq!((code, &told["error"]["code"]), (6, &"wrong_key".into()));
    assert_eq!(
        place.run(&["policy", "sign", &altered, "--key", &secret]).code,
        1,
        "its digest is another's"
    );
}

#[test]
fn what_cannot_be_bundled_is_refused() {
    let place = Place::new();
    let policy = place.write("shop.yaml", POLICY);
    let broken = place.write("broken.yaml", "version: '1.0'\n");
    assert_eq!(place.run(&["policy", "bundle", &broken]).code, 3);
    for scope in ["team", "team:x", "team:=a", "account:x=a", "team:x="] {
        assert_eq!(place.run(&["policy", "bundle", &policy, "--scope", scope]).code, 2, "{scope}");
    }
    let twice = format!("team:a={policy}");
    let ran = place.run(&["policy", "bundle", &policy, "--scope", &twice, "--scope", &twice]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("two policies of one scope"), "{}", ran.stderr);
    let ran = place.run(&["policy", "bundle", &policy, "--key", &policy]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("keygen"), "{}", ran.stderr);
    // Without a file it goes to standard output, and its secrets do not go with it.
    let secret = "mcp_servers: [{name: s, url: 'https://s.example.com', auth_type: bearer, auth_config: {token: hunter2}}]\n";
    let policy = place.write("secret.yaml", format!("{POLICY}{secret}"));
    let ran = place.run(&["policy", "bundle", &policy]);
    assert_eq!(ran.code, 0);
    assert!(
        !ran.stdout.contains("hunter2") && ran.stderr.contains("secrets written out"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.json()["format"], "preloop-bundle/1");
}

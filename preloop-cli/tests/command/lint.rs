//! `preloop policy lint`.

use crate::support::{Place, preloop};

const LEAKY: &str = "\
version: \"1.0\"
metadata: {name: leaky}
tools:
  - name: bash
    conditions:
      - expression: args.command.contains('rm')
        action: deny
";

#[test]
fn findings_are_said_with_their_place_and_what_to_write() {
    let place = Place::new();
    let file = place.write("policy.yaml", LEAKY);
    let ran = place.run(&["policy", "lint", &file]);
    assert_eq!((ran.code, ran.stdout), (6, format!("{file}: 1 finding\n")));
    assert!(
        ran.stderr
            .contains(&format!("{file}:6:21: warning: `rm` in `args.command` is one spelling")),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("help: end the tool's rules"), "{}", ran.stderr);
    let json = place.run(&["policy", "lint", &file, "--format", "json"]);
    assert_eq!((json.code, &*json.stderr), (6, ""));
    assert_eq!(json.json()["files"][0]["warnings"][0]["code"], "evadable_text");
    let safe = place.write("safe.yaml", format!("{LEAKY}      - action: require_approval\n"));
    let ran = place.run(&["policy", "lint", &safe]);
    assert_eq!((ran.code, ran.stdout), (0, format!("{safe}: nothing found\n")));
    let broken = place.write("broken.yaml", "version: \"1.0\"\n");
    assert_eq!(place.run(&["policy", "lint", &file, &broken]).code, 3);
}

#[test]
fn the_examples_say_what_they_mean() {
    for example in ["quickstart", "github-and-payments"] {
        let ran = preloop(&["policy", "lint", &format!("examples/{example}.yaml")]);
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{example}");
    }
    // It lets an agent work freely, knows the usual dangers by their text, and says so.
    let ran = preloop(&["policy", "lint", "examples/coding-agent.yaml", "--format", "json"]);
    let found = &ran.json()["files"][0]["warnings"];
    assert_eq!((ran.code, found.as_array().map(Vec::len)), (6, Some(1)), "{found}");
    assert_eq!(found[0]["code"], "evadable_text");
}

//! `preloop policy test --coverage` and `--mutate`.

use std::fs;

use serde_json::Value;

use crate::support::{Place, Ran, root};

const POLICY: &str = "\
version: \"1.0\"
metadata: {name: shop}
tools:
  - name: refund
    conditions:
      - name: big
        expression: args.amount > 50 || args.urgent
        action: deny
      - name: rest
        action: allow
defaults:
  unknown_tools: deny
";

/// Every rule, every branch and the unknown tool.
const ALL: &str = "\
tests:
  - name: refunds
    tool: refund
    cases:
      - {args: {amount: 50, urgent: false}, expect: allow}
      - {args: {amount: 51, urgent: false}, expect: deny}
      - {args: {amount: 1, urgent: true}, expect: deny}
  - {name: unknown, tool: other, expect: {action: deny, reason: unknown_tool}}
";

const SOME: &str = "\
tests:
  - {name: big, tool: refund, args: {amount: 51}, expect: deny}
";

fn shop(tests: &str) -> Place {
    let place = Place::new();
    place.write("shop.yaml", POLICY);
    place.write("shop_test.yaml", tests);
    place
}

fn test(place: &Place, arguments: &[&str]) -> Ran {
    place.run_inside(&[&["policy", "test"], arguments].concat())
}

#[test]
fn coverage_is_a_table_and_what_is_missing() {
    let ran = test(&shop(SOME), &["--coverage"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(
        ran.stdout,
        "\
shop_test.yaml: 1 passed

shop.yaml: 25 % is exercised (2 of 8)
  TOOL                       CALLS  RULES  BRANCHES  OUTCOMES  COVERED
  refund                     1      1/2    2/6       -         28.5 %
  (no entry names the tool)  0      -      -         0/1       0 %
  not exercised:
    shop.yaml:7:21  refund, big: `args.amount > 50 || args.urgent` is never false
    shop.yaml:7:21  refund, big: `args.amount > 50` is never false
    shop.yaml:7:41  refund, big: `args.urgent` is never looked at
    shop.yaml:9:9  refund, rest: no call comes to this rule
    shop.yaml:12:18  defaults: no call of a tool that no entry names (deny)
"
    );
    let ran = test(&shop(ALL), &["--coverage", "--threshold", "100"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("shop.yaml: 100 % is exercised (8 of 8)"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("not exercised"), "{}", ran.stdout);
}

#[test]
fn a_threshold_is_held_and_told() {
    let ran = test(&shop(SOME), &["--coverage", "--threshold", "25.1"]);
    assert_eq!(ran.code, 6);
    assert!(ran.stdout.contains("  at least 25.1 % is asked for\n"), "{}", ran.stdout);
    assert_eq!(test(&shop(SOME), &["--coverage", "--threshold", "25%"]).code, 0);
    for wrong in [["--coverage", "--threshold", "101"], ["--mutate", "--threshold", "1"]] {
        assert_eq!(test(&shop(SOME), &wrong).code, 2, "{wrong:?}");
    }
}

#[test]
fn scripts_get_every_count() {
    let ran = test(&shop(SOME), &["--coverage", "--mutate", "--format", "json"]);
    let json = ran.json();
    let policy = &json["coverage"]["policies"][0];
    assert_eq!(policy["file"], "shop.yaml");
    assert_eq!(policy["tally"]["total"], serde_json::json!({"seen": 2, "all": 8}));
    let rule = &policy["tools"][0]["rules"][0];
    assert_eq!((&rule["name"], &rule["matched"]), (&Value::from("big"), &Value::from(1)));
    assert_eq!(rule["parts"][2]["expression"], "args.urgent");
    assert_eq!(rule["parts"][2]["place"]["line"], 7);
    let mutation = &json["mutation"]["policies"][0];
    let survivors = mutation["survivors"].as_array().expect("survivors");
    let survived = u64::try_from(survivors.len()).expect("a count");
    let killed = mutation["killed"].as_u64().expect("a count");
    assert_eq!(mutation["mutants"].as_u64(), Some(killed + survived));
    let by_kind = mutation["kinds"].as_object().expect("kinds").values();
    assert_eq!(by_kind.filter_map(|kind| kind["all"].as_u64()).sum::<u64>(), killed + survived);
    let bound = survivors.iter().find(|survivor| survivor["kind"] == "operator").expect("one");
    assert_eq!(bound["file"], "shop.yaml");
    assert_eq!(bound["before"][0], "        expression: args.amount > 50 || args.urgent");
    assert_eq!(bound["after"][0], "        expression: args.amount >= 50 || args.urgent");
}

#[test]
fn changes_that_nobody_notices_are_shown_as_edits() {
    let ran = test(&shop(ALL), &["--mutate", "--mutate-threshold", "100"]);
    // Both sides of the edge are tried.
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("100 % of the changes are noticed"), "{}", ran.stdout);

    let tests = ALL.replace("amount: 50,", "amount: 7,");
    let ran = test(&shop(&tests), &["--mutate", "--mutate-threshold", "100"]);
    assert_eq!(ran.code, 6);
    let shown = "\
  nobody would have caught:

  shop.yaml:7:33  refund, big
    `>` becomes `>=` (3 cases come here)
    -         expression: args.amount > 50 || args.urgent
    +         expression: args.amount >= 50 || args.urgent
";
    assert!(ran.stdout.ends_with(shown), "{}", ran.stdout);
}

#[test]
fn the_examples_are_exercised_and_every_change_of_them_is_noticed() {
    let ran = Place::new()
        .command(&["policy", "test", "examples", "--coverage", "--threshold", "100"])
        .args(["--mutate", "--mutate-threshold", "100"])
        .current_dir(root())
        .output()
        .expect("preloop runs");
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stdout));
}

#[test]
fn nothing_is_changed_before_every_case_passes() {
    let ran = test(
        &shop("tests: [{name: x, tool: refund, args: {amount: 51}, expect: allow}]"),
        &["--mutate"],
    );
    assert_eq!(ran.code, 6);
    assert!(ran.stderr.contains("first every case has to pass"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("noticed"), "{}", ran.stdout);
}

#[test]
fn places_of_a_folder_name_its_files() {
    let place = Place::new();
    fs::create_dir(place.path("shop")).expect("a folder");
    place.write("shop/a.yaml", "version: \"1.0\"\nmetadata: {name: shop}\n");
    place.write(
        "shop/b.yaml",
        "\ntools:\n  - {name: pay, conditions: [{expression: args.n > 5, action: deny}]}\n",
    );
    place.write(
        "shop_test.yaml",
        "policy: shop\ntests: [{name: x, tool: pay, args: {n: 9}, expect: deny}]\n",
    );
    let ran = test(&place, &["--coverage", "--mutate", "--html", "out"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for told in [
        "shop/b.yaml:3:43  pay, tools[0].conditions[0]: matches every call",
        "shop/b.yaml:3:50  pay,",
    ] {
        assert!(ran.stdout.contains(told), "`{told}` is not in\n{}", ran.stdout);
    }
    let page = fs::read_to_string(place.path("out/index.html")).expect("a page");
    let line = page.find("L3\"").expect("the line's id");
    assert!(page.get(line..).expect("the rest").contains("args.n &gt; 5"), "{page}");
    assert!(
        page.contains("<h3>shop/a.yaml</h3>") && page.contains("<h3>shop/b.yaml</h3>"),
        "{page}"
    );
}

#[test]
fn nothing_of_a_policy_is_markup_in_the_page() {
    let place = Place::new();
    let policy = "\
version: \"1.0\"
metadata: {name: \"</title><script>alert(1)</script>\"}
tools:
  - name: pay
    conditions:
      - name: \"\\\" onmouseover=\\\"alert(2)\"
        expression: args.a == '<img src=x onerror=alert(3)>' && args.b == \"&\" # <!-- \u{202e}
        action: deny
";
    place.write("p.yaml", policy);
    place
        .write("p_test.yaml", "tests: [{name: x, tool: pay, args: {a: 1, b: 2}, expect: allow}]\n");
    let ran = test(&place, &["--coverage", "--html", "page.html"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "the page is in `page.html`\n"));
    let page = fs::read_to_string(place.path("page.html")).expect("a page");
    let lower = page.to_lowercase();
    for forbidden in [
        "<script",
        "<img",
        "<!--",
        "\" onmouseover",
        "http:",
        "https:",
        "url(",
        "@import",
        "\u{202e}",
    ] {
        assert!(!lower.contains(forbidden), "`{forbidden}` is in the page");
    }
    assert!(page.contains("default-src 'none'"), "nothing may be loaded");
    assert!(page.contains("&lt;img src=x onerror=alert(3)&gt;"), "{page}");
    assert!(page.contains("\\u{202e}"), "{page}");
    tags_are_balanced(&page);
}

/// Every tag that is opened is closed, in order.
#[track_caller]
fn tags_are_balanced(page: &str) {
    let mut open = Vec::new();
    let body = page.split_once("<body>").expect("a body").1;
    for tag in body.split('<').skip(1) {
        let tag = tag.split_once('>').expect("the end of a tag").0;
        let name: String =
            tag.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
        match name.strip_prefix('/') {
            Some("body" | "html") => {}
            Some(name) => assert_eq!(open.pop().as_deref(), Some(name), "</{name}>"),
            None => open.push(name),
        }
    }
    assert_eq!(open, [""; 0]);
}

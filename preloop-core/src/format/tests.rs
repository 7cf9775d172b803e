//! The style, case by case.

use super::{SCHEMA_ADDRESS, format};
use crate::parse;

const HEAD: &str = "version: \"1.0\"\nmetadata: {name: p}\n";

/// The formatted text without the line for editors; what is formatted stays as it is.
fn formatted(text: &str) -> String {
    let once = format(text).unwrap_or_else(|report| panic!("{report:?}\n{text}"));
    assert_eq!(format(&once).unwrap(), once, "formatted again");
    assert_eq!(parse(&once), parse(text));
    let line = format!("# yaml-language-server: $schema={SCHEMA_ADDRESS}\n");
    once.strip_prefix(&line).unwrap_or_else(|| panic!("{once}")).to_owned()
}

/// What becomes of a text behind the usual head.
fn body(text: &str) -> String {
    let all = formatted(&format!("{HEAD}{text}"));
    all.strip_prefix(HEAD).unwrap_or_else(|| panic!("{all}")).trim_start_matches('\n').to_owned()
}

#[test]
fn keys_come_in_the_order_of_the_manual_with_their_comments() {
    let text = "\
# About the file.

# about the tools
tools: # behind the key
- conditions:
      - action: deny   # never
        # how
        expression: true

  # the name
  name: bash


# - name: left out
#   enabled: false
- name: other
    # deep
# about the metadata
metadata:
    name: p
version: 1.0
# the end
";
    let wanted = "\
# About the file.

version: \"1.0\"

# about the metadata
metadata:
  name: p

# about the tools
tools:  # behind the key
  # the name
  - name: bash
    conditions:
      # how
      - expression: true
        action: deny  # never

  # - name: left out
  #   enabled: false
  - name: other
    # deep
# the end
";
    assert_eq!(formatted(text).trim_start_matches('\n'), wanted);
}

#[test]
fn older_spellings_become_the_own_ones() {
    let text = "\
approval_policies:
  - quorum: 2
    timeout: 60
    name: w
mcp_servers: [{url: 'https://x.example', 'transport': http-streaming, name: s}]
tools: [{rules: [{approval_policy: w}], name: t}]
";
    let wanted = "\
mcp_servers: [{name: s, url: 'https://x.example', transport: streamable-http}]

approval_workflows:
  - name: w
    timeout_seconds: 60
    required_approvals: 2
tools: [{name: t, conditions: [{approval_workflow: w}]}]
";
    assert_eq!(body(text), wanted);
}

#[test]
fn texts_keep_their_form() {
    let text = r#"tools:
    - name:   bash
      description:   >-  # folded
            one
            two

              deeper

      conditions:
       - message: |2
             begins with a blank
            ends
         description: plain text
             over lines

             and a blank one
         name: 'it''s'
         expression: "args.a ==
           'b' \
           && true"
       - description: |+
           kept


       - message: ""
"#;
    let wanted = r#"tools:
  - name: bash
    conditions:
      - name: 'it''s'
        expression: "args.a ==
          'b' \
          && true"
        description: plain text
          over lines

          and a blank one
        message: |2
            begins with a blank
           ends
      - description: |+
          kept


      - message: ""
    description: >-  # folded
      one
      two

        deeper
"#;
    assert_eq!(body(text), wanted);
}

#[test]
fn brackets_stay_while_they_fit() {
    let long = "x".repeat(50);
    let text = format!(
        "tools:\n- {{name: a,enabled: false}} # one\n- {{name: {long}, description: {long}}} # two\n- {{ # three\n   name: c, # four\n   # five\n   \"enabled\":true\n   # six\n  }} # seven\n- name: d\n  conditions: [ ]\n"
    );
    let wanted = format!(
        "\
tools:
  - {{name: a, enabled: false}}  # one
  # two
  - name: {long}
    description: {long}
  # three
  # seven
  - name: c  # four
    # five
    enabled: true
    # six
  - name: d
    conditions: []
"
    );
    assert_eq!(body(&text), wanted);
}

#[test]
fn anchors_and_aliases_stay_where_they_are() {
    let text = "\
tools:
  - name: a
    conditions: &rules # shared
      - &deny {action: deny}
      - expression: &text !!str true
  - conditions: *rules
    name: b
  - name: c
    conditions: [*deny, {expression: *text}]
";
    let wanted = "\
tools:
  - name: a
    conditions: &rules  # shared
      - &deny {action: deny}
      - expression: &text !!str true
  - name: b
    conditions: *rules
  - name: c
    conditions: [*deny, {expression: *text}]
";
    assert_eq!(body(text), wanted);
}

#[test]
fn an_alias_never_comes_before_its_anchor() {
    let text = "tools:\n  - description: &d text\n    name: *d\n";
    assert_eq!(body(text), text);
}

#[test]
fn what_the_file_wears_is_kept() {
    let text =
        "\u{feff}%YAML 1.2\r\n# é😀\r\n---\r\nmetadata: {name: \"é\"}\r\nversion: '1.0'\r\n...\r\n";
    let wanted = format!(
        "\u{feff}# yaml-language-server: $schema={SCHEMA_ADDRESS}\r\n%YAML 1.2\r\n# é😀\r\n---\r\nversion: \"1.0\"\r\nmetadata: {{name: \"é\"}}\r\n"
    );
    assert_eq!(format(text).unwrap(), wanted);
    assert_eq!(format(&wanted).unwrap(), wanted);
}

#[test]
fn a_line_for_editors_is_kept_as_it_is() {
    let text =
        "# yaml-language-server: $schema=./mine.json\nversion: \"1.0\"\nmetadata: {name: p}\n";
    assert_eq!(format(text).unwrap(), text);
}

#[test]
fn what_is_left_out_keeps_its_comments() {
    let text = "\
tools:
  # none yet
defaults: # nothing
    # really
";
    let wanted = "\
tools:
  # none yet
defaults:  # nothing
  # really
";
    assert_eq!(body(text), wanted);
}

#[test]
fn json_is_indented_and_its_numbers_are_kept() {
    let text = r#" {"tools":[{"rules":[{"examples":{"match":[{"b":1.50,"a":[]}]}}],"name":"é"}],"metadata":{"name":"p"},"version":"1.0"}"#;
    let wanted = r#"{
  "version": "1.0",
  "metadata": {
    "name": "p"
  },
  "tools": [
    {
      "name": "é",
      "conditions": [
        {
          "examples": {
            "match": [
              {
                "b": 1.50,
                "a": []
              }
            ]
          }
        }
      ]
    }
  ]
}
"#;
    assert_eq!(format(text).unwrap(), wanted);
    assert_eq!(format(wanted).unwrap(), wanted);
}

#[test]
fn what_cannot_be_read_or_kept_is_refused() {
    let refused = |text: &str| format(text).unwrap_err().errors.remove(0).code.as_str();
    assert_eq!(refused(""), "empty_document");
    assert_eq!(refused("version: \"1.0\"\nmetadata: {name: p}\ntols: []\n"), "unknown_key");
    assert_eq!(refused("version: \"1.0\"\nmetadata: {&a name: p}\n"), "not_formattable");
    assert_eq!(refused("name: p\ndenied_actions: [drop_table]\n"), "not_formattable");
    assert_eq!(refused("name: p\nmetadata: {name: p}\n"), "unknown_key", "no flat policy either");
}

//! Ten, a hundred and a thousand rules that search one argument for different words.

use std::fmt::Write as _;
use std::hint::black_box;

use memchr::memmem::Finder;
use preloop_core::Action;
use serde_json::json;

use super::expressions::text;
use crate::keep;
use crate::measure::{Case, FLOOR, Limit};
use crate::peer::preloop;
#[cfg(feature = "peers")]
use crate::peer::{cel, regorus};

/// Three rules that ask four things of one argument, of which the last one lets the call through: what the benches of
/// the bindings ask.
pub const THREE: &str = "version: '1.0'
metadata: {name: three}
tools:
  - name: bash
    conditions:
      - {expression: args.command.contains('rm -rf /'), action: deny}
      - {expression: args.command.startsWith('sudo ') || args.command.contains('git push'), action: require_approval}
      - {expression: args.command.startsWith('ls'), action: allow}
";

/// Two comparisons of one number.
pub const NUMBER: &str = "version: '1.0'
metadata: {name: number}
tools:
  - name: refund
    conditions:
      - {expression: args.amount > 1000, action: deny}
      - {expression: args.amount > 100, action: require_approval}
";

fn words(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("forbidden-{number:04}")).collect()
}

/// A document of one tool with so many `contains` rules.
pub fn document(count: usize) -> String {
    let mut text = String::from(
        "version: \"1.0\"\nmetadata:\n  name: words\ntools:\n  - name: bash\n    conditions:\n",
    );
    for word in words(count) {
        let _ = writeln!(
            text,
            "      - expression: \"args.command.contains('{word}')\"\n        action: deny"
        );
    }
    text
}

/// A document of so many tools whose names are globs: a third each of one end, of the other and of both.
pub fn globs(count: usize) -> String {
    let mut text = String::from("version: \"1.0\"\nmetadata:\n  name: globs\ntools:\n");
    for number in 0..count {
        let name = match number % 3 {
            0 => format!("server{number}_*"),
            1 => format!("*_act{number}"),
            _ => format!("*_of{number}_*"),
        };
        let _ = writeln!(text, "  - name: '{name}'\n    enabled: false");
    }
    text
}

/// One decision where so many entries have globs for names.
fn globbed(count: usize) -> Case {
    let mut case = Case::new(format!("{count} globs as tool names, none fits"), Limit::None);
    let args = keep(json!({"command": "ls"}));
    let policy = preloop::kept_policy(&globs(count));
    preloop::decision(&mut case, policy, "create_pull_request_review", args, Action::Allow);
    case
}

/// The table of many rules.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for count in [10, 100, 1000] {
        let limit = if count == 1000 { Limit::Nanoseconds(2000.0) } else { Limit::None };
        let mut case = Case::new(format!("{count} rules"), limit);
        let args = keep(json!({
            "command": "cargo build --release --target x86_64-unknown-linux-musl \
                        && strip target/release/app && ls -la"
        }));
        let finders: Vec<Finder<'static>> =
            words(count).iter().map(|word| Finder::new(word).into_owned()).collect();
        case.add(FLOOR, move || {
            let Some(command) = text(black_box(args), "command") else { return false };
            finders.iter().any(|finder| finder.find(command.as_bytes()).is_some())
        });
        let policy = preloop::kept_policy(&document(count));
        preloop::decision(&mut case, policy, "bash", args, Action::Allow);
        #[cfg(feature = "peers")]
        {
            use super::decisions::{RuleText, Test, ToolText};
            let rule = |word: String| RuleText {
                field: "command".to_owned(),
                test: Test::Contains,
                text: word,
                action: Action::Deny,
            };
            let rules = words(count).into_iter().map(rule).collect();
            let tools = keep(vec![ToolText { name: "bash".to_owned(), rules }]);
            keep(cel::Index::new(tools)).add(&mut case, "bash", args, Action::Allow);
            keep(regorus::DataDriven::new(tools)).add(&mut case, "bash", args, Action::Allow);
        }
        cases.push(case);
    }
    cases.extend([1, 2, 4, 8, 16, 1000].map(globbed));
    cases
}

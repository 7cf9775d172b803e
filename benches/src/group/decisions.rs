//! Decisions: a handful of tools (S), a thousand of them with five rules each (L).

use std::fmt::Write as _;
use std::hint::black_box;

use preloop_core::Action;
use serde_json::{Value, json};

use crate::keep;
use crate::measure::{Case, FLOOR, Limit};
use crate::peer::native::NativeIndex;
use crate::peer::preloop;
#[cfg(feature = "peers")]
use crate::peer::{casbin, cedar, cel, regorus};

/// A rule of the small language that every engine here can say.
#[derive(Clone, Debug)]
pub struct RuleText {
    /// The argument.
    pub field: String,
    /// What is asked of it.
    pub test: Test,
    /// The text that it is compared with, or searched for.
    pub text: String,
    /// What happens to the call.
    pub action: Action,
}

/// What a rule asks of its argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// To be the text.
    Equals,
    /// To contain it.
    Contains,
}

/// A tool with its rules, first match wins; a call that matches none is allowed.
#[derive(Clone, Debug)]
pub struct ToolText {
    /// The tool's name.
    pub name: String,
    /// In order.
    pub rules: Vec<RuleText>,
}

fn rule(field: &str, test: Test, wanted: &str, action: Action) -> RuleText {
    RuleText { field: field.to_owned(), test, text: wanted.to_owned(), action }
}

/// Two tools, one rule each.
pub fn small() -> Vec<ToolText> {
    let tool = |name: &str, rules| ToolText { name: name.to_owned(), rules };
    vec![
        tool("bash", vec![rule("command", Test::Contains, "rm", Action::Deny)]),
        tool(
            "deploy",
            vec![rule("environment", Test::Equals, "production", Action::RequireApproval)],
        ),
    ]
}

/// So many tools with five rules each: four comparisons that miss, and a search that hits.
pub fn large(tools: usize) -> Vec<ToolText> {
    (0..tools)
        .map(|number| {
            let mut rules: Vec<RuleText> = (0..4)
                .map(|part| {
                    let text = format!("value-{number}-{part}");
                    rule("target", Test::Equals, &text, Action::Allow)
                })
                .collect();
            rules.push(rule("target", Test::Contains, "prod", Action::Deny));
            ToolText { name: format!("tool_{number}"), rules }
        })
        .collect()
}

/// The policy document of these tools.
pub fn document(tools: &[ToolText]) -> String {
    let mut text = String::from("version: \"1.0\"\nmetadata:\n  name: bench\ntools:\n");
    for tool in tools {
        let _ = writeln!(text, "  - name: {}\n    conditions:", tool.name);
        for rule in &tool.rules {
            let RuleText { field, text: wanted, .. } = rule;
            let expression = match rule.test {
                Test::Equals => format!("args.{field} == '{wanted}'"),
                Test::Contains => format!("args.{field}.contains('{wanted}')"),
            };
            let action = rule.action.as_str();
            let _ =
                writeln!(text, "      - expression: \"{expression}\"\n        action: {action}");
        }
    }
    text
}

/// How often a decision may cost what the native index takes.
const RATIO: Limit = Limit::Ratio(2.5);

/// The table of decisions.
pub fn cases() -> Vec<Case> {
    let small = keep(small());
    let large = keep(large(1000));
    let mut cases = questions(
        small,
        vec![
            (
                "S1 deny",
                "bash",
                json!({"command": "sudo rm -rf /var/lib/data"}),
                Action::Deny,
                RATIO,
            ),
            (
                "S2 allow",
                "bash",
                json!({"command": "ls -la /home/user/project"}),
                Action::Allow,
                RATIO,
            ),
            (
                "S3 approval",
                "deploy",
                json!({"environment": "production", "version": "1.2.3"}),
                Action::RequireApproval,
                RATIO,
            ),
        ],
    );
    cases.extend(questions(
        large,
        vec![
            (
                "L1 last of 1000 x 5",
                "tool_999",
                json!({"target": "the prod cluster in eu-west-1"}),
                Action::Deny,
                RATIO,
            ),
            ("L2 unknown tool", "nothing", json!({"target": "prod"}), Action::Allow, Limit::None),
        ],
    ));
    cases
}

type Question = (&'static str, &'static str, Value, Action, Limit);

/// One policy, several calls.
fn questions(tools: &'static [ToolText], questions: Vec<Question>) -> Vec<Case> {
    let native = keep(NativeIndex::new(tools));
    let ours = preloop::kept_policy(&document(tools));
    #[cfg(feature = "peers")]
    let peers = peers::Peers::new(tools);
    let mut cases = Vec::new();
    for (name, tool, args, expected, limit) in questions {
        let args = keep(args);
        let mut case = Case::new(name, limit);
        case.may_tie = matches!(limit, Limit::None);
        assert_eq!(native.decide(tool, args), expected, "{name}");
        case.add(FLOOR, move || native.decide(black_box(tool), black_box(args)));
        preloop::decision(&mut case, ours, tool, args, expected);
        #[cfg(feature = "peers")]
        peers.add(&mut case, tool, args, expected);
        cases.push(case);
    }
    cases
}

#[cfg(feature = "peers")]
mod peers {
    use super::{Action, Case, ToolText, Value, casbin, cedar, cel, keep, regorus};

    pub(super) struct Peers {
        cel: &'static cel::Index,
        regorus_sliced: &'static regorus::Sliced,
        regorus_data: &'static regorus::DataDriven,
        cedar: &'static cedar::Policies,
        cedar_sliced: &'static cedar::Sliced,
        casbin: &'static casbin::Rules,
        casbin_sliced: &'static casbin::Sliced,
    }

    impl Peers {
        pub(super) fn new(tools: &'static [ToolText]) -> Self {
            Self {
                cel: keep(cel::Index::new(tools)),
                regorus_sliced: keep(regorus::Sliced::new(tools)),
                regorus_data: keep(regorus::DataDriven::new(tools)),
                cedar: keep(cedar::Policies::new(tools)),
                cedar_sliced: keep(cedar::Sliced::new(tools)),
                casbin: keep(casbin::Rules::new(tools)),
                casbin_sliced: keep(casbin::Sliced::new(tools)),
            }
        }

        pub(super) fn add(
            &self,
            case: &mut Case,
            tool: &'static str,
            args: &'static Value,
            expected: Action,
        ) {
            self.cel.add(case, tool, args, expected);
            self.regorus_sliced.add(case, tool, args, expected);
            self.regorus_data.add(case, tool, args, expected);
            self.cedar.add(case, tool, args, expected);
            self.cedar_sliced.add(case, tool, args, expected);
            self.casbin.add(case, tool, args, expected);
            self.casbin_sliced.add(case, tool, args, expected);
        }
    }
}

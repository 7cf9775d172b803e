//! The table of what a failing condition does: its page is fresh, and each of its cells is a conformance case.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the page and the cases are read from files, and what cannot be read ends the test"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use preloop_core::cel::FailureKind;
use preloop_core::evaluate::{FAILURE_TABLE, FailureOutcome, RULE_ACTIONS};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

const HEAD: &str = "\
# What happens when a rule cannot be checked

A condition can fail: an argument is missing or of another type, a number is too large, the budget runs out.
**No failure ever lets a call through.** What it does depends on the kind of rule:

* In a **deny** rule it denies the call at once.
* In a **require_approval** rule it raises the answer to at least an approval, and evaluation goes on: a later deny
  rule still denies.
* In an **allow** rule the rule does not match, and the rest of the rules can only answer with an approval or a
  denial.

The reason of the decision is `condition_error` whenever a failure decided or raised it. `errors` of the decision
names each failure: the rule, the part of its condition with line and column, the kind, and the value that was met
there (masked where it looks secret).

This page is generated from `preloop-core/src/evaluate/failure_table.rs`; each cell is a case in
`conformance/decisions/failures`.

";

const TAIL: &str = "
`unknown_name` cannot happen in a policy that was validated: unknown names are errors of the document.

## What else fails closed

| what | answer |
|---|---|
| The arguments break the tool's input schema, or are too large to be checked against it | deny, `invalid_call` |
| `source` and `server` of a call name two servers | deny, `invalid_call` |
| A justification is required, and there is none that could be read | deny, `justification_required` |
| A tool that must be called first was not called and allowed in the session, or no session is known | deny, `evidence_missing` |
| The call does not say its source and fits several entries | the strictest of their answers |
| The tool is new or changed, and the defaults ask for approval of such tools | at least an approval, `new_tool` |
| A rule asks for an approval, and nothing names a workflow | the built-in workflow `default` |

## What goes on from memory

Decisions do not wait for the database, so they hold to what a server knows:

| what | until when |
|---|---|
| Another server changes a policy, revokes a key, disables somebody or changes a team | within a second; where the connection that says so died without a word, at most 15 seconds |
| The database does not answer | policies and keys stay as they were when it did, without end; sign-ins are refused, and so is everything that is stored |
| A key ends by its `expires_at` | at once, everywhere: every server has a clock |

To shut a key out while the database is gone, stop the servers, or let a proxy refuse it.

## Which entry speaks where a call does not say its source

An entry without `source` fits every call. An entry with one fits a call that names it; a call that names nothing, or
only the class `mcp`, could come from any server, so it fits the entries of all of them. Entries are looked at in
their order (exact name with server, with class, with any source, then globs in document order) up to the first one
that fits for certain, and the strictest answer of those counts. So a rule for one server holds for a call that might
be that server's. Sources that no entry names do not count: `unknown_tools` answers only where no entry fits at all.
";

fn page() -> String {
    let mut page = String::from(HEAD);
    page.push_str("| failure |");
    for action in RULE_ACTIONS {
        write!(page, " in a rule that says `{action}` |").unwrap();
    }
    page.push_str("\n|---|---|---|---|\n");
    for (kind, cells) in FAILURE_TABLE {
        write!(page, "| `{}` |", kind.as_str()).unwrap();
        for cell in cells {
            let outcome = match cell {
                FailureOutcome::Denies => "denied",
                FailureOutcome::RaisesToApproval => "at least an approval",
            };
            write!(page, " {outcome} |").unwrap();
        }
        page.push('\n');
    }
    page.push_str(TAIL);
    page
}

#[test]
fn the_page_is_fresh() {
    let path = root().join("docs/fail-closed.md");
    if std::env::var_os("PRELOOP_GENERATE").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page(), "docs/fail-closed.md is stale: run this test with PRELOOP_GENERATE=1");
}

#[test]
fn the_table_has_every_kind_once() {
    let rows: Vec<FailureKind> = FAILURE_TABLE.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(rows, FailureKind::ALL);
}

#[test]
fn each_cell_is_a_case() {
    let text =
        std::fs::read_to_string(root().join("conformance/decisions/failures/every_kind.yaml"))
            .unwrap();
    let cases = preloop_core::parse::parse_value(&text).unwrap();
    let tools = cases.pointer("/policy/tools").unwrap().as_array().unwrap();
    let mut seen = BTreeSet::new();
    for case in cases.get("cases").unwrap().as_array().unwrap() {
        let name = case.pointer("/call/tool").unwrap();
        let tool = tools.iter().find(|tool| tool.get("name") == Some(name)).unwrap();
        let action = tool.pointer("/conditions/0/action").unwrap().as_str().unwrap();
        let kind = case.pointer("/expect/errors/0/kind").unwrap().as_str().unwrap();
        seen.insert((kind.to_owned(), action.to_owned()));
    }
    let wanted: BTreeSet<(String, String)> = FAILURE_TABLE
        .iter()
        .filter(|(kind, _)| *kind != FailureKind::UnknownName)
        .flat_map(|(kind, _)| {
            RULE_ACTIONS.map(|action| (kind.as_str().to_owned(), action.as_str().to_owned()))
        })
        .collect();
    assert_eq!(seen, wanted);
}

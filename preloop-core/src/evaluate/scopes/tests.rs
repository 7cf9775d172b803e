//! The chain of scopes: who decides, whose deny stands, what an inherited answer says.

use serde_json::json;

use super::*;
use crate::decision::Reason;
use crate::validate::ValidPolicy;

fn policy(tools: &str, defaults: &str) -> CompiledPolicy {
    let text = format!(
        "version: \"1.0\"\nmetadata: {{name: p}}\ntools: [{tools}]\ndefaults: {{{defaults}}}\n"
    );
    CompiledPolicy::compile(ValidPolicy::parse(&text).unwrap())
}

const ALLOW: &str = "{name: t, conditions: [{action: allow}]}";
const ASK: &str = "{name: t, conditions: [{action: require_approval}]}";
const DENY: &str = "{name: t, conditions: [{action: deny}]}";

/// Action, reason and scope of the decision on `t`.
fn decide(
    scopes: &[(Level, &str, &CompiledPolicy)],
    is_new: bool,
) -> (Action, Reason, Option<String>) {
    let scopes: Vec<Scope<'_>> = scopes
        .iter()
        .map(|(level, name, policy)| Scope { level: *level, name, policy, always_inherits: false })
        .collect();
    let args = json!({});
    let mut call = Call::new("t", &args);
    call.tool.is_new = is_new;
    let decision = evaluate(&scopes, &call).unwrap().into_owned();
    (decision.action, decision.reason, decision.scope)
}

#[test]
fn no_scope_gives_no_decision() {
    let args = json!({});
    assert_eq!(evaluate(&[], &Call::new("t", &args)), None);
}

#[test]
fn the_most_specific_entry_decides() {
    let (allow, ask, none) = (policy(ALLOW, ""), policy(ASK, ""), policy("", ""));
    let nearest =
        decide(&[(Level::Account, "account", &ask), (Level::Agent, "agent", &allow)], false);
    assert_eq!(nearest, (Action::Allow, Reason::RuleMatched, None));
    let inherited =
        decide(&[(Level::Agent, "agent", &none), (Level::Account, "account", &ask)], false);
    assert_eq!(
        inherited,
        (Action::RequireApproval, Reason::RuleMatched, Some("account".to_owned()))
    );
}

#[test]
fn an_explanation_goes_from_scope_to_scope() {
    let rule = "{name: t, conditions: [{expression: 'args.n > 3', action: deny}]}";
    let (near, far) = (policy(ALLOW, ""), policy(rule, ""));
    let (last, other) = (policy("", "inherit_from_parent: false"), policy(DENY, ""));
    let scope = |level, name, policy| Scope { level, name, policy, always_inherits: false };
    let args = json!({"n": 5});
    let call = Call::new("t", &args);
    let told = |scopes: &[Scope<'_>]| {
        let decision = explain(scopes, &call).unwrap();
        assert_eq!(Some(decision.action), evaluate(scopes, &call).map(|found| found.action));
        let line = |item: &TraceItem| {
            format!("{}: {} {}", item.scope.as_deref().unwrap_or("-"), item.kind, item.message)
        };
        (decision.action, decision.trace.unwrap().iter().map(line).collect::<Vec<_>>())
    };
    let chain = [scope(Level::Account, "account", &far), scope(Level::Agent, "agent:a", &near)];
    let (action, lines) = told(&chain);
    assert_eq!(action, Action::Deny, "an ancestor's deny stands");
    assert_eq!(lines[0], "agent:a: matched matched: allow");
    assert_eq!(lines[1], "account: matched matched: deny");
    assert!(lines[2..].iter().all(|line| line.starts_with("account: value")), "{lines:?}");
    // What stands behind a scope that does not inherit is not asked.
    let cut = [scope(Level::Account, "account", &other), scope(Level::Team, "team:x", &last)];
    assert_eq!(told(&cut).1, ["team:x: not_matched no entry names this tool"]);
    assert_eq!(told(&chain[1..]).1, ["-: matched matched: allow"]);
    assert!(explain(&[], &call).is_none());
}

#[test]
fn an_ancestors_deny_stands() {
    let (allow, ask, deny, none) =
        (policy(ALLOW, ""), policy(ASK, ""), policy(DENY, ""), policy("", ""));
    let chain = [
        (Level::Flow, "flow", &allow),
        (Level::Agent, "agent", &ask),
        (Level::Team, "team", &none),
        (Level::Account, "account", &deny),
    ];
    assert_eq!(
        decide(&chain, false),
        (Action::Deny, Reason::RuleMatched, Some("account".to_owned()))
    );
    let own = [(Level::Agent, "agent", &deny), (Level::Account, "account", &deny)];
    assert_eq!(decide(&own, false), (Action::Deny, Reason::RuleMatched, None));
}

#[test]
fn unknown_tools_are_denied_only_where_no_scope_has_an_entry() {
    let (allow, strict, lenient) =
        (policy(ALLOW, ""), policy("", "unknown_tools: deny"), policy("", "unknown_tools: allow"));
    let known = [(Level::Agent, "agent", &allow), (Level::Account, "account", &strict)];
    assert_eq!(decide(&known, false), (Action::Allow, Reason::RuleMatched, None));
    let unknown = [(Level::Agent, "agent", &lenient), (Level::Account, "account", &strict)];
    assert_eq!(
        decide(&unknown, false),
        (Action::Deny, Reason::UnknownTool, Some("account".to_owned()))
    );
    let ask = policy("", "unknown_tools: require_approval");
    let own = [(Level::Agent, "agent", &ask), (Level::Account, "account", &lenient)];
    assert_eq!(decide(&own, false), (Action::RequireApproval, Reason::UnknownTool, None));
}

#[test]
fn several_teams_give_the_strictest_answer() {
    let (allow, ask, none) = (policy(ALLOW, ""), policy(ASK, ""), policy("", ""));
    for teams in [[&allow, &ask], [&ask, &allow]] {
        let chain = [
            (Level::Agent, "agent", &none),
            (Level::Team, "team:a", teams[0]),
            (Level::Team, "team:b", teams[1]),
            (Level::Account, "account", &allow),
        ];
        let (action, _, scope) = decide(&chain, false);
        assert_eq!(action, Action::RequireApproval);
        let asks = if std::ptr::eq(teams[0], &raw const ask) { "team:a" } else { "team:b" };
        assert_eq!(scope.as_deref(), Some(asks));
    }
}

#[test]
fn a_scope_that_does_not_inherit_ends_the_chain() {
    let own = policy(ALLOW, "inherit_from_parent: false");
    let deny = policy(DENY, "unknown_tools: deny");
    let chain = [(Level::Agent, "agent", &own), (Level::Account, "account", &deny)];
    assert_eq!(decide(&chain, false), (Action::Allow, Reason::RuleMatched, None));
    let other = policy("", "inherit_from_parent: false");
    let chain = [(Level::Agent, "agent", &other), (Level::Account, "account", &deny)];
    assert_eq!(decide(&chain, false), (Action::Allow, Reason::UnknownTool, None));
    // Who is in another team as well is not freed of what that one inherits.
    let (heir, account) = (policy("", ""), Some("account".to_owned()));
    let chain = [
        (Level::Team, "team:free", &own),
        (Level::Team, "team:heir", &heir),
        (Level::Account, "account", &deny),
    ];
    assert_eq!(decide(&chain, false), (Action::Deny, Reason::RuleMatched, account));
}

#[test]
fn a_new_tool_is_raised_where_one_scope_asks_for_it() {
    let trusting = policy(ALLOW, "require_approval_for_new_tools: false");
    let careful = policy("", "require_approval_for_new_tools: true");
    let chain = [(Level::Agent, "agent", &trusting), (Level::Account, "account", &careful)];
    assert_eq!(
        decide(&chain, true),
        (Action::RequireApproval, Reason::NewTool, Some("account".to_owned()))
    );
    assert_eq!(decide(&chain, false).0, Action::Allow);
    let unknown = policy("", "require_approval_for_new_tools: false");
    let chain = [(Level::Agent, "agent", &unknown), (Level::Account, "account", &careful)];
    assert_eq!(decide(&chain, true).0, Action::RequireApproval);
}

/// What calls of `t` can come to.
fn reached(scopes: &[(Level, &CompiledPolicy)], is_new: bool) -> (Action, Action) {
    let scopes: Vec<Scope<'_>> = scopes
        .iter()
        .map(|(level, policy)| Scope {
            level: *level,
            name: "scope",
            policy,
            always_inherits: false,
        })
        .collect();
    let args = json!({});
    let mut call = Call::new("t", &args);
    call.tool.is_new = is_new;
    let reach = reach(&scopes, &call).unwrap();
    (reach.most_lenient, reach.strictest)
}

#[test]
fn what_calls_can_come_to_follows_the_chain() {
    use Action::{Allow, Deny, RequireApproval};
    use Level::{Account, Agent, Team};
    let sometimes = "{name: t, conditions: [{expression: 'x > 1', action: deny}, {action: allow}]}";
    let (allow, ask, deny) = (policy(ALLOW, ""), policy(ASK, ""), policy(DENY, ""));
    let (some, none) = (policy(sometimes, ""), policy("", ""));
    let (alone, strict) =
        (policy(ALLOW, "inherit_from_parent: false"), policy("", "unknown_tools: deny"));
    assert_eq!(reached(&[(Account, &some)], false), (Allow, Deny));
    assert_eq!(reached(&[(Agent, &allow), (Account, &ask)], false), (Allow, Allow));
    assert_eq!(reached(&[(Agent, &allow), (Account, &deny)], false), (Deny, Deny));
    assert_eq!(reached(&[(Agent, &allow), (Account, &some)], false), (Allow, Deny));
    assert_eq!(reached(&[(Agent, &alone), (Account, &deny)], false), (Allow, Allow));
    assert_eq!(reached(&[(Team, &allow), (Team, &ask)], false), (RequireApproval, RequireApproval));
    assert_eq!(reached(&[(Agent, &none), (Account, &strict)], false), (Deny, Deny));
    assert_eq!(
        reached(&[(Agent, &none), (Account, &ask)], false),
        (RequireApproval, RequireApproval)
    );
    // The account asks for new tools, so a child's entry does not let them through.
    assert_eq!(reached(&[(Agent, &alone)], true), (RequireApproval, RequireApproval));
    assert!(reach(&[], &Call::new("t", &json!({}))).is_none());
}

#[test]
fn what_may_not_be_left_out_is_asked() {
    let (free, denies) = (policy(ALLOW, "inherit_from_parent: false"), policy(DENY, ""));
    let chain = |always_inherits| {
        [
            Scope { level: Level::Team, name: "team", policy: &free, always_inherits },
            Scope { level: Level::Account, name: "account", policy: &denies, always_inherits },
        ]
    };
    let args = json!({});
    let call = Call::new("t", &args);
    let action = |scopes: &[Scope<'_>]| evaluate(scopes, &call).unwrap().action;
    assert_eq!(action(&chain(false)), Action::Allow);
    assert_eq!(action(&chain(true)), Action::Deny);
    assert!(end_below_account(&chain(false)) && !end_below_account(&chain(true)));
    assert!(!end_below_account(&[]), "nothing ends where nothing is");
}

//! The rules of a tool, one by one: added, changed, moved and taken out. Each is an edit of the live document and a version.

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::Response;
use preloop_api::{AddRule, ChangeRule, MoveRule, Permission, PolicyApplied};
use preloop_core::ValidPolicy;
use preloop_core::diagnostic::{Code, Diagnostic, Report};
use preloop_core::document::{Condition, PolicyDocument};
use preloop_core::edit::{RuleAddress, RuleEdit, ToolAddress, edit_rules, read_rule, rule_at};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::ApiError;
use super::super::auth::Authenticated;
use super::super::body::JsonRequest;
use super::super::params::Params;
use super::super::route::{Route, Routes, delete, patch, post};
use super::apply::answer;
use super::policy_id;
use super::precondition::{ETAG_HEADER, HEADERS, expected};
use crate::service::{Caller, ServiceError, Services};

/// Query of the routes of rules.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RuleParams {
    /// The source of the tool's entry, where several entries have its name.
    source: Option<String>,
    /// Why, of a removal.
    message: Option<String>,
}

/// The routes of rules.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(
            editing(post("/api/v1/policies/{id}/tools/{tool}/rules", add))
                .summary("Add a rule to a tool; `tool` is its name, or its position")
                .body::<AddRule>()
                .example(json!({"rule": {"expression": "args.amount > 500", "action": "deny"}})),
        )
        .add(
            editing(patch("/api/v1/policies/{id}/tools/{tool}/rules/{rule}", change))
                .summary("Change fields of a rule; `rule` is its name, or its position")
                .body::<ChangeRule>()
                .example(json!({"rule": {"enabled": false}})),
        )
        .add(
            editing(delete("/api/v1/policies/{id}/tools/{tool}/rules/{rule}", remove))
                .summary("Take a rule out"),
        )
        .add(
            editing(post("/api/v1/policies/{id}/tools/{tool}/rules/{rule}/move", move_to))
                .summary("Let a rule stand elsewhere in its tool")
                .body::<MoveRule>()
                .example(json!({"to": 0})),
        )
}

fn editing(route: Route) -> Route {
    route
        .right(Permission::PoliciesWrite)
        .query::<RuleParams>()
        .request_headers(HEADERS)
        .answers::<PolicyApplied>(StatusCode::OK)
        .headers(ETAG_HEADER)
        .problems(&[
            "ambiguous_tool",
            "entry_not_found",
            "invalid_policy",
            "message_too_long",
            "no_policy",
            "policy_changed",
            "policy_from_file",
            "policy_not_found",
            "rule_not_found",
            "secret_missing",
            "version_unusable",
        ])
}

/// Which rule, or which tool.
struct Place<'p> {
    tool: &'p str,
    source: Option<&'p str>,
    rule: &'p str,
}

async fn add(
    Path((id, tool)): Path<(String, String)>,
    Params(params): Params<RuleParams>,
    headers: HeaderMap,
    request: JsonRequest,
) -> Result<Response, ApiError> {
    let AddRule { rule, position, message } = request.parse()?;
    let place = Place { tool: &tool, source: params.source.as_deref(), rule: "" };
    let change = Change { id: &id, headers: &headers, message };
    change
        .make(&request.services, &request.caller, |document| {
            let rule = read(rule)?;
            edit_rules(document, place.tool(document), RuleEdit::Add { rule, at: position })
        })
        .await
}

async fn change(
    Path((id, tool, rule)): Path<(String, String, String)>,
    Params(params): Params<RuleParams>,
    headers: HeaderMap,
    request: JsonRequest,
) -> Result<Response, ApiError> {
    let ChangeRule { rule: fields, message } = request.parse()?;
    let place = Place { tool: &tool, source: params.source.as_deref(), rule: &rule };
    let change = Change { id: &id, headers: &headers, message };
    change
        .make(&request.services, &request.caller, |document| {
            let (tool, rule) = (place.tool(document), place.rule(document));
            let with = merged(rule_at(document, tool, rule)?, fields)?;
            edit_rules(document, tool, RuleEdit::Replace { rule, with })
        })
        .await
}

async fn remove(
    Authenticated { services, caller }: Authenticated,
    Path((id, tool, rule)): Path<(String, String, String)>,
    Params(params): Params<RuleParams>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let place = Place { tool: &tool, source: params.source.as_deref(), rule: &rule };
    let change = Change { id: &id, headers: &headers, message: params.message.clone() };
    change
        .make(&services, &caller, |document| {
            edit_rules(document, place.tool(document), RuleEdit::Remove(place.rule(document)))
        })
        .await
}

async fn move_to(
    Path((id, tool, rule)): Path<(String, String, String)>,
    Params(params): Params<RuleParams>,
    headers: HeaderMap,
    request: JsonRequest,
) -> Result<Response, ApiError> {
    let MoveRule { to, message } = request.parse()?;
    let place = Place { tool: &tool, source: params.source.as_deref(), rule: &rule };
    let change = Change { id: &id, headers: &headers, message };
    change
        .make(&request.services, &request.caller, |document| {
            let (tool, rule) = (place.tool(document), place.rule(document));
            edit_rules(document, tool, RuleEdit::Move { rule, to })
        })
        .await
}

/// An edit of one policy.
struct Change<'c> {
    id: &'c str,
    headers: &'c HeaderMap,
    message: Option<String>,
}

impl Change<'_> {
    async fn make(
        self,
        services: &Services,
        caller: &Caller,
        edit: impl FnOnce(&PolicyDocument) -> Result<ValidPolicy, Report> + Send,
    ) -> Result<Response, ApiError> {
        let expected = expected(self.headers)?;
        let scope = services.policy_scope(policy_id(self.id)?).await?;
        let edit = |document: &PolicyDocument| edit(document).map_err(refused);
        let applied = services.policy_edit(caller, scope, self.message, expected, edit).await?;
        Ok(answer(applied))
    }
}

// === impl Place ===

impl Place<'_> {
    /// By name where there is one, so that digits lead to no other entry than the one that is called so.
    fn tool(&self, document: &PolicyDocument) -> ToolAddress<'_> {
        let is_name = document.tools.iter().any(|tool| tool.name == self.tool);
        match self.tool.parse() {
            Ok(index) if !is_name && self.source.is_none() => ToolAddress::Index(index),
            _ => ToolAddress::Named { name: self.tool, source: self.source },
        }
    }

    /// The same for rules.
    fn rule(&self, document: &PolicyDocument) -> RuleAddress<'_> {
        let named = RuleAddress::Named(self.rule);
        let is_no_name = |report: Report| {
            report.errors.iter().all(|problem| problem.code == Code::NotInDocument)
        };
        match self.rule.parse() {
            Ok(index) if rule_at(document, self.tool(document), named).is_err_and(is_no_name) => {
                RuleAddress::Index(index)
            }
            _ => named,
        }
    }
}

/// The rule with some of its fields set; null takes one out, but for the expression and the action: a rule without an
/// expression matches always, and one without an action is another rule, which no slip may bring about.
fn merged(before: &Condition, fields: Map<String, Value>) -> Result<Condition, Report> {
    // A rule is an object; what else it could be is refused when it is read again.
    let mut rule = serde_json::to_value(before).unwrap_or_default();
    if let Value::Object(rule) = &mut rule {
        for (name, value) in fields {
            match value {
                Value::Null if !["expression", "action"].contains(&&*name) => {
                    drop(rule.remove(&name));
                }
                value => drop(rule.insert(name, value)),
            }
        }
    }
    read_rule(&rule)
}

fn read(rule: Map<String, Value>) -> Result<Condition, Report> {
    read_rule(&Value::Object(rule))
}

/// Why an edit was refused: an address that leads nowhere, or what validation says.
fn refused(report: Report) -> ServiceError {
    match report.errors.as_slice() {
        // Rules are added to entries: one made for a rule would shadow globs, and let through what no entry covered.
        [problem] if problem.code == Code::NotInDocument && problem.path == "tools" => {
            let message = format!(
                "{}; an entry is added with the document, not with a rule",
                helped(problem)
            );
            ServiceError::NotFound { code: "entry_not_found", message }
        }
        [problem] if problem.code == Code::NotInDocument => {
            ServiceError::NotFound { code: "rule_not_found", message: helped(problem) }
        }
        [problem] if problem.code == Code::AmbiguousAddress => {
            ServiceError::Conflict { code: "ambiguous_tool", message: helped(problem), state: None }
        }
        _ => ServiceError::InvalidPolicy { report: Box::new(report) },
    }
}

fn helped(problem: &Diagnostic) -> String {
    let help = problem.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
    format!("{}{help}", problem.message)
}

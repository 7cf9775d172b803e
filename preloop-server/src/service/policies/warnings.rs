//! What is worth a look in a document because of where it shall hold and of who is there.

use std::collections::BTreeSet;

use preloop_api::{PolicyScope, ScopeKind};
use preloop_core::ValidPolicy;
use preloop_core::approval::Workflow;
use preloop_core::diagnostic::{Code, Diagnostic};
use preloop_core::document::{ApprovalType, ApprovalWorkflow, Approver, PolicyDocument};

use super::super::approvals::Person;
use super::super::{ServiceError, Services};
use super::Slot;
use crate::store::Part;

/// Who there is in an account, by the names that documents use.
struct People {
    /// By every name that a document may call them.
    users: BTreeSet<String>,
    /// Teams that somebody is in.
    teams: BTreeSet<String>,
}

impl Services {
    /// Problems worth a look: the document's own, and what it means in this scope and for these people.
    pub(super) async fn warnings(
        &self,
        scope: &PolicyScope,
        policy: &ValidPolicy,
    ) -> Result<Vec<Diagnostic>, ServiceError> {
        let mut warnings = self.warnings_here(policy).await?;
        warnings.extend(of_servers(scope, policy));
        warnings.extend(self.nobody_in(scope).await?);
        Ok(warnings)
    }

    /// Problems worth a look in whatever scope: the document's own, and what it means for these people and this server.
    pub(crate) async fn warnings_here(
        &self,
        policy: &ValidPolicy,
    ) -> Result<Vec<Diagnostic>, ServiceError> {
        let mut warnings = policy.warnings().to_vec();
        let workflows = &policy.document().approval_workflows;
        if !workflows.is_empty() {
            let (people, voters) = (self.people().await?, self.people_who_vote().await?);
            for (index, workflow) in workflows.iter().enumerate() {
                warnings.extend(of_approvers(index, workflow, &people));
                warnings.extend(of_voters(index, workflow, &people, &voters));
                warnings.extend(of_quorum(index, workflow, policy.document(), &voters));
            }
        }
        if !self.has_ai_model() {
            warnings.extend(workflows.iter().enumerate().filter_map(of_models));
        }
        Ok(warnings)
    }

    /// Tells the operator's log what the live policies mean for the people there are: nobody else reads a file's warnings.
    pub(crate) async fn warn_of_approvers(&self) -> Result<(), ServiceError> {
        let (people, voters) = (self.people().await?, self.people_who_vote().await?);
        let live = self.live_policies();
        for slot in live.slots() {
            let Slot::Live(policy) = slot else { continue };
            let document = policy.document();
            let scope = policy.scope_text();
            if let Some(warning) = self.nobody_in(policy.scope()).await? {
                tracing::warn!(scope, code = %warning.code, "{}", warning.message);
            }
            for (index, workflow) in document.approval_workflows.iter().enumerate() {
                let found = of_approvers(index, workflow, &people)
                    .into_iter()
                    .chain(of_voters(index, workflow, &people, &voters))
                    .chain(of_quorum(index, workflow, document, &voters));
                for warning in found {
                    tracing::warn!(scope, code = %warning.code, path = warning.path, "{}", warning.message);
                }
            }
        }
        Ok(())
    }

    /// A team or an agent that the account does not have: its policy holds for nobody, which a slip in the name does not show.
    async fn nobody_in(&self, scope: &PolicyScope) -> Result<Option<Diagnostic>, ServiceError> {
        let (store, account_id, name) = (&self.inner.store, self.inner.account_id, scope.name());
        let is_there = match scope.kind() {
            ScopeKind::Team => {
                let teams = store.team_list(account_id, &Part::ALL).await?.items;
                teams.iter().any(|team| team.name == name)
            }
            ScopeKind::Agent => {
                let agents = store.agent_list(account_id, &Part::ALL).await?.items;
                agents.iter().any(|agent| agent.name == name)
            }
            // Flows are known by their keys alone.
            ScopeKind::Account | ScopeKind::Flow => true,
        };
        let kind = scope.kind().as_str();
        Ok((!is_there).then(|| Diagnostic {
            path: String::new(),
            message: format!(
                "the account has no {kind} `{name}`, so the policy holds for nobody yet"
            ),
            code: Code::NoEffect,
            file: None,
            line: None,
            column: None,
            help: Some(format!("look at the name, or make the {kind}; capitals count")),
        }))
    }

    async fn people(&self) -> Result<People, ServiceError> {
        let (store, account_id) = (&self.inner.store, self.inner.account_id);
        let users = store.user_list(account_id, &Part::ALL).await?.items;
        let teams = store.team_list(account_id, &Part::ALL).await?.items;
        let teams = teams.into_iter().filter(|team| !team.members.is_empty());
        Ok(People {
            users: users
                .into_iter()
                .flat_map(|user| {
                    [Some(user.user.name), Some(user.user.principal_id), user.user.email]
                })
                .flatten()
                .collect(),
            teams: teams.map(|team| team.name).collect(),
        })
    }
}

/// A workflow that asks a model where there is none.
fn of_models((index, workflow): (usize, &ApprovalWorkflow)) -> Option<Diagnostic> {
    (workflow.approval_type == Some(ApprovalType::AiDriven)).then(|| Diagnostic {
        path: format!("approval_workflows[{index}].approval_type"),
        message: format!(
            "approval workflow '{}' asks a model, and this server has none: people are asked at once",
            workflow.name
        ),
        code: Code::NoEffect,
        file: None,
        line: None,
        column: None,
        help: Some("the operator configures one with `PRELOOP_AI_URL`".to_owned()),
    })
}

fn of_servers(scope: &PolicyScope, policy: &ValidPolicy) -> Option<Diagnostic> {
    if scope.is_account() || policy.document().mcp_servers.is_empty() {
        return None;
    }
    let message =
        format!("servers of the scope `{scope}` are not dialled, only those of the account");
    let help = "here they only say which servers the sources of tools mean; name the servers in the account's policy too";
    Some(warning(Code::UndialledServer, "mcp_servers".to_owned(), message, help))
}

fn of_approvers(index: usize, workflow: &ApprovalWorkflow, people: &People) -> Vec<Diagnostic> {
    let unknown = approvers(workflow).filter_map(|(field, approver)| {
        let message = match approver {
            Approver::User(name) if !people.users.contains(name) => {
                format!(
                    "workflow `{}` names the user `{name}`, whom the account does not have",
                    workflow.name
                )
            }
            Approver::Team(name) if !people.teams.contains(name) => {
                format!("workflow `{}` names the team `{name}`, in which nobody is", workflow.name)
            }
            Approver::User(_) | Approver::Team(_) | Approver::Role(_) => return None,
        };
        let path = format!("approval_workflows[{index}].{field}");
        let help = "requests wait in vain for approvers who are not there";
        Some(warning(Code::UnknownApprover, path, message, help))
    });
    unknown.collect()
}

/// Approvers whom the account has, of whom nobody may vote: disabled, or without the right.
fn of_voters(
    index: usize,
    workflow: &ApprovalWorkflow,
    people: &People,
    voters: &[Person],
) -> Vec<Diagnostic> {
    let lacking = approvers(workflow).filter_map(|(field, approver)| {
        let is_there = match approver {
            Approver::User(name) => people.users.contains(name),
            Approver::Team(name) => people.teams.contains(name),
            Approver::Role(_) => true,
        };
        let only = Workflow { approvers: vec![approver.clone()], ..Workflow::built_in() };
        if !is_there || voters.iter().any(|person| only.asks(person.voter())) {
            return None;
        }
        let (kind, name) = match approver {
            Approver::User(name) => ("user", name),
            Approver::Team(name) => ("team", name),
            Approver::Role(name) => ("role", name),
        };
        let message = format!(
            "workflow `{}` names the {kind} `{name}`, and nobody there may vote",
            workflow.name
        );
        let path = format!("approval_workflows[{index}].{field}");
        let help = "voting takes a user with the role owner, admin or approver who is not disabled";
        Some(warning(Code::NoApprover, path, message, help))
    });
    lacking.collect()
}

/// A quorum that all who could ever vote together do not make.
fn of_quorum(
    index: usize,
    written: &ApprovalWorkflow,
    document: &PolicyDocument,
    voters: &[Person],
) -> Option<Diagnostic> {
    let workflow = Workflow::find(document, &written.name)?;
    let deciding = workflow.escalation_workflow.as_deref().unwrap_or(&workflow);
    let could = voters.iter().filter(|person| deciding.could_ask(person.voter())).count();
    let required = usize::try_from(deciding.required_approvals).unwrap_or(usize::MAX);
    if could >= required {
        return None;
    }
    let message = format!(
        "workflow `{}` needs {required} approvals, and {could} people of the account could ever give one",
        written.name
    );
    let path = format!("approval_workflows[{index}].required_approvals");
    let help = "name more approvers, or invite them; until then requests only lapse";
    Some(warning(Code::NoApprover, path, message, help))
}

fn approvers(workflow: &ApprovalWorkflow) -> impl Iterator<Item = (&'static str, &Approver)> {
    let added = workflow.escalation.iter().flat_map(|escalation| &escalation.escalate_to);
    let first = workflow.approvers.iter().map(|approver| ("approvers", approver));
    first.chain(added.map(|approver| ("escalation.escalate_to", approver)))
}

fn warning(code: Code, path: String, message: String, help: &str) -> Diagnostic {
    let help = Some(help.to_owned());
    Diagnostic { path, message, code, file: None, line: None, column: None, help }
}

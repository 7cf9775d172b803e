//! Names of tools in the policies of teams, agents and flows, beside the servers of the account: an entry that is spelled as
//! agents see a tool would never meet the call that it was written for.

use preloop_api::PolicyScope;
use preloop_core::ValidPolicy;
use preloop_core::diagnostic::{Code, Diagnostic, Report};
use preloop_core::document::McpServer;

use super::super::{ServiceError, Services};
use super::Slot;

impl Services {
    /// What is worth a look in the spellings of a document; one of a child scope that is spelled wrongly is refused, and
    /// one of the account's tells which policies of child scopes its new servers make wrong.
    pub(super) fn check_spellings(
        &self,
        scope: &PolicyScope,
        policy: &ValidPolicy,
    ) -> Result<Vec<Diagnostic>, ServiceError> {
        if scope.is_account() {
            return Ok(self.misspelled_children(&policy.document().mcp_servers));
        }
        let live = self.live_policies();
        let Some(account) = live.account() else { return Ok(Vec::new()) };
        let (errors, warnings): (Vec<_>, Vec<_>) = policy
            .beside(&account.document().mcp_servers)
            .into_iter()
            .partition(|problem| problem.code.is_error());
        if errors.is_empty() {
            return Ok(warnings);
        }
        Err(ServiceError::InvalidPolicy {
            report: Box::new(Report { is_valid: false, errors, warnings }),
        })
    }

    fn misspelled_children(&self, servers: &[McpServer]) -> Vec<Diagnostic> {
        let live = self.live_policies();
        let known = live.account().map_or(&[][..], |account| &account.document().mcp_servers);
        let is_known = |server: &&McpServer| known.iter().any(|one| one.name == server.name);
        let new: Vec<McpServer> =
            servers.iter().filter(|server| !is_known(server)).cloned().collect();
        if new.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for slot in live.slots() {
            let Slot::Live(child) = slot else { continue };
            if slot.scope().is_account() {
                continue;
            }
            let Ok(policy) = ValidPolicy::from_document(child.document()) else { continue };
            for problem in policy.beside(&new) {
                let message = format!(
                    "in the policy of `{}`, at `{}`: {}",
                    slot.scope(),
                    problem.path,
                    problem.message
                );
                found.push(Diagnostic {
                    path: "mcp_servers".to_owned(),
                    message,
                    // The document that is applied is good; the other one stays in force.
                    code: Code::PossiblyPrefixedToolName,
                    ..problem
                });
            }
        }
        found
    }
}

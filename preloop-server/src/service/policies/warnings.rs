//! What is worth a look in a document because of where it shall hold.

use preloop_api::PolicyScope;
use preloop_core::ValidPolicy;
use preloop_core::diagnostic::{Code, Diagnostic};

/// What the scope makes of the document.
pub(super) fn of_scope(scope: &PolicyScope, policy: &ValidPolicy) -> Option<Diagnostic> {
    if scope.is_account() || policy.document().mcp_servers.is_empty() {
        return None;
    }
    let message =
        format!("servers of the scope `{scope}` are not dialled, only those of the account");
    let help = "here they only say which servers the sources of tools mean; name the servers in the account's policy too";
    Some(Diagnostic {
        path: "mcp_servers".to_owned(),
        message,
        code: Code::NoEffect,
        file: None,
        line: None,
        column: None,
        help: Some(help.to_owned()),
    })
}

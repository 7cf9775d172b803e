//! Every code of a problem: the one table of what may go wrong over HTTP. The tables of docs/ERRORS.md are written from it.

/// One kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProblemCode {
    /// Its name on the wire: stable, one meaning.
    pub code: &'static str,
    /// The HTTP status that it comes with.
    pub status: u16,
    /// What it means, in one sentence.
    pub about: &'static str,
}

const fn code(code: &'static str, status: u16, about: &'static str) -> ProblemCode {
    ProblemCode { code, status, about }
}

/// Every code, by status and name.
pub const PROBLEM_CODES: &[ProblemCode] = &[
    code("duplicate_key", 400, "A key stands twice in an object of the body."),
    code("invalid_body", 400, "The body is JSON and does not fit the route."),
    code("invalid_field", 400, "A field of the body or the query has a value that is not allowed."),
    code("invalid_json", 400, "The body is not JSON, or nested too deep."),
    code("invalid_query", 400, "The query has a parameter that is unknown or cannot be read."),
    code(
        "invalid_credentials",
        401,
        "Name and password do not fit, or the refresh token is not good any more.",
    ),
    code("unauthorized", 401, "The request has no key that is good here."),
    code("agent_cannot_approve", 403, "An agent's key cannot vote: a person decides."),
    code("bad_signature", 403, "The request is not signed by whom it says it is from."),
    code(
        "chat_not_proven",
        403,
        "Who somebody is in a chat is proven by a code, or said by an admin.",
    ),
    code(
        "csrf_failed",
        403,
        "A request with a cookie that changes something came without the right `X-CSRF-Token`.",
    ),
    code(
        "host_not_allowed",
        403,
        "The server does not answer to the name that the request is addressed to.",
    ),
    code("not_an_approver", 403, "The workflow does not name the caller as an approver."),
    code("not_the_requester", 403, "Only whoever asked withdraws a request, or an owner or admin."),
    code("operator_only", 403, "Only an owner of the first account may do what concerns all."),
    code("origin_not_allowed", 403, "Pages of that origin may not call the server."),
    code("passkey_refused", 403, "The passkey's answer does not fit what was asked."),
    code(
        "permission_denied",
        403,
        "The caller's role, or the scopes of the key, leave out a right that is needed.",
    ),
    code("registration_closed", 403, "The operator does not let anybody make an account."),
    code("role_beyond_own", 403, "It would give, change or take away more than the caller may."),
    code("self_approval", 403, "The requester may not vote on the own request."),
    code("sign_in_required", 403, "It takes a sign-in with a password, not a key."),
    code("step_up_locked", 403, "Too many wrong codes: the request can be declined, not approved."),
    code("step_up_required", 403, "The workflow wants a proof with each approval."),
    code("users_only", 403, "The caller is an agent, and this is for users."),
    code("wrong_match_code", 403, "The code is not the one that the agent's side shows."),
    code("wrong_password", 403, "The password so far is another one."),
    code("account_not_found", 404, "The account is gone."),
    code("agent_not_found", 404, "There is no agent with that id."),
    code(
        "approval_not_found",
        404,
        "There is no such approval request, or the caller may not see it.",
    ),
    code("arguments_not_kept", 404, "The whole arguments of the request are not kept."),
    code("delivery_not_found", 404, "There is no such delivery of a notification."),
    code("device_not_found", 404, "The caller has no device with that id."),
    code("grant_not_found", 404, "There is no grant with that id that stands."),
    code(
        "invitation_not_found",
        404,
        "The invitation is not known, was used or revoked, or has ended.",
    ),
    code("key_not_found", 404, "There is no good key with that id."),
    code("mcp_server_not_found", 404, "The live policy has no MCP server of that name."),
    code("member_not_found", 404, "There is no such user or agent, or it is not in the team."),
    code("no_policy", 404, "No policy is loaded."),
    code("passkey_not_found", 404, "The caller has no passkey with that id."),
    code("policy_not_found", 404, "There is no policy with that id."),
    code("route_not_found", 404, "There is nothing at that path."),
    code("rule_not_found", 404, "The document has no such tool, or the tool no such rule."),
    code("team_not_found", 404, "There is no team with that id."),
    code("tool_not_found", 404, "No server offers that tool."),
    code("user_not_found", 404, "There is no user with that id."),
    code("version_not_found", 404, "There is no version with that id."),
    code("method_not_allowed", 405, "The path does not have that method."),
    code("body_too_slow", 408, "The body did not come in time."),
    code(
        "account_full",
        409,
        "The account has as many keys, users, agents, teams or open invitations as may be.",
    ),
    code("account_name_taken", 409, "Another account of the server has that name."),
    code("agent_name_taken", 409, "An agent or a user has that name."),
    code("already_voted", 409, "The caller has voted on the request."),
    code(
        "ambiguous_tool",
        409,
        "Several entries of the document have that tool's name; say the source too.",
    ),
    code("approval_contended", 409, "The request changed too often at once; try again."),
    code("approval_mismatch", 409, "The approval is of another call."),
    code("approval_settled", 409, "The request is not pending any more."),
    code("approval_used", 409, "The approval was used; it lets one call through."),
    code("cannot_remember", 409, "Calls like the request's are looked at each time."),
    code(
        "challenge_ended",
        409,
        "The question for a passkey was answered, has ended, or was for something else.",
    ),
    code("chat_taken", 409, "Another user of the account is that person of the chat."),
    code("delivery_not_dead", 409, "Only a notification that was given up is sent anew."),
    code("email_taken", 409, "Another user has that e-mail address."),
    code(
        "idempotency_in_progress",
        409,
        "The first request with that `Idempotency-Key` is still being answered.",
    ),
    code("idempotency_key_reused", 409, "That `Idempotency-Key` came with another request before."),
    code(
        "invitation_shown_once",
        409,
        "The request was done before; the token that it made is not shown again.",
    ),
    code("key_in_use", 409, "A key cannot revoke itself."),
    code("key_name_taken", 409, "There is, or with another role was, a key of that name."),
    code("key_reused", 409, "The text of a new key was a key before."),
    code(
        "key_shown_once",
        409,
        "The request was done before; the key that it made is not shown again.",
    ),
    code("last_owner", 409, "The account would be left without an owner."),
    code("mcp_server_taken", 409, "There is an MCP server of that name."),
    code("no_secret_key", 409, "There is no key to seal secrets with: set `PRELOOP_SECRET_KEY`."),
    code("own_user", 409, "Nobody disables the own user."),
    code(
        "passkey_taken",
        409,
        "The passkey is registered already, or its user has as many as may be.",
    ),
    code(
        "passkeys_unavailable",
        409,
        "The server is not reached under a domain, which passkeys need.",
    ),
    code(
        "policy_from_file",
        409,
        "The policy of the scope is the operator's: a file, a commit or a bundle that the server was started with.",
    ),
    code("policy_name_taken", 409, "The policy of another scope has that name."),
    code("scope_taken", 409, "The scope has a policy already."),
    code("secret_unreadable", 409, "A stored secret does not open with the keys of this server."),
    code(
        "team_has_policy",
        409,
        "The team has a policy, which its other name or its end would take off its members.",
    ),
    code("team_name_taken", 409, "Another team has that name."),
    code("too_many_policies", 409, "As many scopes of the account have a policy as may."),
    code("user_name_taken", 409, "A user or an agent has that name or identity."),
    code("version_live", 409, "The version is in force and cannot be deleted."),
    code("version_tagged", 409, "The version has a tag and cannot be deleted."),
    code("version_unusable", 409, "The version's document is not valid any more."),
    code("policy_changed", 412, "Somebody was faster: what is live is not what `If-Match` names."),
    code("body_too_large", 413, "The body is larger than 4 MiB."),
    code("unsupported_content_type", 415, "The body's media type is not one that the route reads."),
    code("answer_not_an_option", 422, "The answer is none of the options of the question."),
    code("answer_not_asked", 422, "The request is no question, and the vote carries an answer."),
    code("answer_required", 422, "The request is a question, and approving it takes an answer."),
    code("answer_too_long", 422, "The answer is longer than 4,000 characters."),
    code(
        "invalid_code",
        422,
        "The code or the ticket was used, has ended, or is for something else.",
    ),
    code("invalid_credential", 422, "The credential is blank, too long, or a variable."),
    code("invalid_description", 422, "The description is too long or has several lines."),
    code("invalid_device", 422, "The device has no name, or keys and addresses that are none."),
    code("invalid_email", 422, "The text is not one e-mail address."),
    code("invalid_expiry", 422, "The time is not in the range that is allowed."),
    code("invalid_flow", 422, "Only the key of an agent can be for a flow."),
    code("invalid_holder", 422, "A key has one holder, an agent or a user."),
    code(
        "invalid_idempotency_key",
        422,
        "`Idempotency-Key` is not one text of 1 to 255 characters.",
    ),
    code("invalid_name", 422, "The name holds characters that are not allowed, or is too long."),
    code("invalid_password", 422, "The password is too short, too long, or the name."),
    code("invalid_policy", 422, "The document has errors; `errors` has each with its place."),
    code(
        "invalid_preferences",
        422,
        "The preferences have an unknown field or a value that is none.",
    ),
    code(
        "invalid_remember",
        422,
        "What is to be remembered does not fit the call, or the time is not allowed.",
    ),
    code("invalid_role", 422, "The role is not one that a key may have."),
    code(
        "invalid_tag",
        422,
        "The tag holds characters that are not allowed, is too long, or is a number or an id.",
    ),
    code("mcp_server_renamed", 422, "An MCP server keeps its name."),
    code("message_too_long", 422, "The message of a version is longer than allowed."),
    code(
        "password_required",
        422,
        "A passkey is registered with the password of its user, who has none.",
    ),
    code(
        "public_url_too_long",
        422,
        "The server's public URL does not fit into a code to be scanned.",
    ),
    code("reason_required", 422, "The workflow wants a reason with every vote."),
    code("reason_too_long", 422, "The reason is longer than allowed."),
    code("scope_beyond_role", 422, "A scope is not among the permissions of the role."),
    code(
        "secret_missing",
        422,
        "The document keeps a secret that is not stored, or not for that address.",
    ),
    code("tags_are_kept", 422, "Versions with a tag are never pruned."),
    code("unknown_team", 422, "There is no team of that name."),
    code("unknown_user", 422, "There is no user of that name."),
    code(
        "too_many_attempts",
        429,
        "Too many attempts failed; `Retry-After` says when to try again.",
    ),
    code("internal", 500, "A fault of the server."),
    code(
        "unavailable",
        503,
        "The database or the audit trail does not take it; nothing was let through.",
    ),
];

impl ProblemCode {
    /// The kind of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PROBLEM_CODES.iter().find(|known| known.code == name)
    }
}

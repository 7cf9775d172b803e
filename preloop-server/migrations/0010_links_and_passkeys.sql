-- Links by which approvers come to a request, passkeys, and the challenges that wait for a passkey's answer.

create table approval_link (
    link_id text not null primary key,
    account_id text not null references account (account_id),
    approval_id text not null references approval (approval_id),
    -- The one approver whom it is for.
    user_id text not null references app_user (user_id),
    -- SHA-256 of the token; the token itself is never stored.
    hash text not null constraint approval_link_hash unique,
    created_at bigint not null,
    -- A link decides once; looking stays possible until the request lapses.
    used_at bigint
);

create index approval_link_by_approval on approval_link (approval_id, user_id, created_at);
create index approval_link_by_age on approval_link (created_at);

create table passkey (
    passkey_id text not null primary key,
    account_id text not null references account (account_id),
    user_id text not null references app_user (user_id),
    name text not null,
    -- What the authenticator calls it.
    credential_id text not null constraint passkey_credential unique,
    -- The public key and what else its answers are checked by, as JSON.
    credential text not null,
    created_at bigint not null,
    used_at bigint
);

create index passkey_by_user on passkey (user_id, created_at);

-- Each is taken by the first answer, whatever that is.
create table passkey_challenge (
    challenge_id text not null primary key,
    account_id text not null references account (account_id),
    user_id text not null references app_user (user_id),
    -- What an answer would be for: `register`, or the vote as `approve <request> <call hash>`.
    purpose text not null,
    -- Random bytes in base64url.
    challenge text not null,
    expires_at bigint not null
);

create index passkey_challenge_by_user on passkey_challenge (user_id, expires_at);

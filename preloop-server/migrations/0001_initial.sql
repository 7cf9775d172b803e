-- The first shape of the store. Times are microseconds since 1970 in UTC, ids and JSON are text: both engines take that.

create table account (
    account_id text not null primary key,
    name text not null,
    created_at bigint not null
);

create table api_key (
    api_key_id text not null primary key,
    account_id text not null references account (account_id),
    name text not null,
    role text not null constraint api_key_role check (role in ('agent', 'owner')),
    principal_id text not null,
    -- SHA-256 of the key; the key itself is never stored.
    hash text not null constraint api_key_hash unique,
    hint text not null,
    created_at bigint not null,
    revoked_at bigint
);

-- A name is free again once its key is revoked.
create unique index api_key_name on api_key (account_id, name) where revoked_at is null;

create table approval (
    approval_id text not null primary key,
    account_id text not null references account (account_id),
    principal_id text not null,
    call_hash text not null,
    state text not null constraint approval_state
        check (state in ('approved', 'cancelled', 'declined', 'expired', 'pending')),
    tool text not null,
    server text,
    source text,
    -- Redacted; what binds the request to its call is the hash.
    arguments text not null,
    principal text not null,
    session_id text not null,
    justification text,
    decision_id text not null,
    decision text not null,
    workflow text not null,
    created_at bigint not null,
    expires_at bigint not null,
    decided_at bigint,
    use_by bigint,
    used_at bigint,
    outcome text,
    -- Nothing is used that was not approved.
    constraint approval_used check (used_at is null or state = 'approved')
);

-- An identical call by the same principal joins the pending request instead of making another.
create unique index approval_pending on approval (account_id, principal_id, call_hash)
    where state = 'pending';
create index approval_by_time on approval (account_id, created_at, approval_id);
create index approval_unused on approval (account_id, principal_id, call_hash)
    where state = 'approved' and used_at is null;

create table approval_vote (
    approval_id text not null references approval (approval_id),
    voter_id text not null,
    voter_name text not null,
    decision text not null constraint approval_vote_decision check (decision in ('approve', 'decline')),
    reason text,
    at bigint not null,
    primary key (approval_id, voter_id)
);

-- Calls that wait on an open connection; what is left here at start was interrupted.
create table held_call (
    decision_id text not null primary key,
    account_id text not null references account (account_id),
    approval_id text not null references approval (approval_id),
    created_at bigint not null
);

create table audit_record (
    account_id text not null references account (account_id),
    seq bigint not null,
    audit_record_id text not null constraint audit_record_id unique,
    at bigint not null,
    kind text not null,
    principal_id text,
    tool text,
    action text,
    decision_id text,
    approval_id text,
    -- The whole record; the columns above only find it, and verification compares them with it.
    body text not null,
    primary key (account_id, seq)
);

create index audit_record_by_time on audit_record (account_id, at);
create index audit_record_by_approval on audit_record (account_id, approval_id)
    where approval_id is not null;

create table audit_head (
    account_id text not null primary key references account (account_id),
    seq bigint not null,
    hash text not null
);

-- How far the journal on disk was moved into audit_record; written in the same transaction.
create table journal_position (
    journal text not null primary key,
    segment bigint not null,
    "offset" bigint not null
);

create table tool_server (
    account_id text not null references account (account_id),
    server text not null,
    baseline_at bigint not null,
    primary key (account_id, server)
);

create table tool (
    account_id text not null references account (account_id),
    server text not null,
    name text not null,
    exposed_name text not null,
    description text,
    annotations text not null,
    definition_hash text not null,
    accepted_hash text,
    is_offered bigint not null,
    first_seen_at bigint not null,
    changed_at bigint not null,
    primary key (account_id, server, name)
);

create table idempotency_key (
    account_id text not null references account (account_id),
    api_key_id text not null,
    idempotency_key text not null,
    request_hash text not null,
    -- Empty while the first request is being answered.
    status bigint,
    body text,
    created_at bigint not null,
    primary key (account_id, api_key_id, idempotency_key)
);

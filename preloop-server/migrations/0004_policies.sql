-- The policy of each scope, and every version of it.

create table policy (
    policy_id text not null primary key,
    account_id text not null references account (account_id),
    scope_kind text not null constraint policy_scope_kind
        check (scope_kind in ('account', 'agent', 'flow', 'team')),
    -- Empty for the account.
    scope_name text not null,
    name text not null,
    description text,
    -- Empty where nothing is live; its versions stay.
    live_version_id text,
    digest text not null,
    last_number bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    constraint policy_scope unique (account_id, scope_kind, scope_name)
);

create unique index policy_name on policy (account_id, name) where live_version_id is not null;

create table policy_version (
    policy_version_id text not null primary key,
    account_id text not null references account (account_id),
    policy_id text not null references policy (policy_id),
    -- Counted in each policy; a number is never used again.
    number bigint not null,
    -- Counted in the account: the order in which its versions were made.
    seq bigint not null,
    parent_id text,
    name text not null,
    description text,
    digest text not null,
    cause text not null constraint policy_version_cause
        check (cause in ('apply', 'edit', 'file', 'import', 'rollback', 'snapshot')),
    author_id text not null,
    author_name text not null,
    message text,
    tag text,
    created_at bigint not null,
    -- Canonical JSON without secrets. The last column, so that lists do not read it.
    document text not null,
    constraint policy_version_number unique (policy_id, number),
    constraint policy_version_seq unique (account_id, seq)
);

create index policy_version_by_policy on policy_version (policy_id, seq);
create unique index policy_version_tag on policy_version (policy_id, tag) where tag is not null;

-- Secrets of documents that came over the API, sealed; the documents keep `{redacted: true}` in their place.

create table secret (
    account_id text not null references account (account_id),
    -- `account`, or a kind of scope and its name.
    scope text not null,
    owner text not null constraint secret_owner check (owner in ('approval_workflow', 'mcp_server')),
    -- Of the entry, in lower case, as names are unique without regard to it.
    name text not null,
    field text not null,
    -- Whom it was given for: it is sent nowhere else.
    target text not null,
    -- Made anew with every value, and kept where it is only sealed anew.
    secret_id text not null,
    key_id text not null,
    sealed text not null,
    set_at bigint not null,
    primary key (account_id, scope, owner, name, field, target)
);

-- Calls that approvers had remembered.

create table approval_grant (
    grant_id text not null primary key,
    account_id text not null references account (account_id),
    approval_id text not null references approval (approval_id),
    principal_name text not null,
    -- The user who granted it; it ends where that user may not vote any more.
    user_id text not null,
    user_name text not null,
    body text not null,
    created_at bigint not null,
    expires_at bigint not null,
    revoked_at bigint
);

create index approval_grant_good on approval_grant (account_id, expires_at) where revoked_at is null;

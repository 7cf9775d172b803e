-- The arguments of a request as its agent sent them, where `approval.arguments` shows less than all of them.

create table approval_arguments (
    approval_id text not null primary key references approval (approval_id),
    account_id text not null references account (account_id),
    call_hash text not null,
    bytes bigint not null,
    -- Sealed; none where they are too long or there is no key.
    key_id text,
    sealed text
);

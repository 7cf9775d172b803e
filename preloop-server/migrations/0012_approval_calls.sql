-- What is kept beside an approval request: the call itself where nobody waits for it on a connection, and its answer
-- until it was told.

create table approval_call (
    approval_id text not null primary key references approval (approval_id),
    account_id text not null references account (account_id),
    principal_id text not null,
    call_hash text not null,
    -- Sealed, as the arguments in `approval` are redacted; none once the call was answered.
    call_key_id text,
    call_sealed text,
    -- Sealed as well; none where it is too long or there is no key.
    answer_key_id text,
    answer_sealed text,
    answer_bytes bigint,
    ended_at bigint,
    -- When the answer reached its agent.
    told_at bigint
);
create index approval_call_untold on approval_call (account_id, principal_id, call_hash)
    where told_at is null;
create index approval_call_ended on approval_call (ended_at) where ended_at is not null;

-- Who invited, by id: an invitation is worth what its inviter may when it is accepted. Where nobody has that name any
-- more, nobody answers for it. And the name that the user will have, where the inviter says one.
alter table invitation add column invited_by_id text;
alter table invitation add column name text;

update invitation set invited_by_id = (
    select min(u.user_id) from app_user u
    where u.account_id = invitation.account_id and u.name = invitation.invited_by
);

-- The `ETag` of an answer that is kept for repetitions.
alter table idempotency_key add column etag text;

-- Changes of policies whose audit record may not be in the trail yet: written with the change, gone once the record is.
create table untold_change (
    -- Id of the audit record.
    untold_change_id text not null primary key,
    account_id text not null references account (account_id),
    -- The server that made the change.
    replica text not null,
    -- The audit record as JSON.
    record text not null,
    made_at bigint not null
);

create index untold_change_by_replica on untold_change (replica);

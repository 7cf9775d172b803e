-- Requests that a model is to be asked about, until it was: whichever server is there takes them, one at a time.

create table ai_review (
    approval_id text not null primary key references approval (approval_id),
    account_id text not null references account (account_id),
    -- The server that asks, and until when nobody else does.
    replica text,
    leased_until bigint not null default 0,
    attempts bigint not null default 0
);
create index ai_review_by_lease on ai_review (leased_until);

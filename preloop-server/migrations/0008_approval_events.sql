-- Escalation, proofs, a model's answer, and what happened to each request.

alter table approval add column escalated_at bigint;
-- When time alone will next do something to the request; empty where it never will.
alter table approval add column due_at bigint;
-- Two digits that the requester's side shows.
alter table approval add column match_code text;
alter table approval add column wrong_codes text not null default '{}';
alter table approval add column ai text;
-- How many identical calls joined it.
alter table approval add column joins bigint not null default 0;

update approval set due_at = case when state = 'pending' then expires_at else use_by end
where state = 'pending' or (state = 'approved' and used_at is null);

create index approval_due on approval (due_at) where due_at is not null;
create index approval_by_state on approval (account_id, state, created_at, approval_id);

alter table approval_vote add column via text not null default 'api';
alter table approval_vote add column proved text not null default 'none';
-- What the voter answered, where the call asks a question.
alter table approval_vote add column answer text;

create table approval_event (
    approval_id text not null references approval (approval_id),
    seq bigint not null,
    account_id text not null references account (account_id),
    at bigint not null,
    kind text not null,
    actor text,
    via text,
    message text,
    -- 0 while people are still to be told of it.
    noticed bigint not null default 0,
    primary key (approval_id, seq)
);

create index approval_event_unnoticed on approval_event (at) where noticed = 0;

-- What is known of requests of before.
insert into approval_event (approval_id, seq, account_id, at, kind, actor, noticed)
select approval_id, 1, account_id, created_at, 'requested', principal_id, 1 from approval;
insert into approval_event (approval_id, seq, account_id, at, kind, noticed)
select approval_id, 2, account_id, decided_at, state, 1 from approval where decided_at is not null;

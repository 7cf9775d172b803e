-- Servers on one database say that they live, so that the others find out what a dead one left open.

create table replica (
    name text not null primary key,
    -- By the database's clock: when it said so last, and since when it has without a long pause.
    seen_at bigint not null,
    steady_since bigint not null
);

create index approval_unfinished on approval (used_by) where outcome in ('claimed', 'running');
create index idempotency_key_open on idempotency_key (replica) where status is null;

-- Uses of before servers had names.
update approval set used_by = 'main' where used_by is null and outcome in ('claimed', 'running');

-- A code is worth nothing once its request is settled.
update approval set match_code = null where state <> 'pending';

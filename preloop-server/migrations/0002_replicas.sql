-- Several servers on one database: what a server left open at its death is its own to find at the next start.

alter table held_call add column replica text not null default 'main';
alter table idempotency_key add column replica text not null default 'main';
-- The server that used the approval.
alter table approval add column used_by text;

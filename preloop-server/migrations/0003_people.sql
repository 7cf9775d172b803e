-- Users, agents, teams, sign-ins, and keys that belong to somebody.

-- An account is told by its name at the sign-in.
create unique index account_name on account (lower(name));

-- Each account has the note of its last audit record from the start: one that is gone was taken away.
insert into audit_head (account_id, seq, hash)
select account_id, 0, 'sha256:0000000000000000000000000000000000000000000000000000000000000000'
from account
where account_id not in (select account_id from audit_head)
    and account_id not in (select account_id from audit_record);

create table app_user (
    user_id text not null primary key,
    account_id text not null references account (account_id),
    -- The identity in votes, approvals and the trail: it stays when the name changes.
    principal_id text not null,
    name text not null,
    name_key text not null,
    email text,
    email_key text,
    role text not null constraint app_user_role
        check (role in ('admin', 'approver', 'editor', 'owner', 'viewer')),
    -- argon2id as a PHC text; none: no sign-in with a password.
    password text,
    created_at bigint not null,
    disabled_at bigint,
    signed_in_at bigint
);

create unique index app_user_principal on app_user (account_id, principal_id);
create unique index app_user_name on app_user (account_id, name_key);
create unique index app_user_email on app_user (account_id, email_key) where email_key is not null;
create index app_user_by_name on app_user (name_key);
create index app_user_by_email on app_user (email_key) where email_key is not null;

create table agent (
    agent_id text not null primary key,
    account_id text not null references account (account_id),
    -- Also its identity, so it never changes.
    name text not null,
    description text,
    created_at bigint not null,
    disabled_at bigint
);

create unique index agent_name on agent (account_id, name);

-- Whoever held an owner's key is a user now, and whoever held an agent's key an agent, with the identity as before.
insert into app_user (user_id, account_id, principal_id, name, name_key, role, created_at, disabled_at)
select min(api_key_id), account_id, name, name, name, 'owner', min(created_at),
    case when name <> 'owner' and count(*) = count(revoked_at) then max(revoked_at) end
from api_key where role = 'owner' group by account_id, name;

insert into agent (agent_id, account_id, name, created_at)
select min(api_key_id), account_id, name, min(created_at)
from api_key where role = 'agent' group by account_id, name;

create table owned_key (
    api_key_id text not null primary key,
    account_id text not null references account (account_id),
    name text not null,
    user_id text references app_user (user_id),
    agent_id text references agent (agent_id),
    -- What the role is narrowed to, as a JSON list; empty: nothing is narrowed.
    scopes text not null default '[]',
    -- The flow whose policy applies to calls with this key.
    flow text,
    -- SHA-256 of the key; the key itself is never stored.
    hash text not null constraint api_key_secret unique,
    hint text not null,
    created_at bigint not null,
    expires_at bigint,
    last_used_at bigint,
    revoked_at bigint,
    -- After a rotation: the text before, and until when it is still good.
    previous_hash text,
    previous_until bigint,
    constraint api_key_holder check ((user_id is null) <> (agent_id is null))
);

insert into owned_key (api_key_id, account_id, name, user_id, agent_id, hash, hint, created_at, revoked_at)
select k.api_key_id, k.account_id, k.name, u.user_id, a.agent_id, k.hash, k.hint, k.created_at, k.revoked_at
from api_key k
left join app_user u on u.account_id = k.account_id and u.name = k.name and k.role = 'owner'
left join agent a on a.account_id = k.account_id and a.name = k.name and k.role = 'agent';

drop table api_key;
alter table owned_key rename to api_key;

-- A name is free again once its key is revoked.
create unique index api_key_good_name on api_key (account_id, coalesce(user_id, agent_id), name)
    where revoked_at is null;

create table team (
    team_id text not null primary key,
    account_id text not null references account (account_id),
    name text not null,
    description text,
    created_at bigint not null
);

create unique index team_name on team (account_id, lower(name));

create table team_member (
    team_id text not null references team (team_id),
    -- A user or an agent.
    member_id text not null,
    primary key (team_id, member_id)
);

create index team_member_by_member on team_member (member_id);

-- One sign-in: a browser's session or a family of bearer tokens.
create table sign_in (
    sign_in_id text not null primary key,
    account_id text not null references account (account_id),
    user_id text not null references app_user (user_id),
    kind text not null constraint sign_in_kind check (kind in ('cookie', 'token')),
    created_at bigint not null,
    used_at bigint not null,
    expires_at bigint not null
);

create index sign_in_by_user on sign_in (user_id);

create table sign_in_token (
    -- SHA-256 of the token; the token itself is never stored.
    hash text not null primary key,
    sign_in_id text not null references sign_in (sign_in_id),
    kind text not null constraint sign_in_token_kind check (kind in ('access', 'cookie', 'refresh')),
    expires_at bigint not null,
    -- A refresh token is spent by its first use.
    spent_at bigint
);

create index sign_in_token_by_sign_in on sign_in_token (sign_in_id);

create table invitation (
    invitation_id text not null primary key,
    account_id text not null references account (account_id),
    -- SHA-256 of the link's token.
    hash text not null constraint invitation_hash unique,
    email text,
    role text not null,
    -- Ids of teams, as a JSON list.
    teams text not null,
    invited_by text not null,
    created_at bigint not null,
    expires_at bigint not null,
    accepted_at bigint,
    revoked_at bigint
);

create index invitation_by_account on invitation (account_id, created_at);

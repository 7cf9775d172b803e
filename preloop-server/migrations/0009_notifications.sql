-- Who is told of approval requests, by what, and how that went.

create table notification_delivery (
    delivery_id text not null primary key,
    account_id text not null references account (account_id),
    approval_id text not null references approval (approval_id),
    -- The event of the request that it tells of.
    event_seq bigint not null,
    kind text not null,
    channel text not null constraint notification_delivery_channel
        check (channel in ('email', 'mattermost', 'mobile_push', 'slack', 'web_push', 'webhook')),
    -- The user who is told; empty where it is a place that the workflow names.
    user_id text references app_user (user_id),
    -- Where it goes, as JSON without secrets; see service/notifications/target.rs.
    target text not null,
    -- Deliveries of one lane wait for each other only.
    lane text not null,
    state text not null constraint notification_delivery_state
        check (state in ('dead', 'dropped', 'pending', 'sent')),
    attempts bigint not null default 0,
    due_at bigint not null,
    -- While it is being sent: until when nobody else may send it.
    leased_until bigint,
    -- Which server sends it.
    leased_by text,
    -- What names the message at its channel.
    reference text,
    error text,
    created_at bigint not null,
    finished_at bigint,
    constraint notification_delivery_once unique (approval_id, event_seq, channel, target)
);

create index notification_delivery_due on notification_delivery (lane, due_at)
    where state = 'pending';
create index notification_delivery_by_account on notification_delivery
    (account_id, state, created_at, delivery_id);
create index notification_delivery_finished on notification_delivery (finished_at)
    where finished_at is not null;

create table notification_preference (
    user_id text not null primary key references app_user (user_id),
    account_id text not null references account (account_id),
    settings text not null,
    slack_user_id text,
    mattermost_user_id text,
    updated_at bigint not null
);

-- A person of a chat stands for one user of an account.
create unique index notification_preference_slack
    on notification_preference (account_id, slack_user_id) where slack_user_id is not null;
create unique index notification_preference_mattermost
    on notification_preference (account_id, mattermost_user_id)
    where mattermost_user_id is not null;

create table device (
    device_id text not null primary key,
    account_id text not null references account (account_id),
    user_id text not null references app_user (user_id),
    name text not null,
    platform text not null constraint device_platform check (platform in ('android', 'ios', 'web')),
    -- Where the push service takes messages, or the token of the app.
    address text not null,
    browser_key text,
    browser_auth text,
    created_at bigint not null,
    constraint device_address unique (account_id, address)
);

create index device_by_user on device (user_id, created_at);

-- Codes that were used, so that none is used twice; one that has ended is refused by itself.
create table spent_code (
    -- SHA-256 of the code.
    hash text not null primary key,
    expires_at bigint not null
);

//! How much of everything an account may have: what one tenant makes is in the memory of every server.

use preloop_core::Timestamp;
use uuid::Uuid;

use super::dialect::WriteTransaction;
use super::keys::KeyHolder;
use super::row::micros;
use super::{StoreError, users};

/// Good keys of one user or agent.
const KEYS_OF_HOLDER_MAX: i64 = 100;
/// Good keys of an account.
const KEYS_MAX: i64 = 10_000;
/// Revoked keys of one user or agent that are kept to be looked at.
const REVOKED_KEPT: i64 = 100;
/// Users, and as many agents.
const PRINCIPALS_MAX: i64 = 10_000;
const TEAMS_MAX: i64 = 1_000;
/// Invitations that wait to be accepted.
const INVITATIONS_MAX: i64 = 1_000;

/// Fails where holder or account have as many good keys as may be, and forgets the oldest revoked ones.
pub(super) async fn check_keys(
    tx: &mut WriteTransaction,
    account_id: Uuid,
    holder: KeyHolder,
    now: Timestamp,
) -> Result<(), StoreError> {
    users::hold(tx, account_id).await?;
    let holder = holder.id().to_string();
    let of_holder = "select count(*) from api_key where coalesce(user_id, agent_id) = $1
        and revoked_at is null and (expires_at is null or expires_at > $2)";
    let of_account = "select count(*) from api_key where account_id = $1
        and revoked_at is null and (expires_at is null or expires_at > $2)";
    for (count, id, most, what) in [
        (of_holder, holder.clone(), KEYS_OF_HOLDER_MAX, "good keys of one holder"),
        (of_account, account_id.to_string(), KEYS_MAX, "good keys"),
    ] {
        let count = sqlx::query_scalar(count).bind(id).bind(micros(now));
        has_room(count.fetch_one(&mut **tx).await?, most, what)?;
    }
    sqlx::query(
        "delete from api_key where coalesce(user_id, agent_id) = $1 and revoked_at is not null
            and api_key_id not in (
                select api_key_id from api_key
                where coalesce(user_id, agent_id) = $1 and revoked_at is not null
                order by revoked_at desc, api_key_id desc limit $2)",
    )
    .bind(&holder)
    .bind(REVOKED_KEPT)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Fails where the account has as many users as may be; who adds one holds the account's people.
pub(super) async fn check_users(
    tx: &mut WriteTransaction,
    account_id: Uuid,
) -> Result<(), StoreError> {
    let count = "select count(*) from app_user where account_id = $1";
    has_room(counted(tx, count, account_id).await?, PRINCIPALS_MAX, "users")
}

/// The same for agents.
pub(super) async fn check_agents(
    tx: &mut WriteTransaction,
    account_id: Uuid,
) -> Result<(), StoreError> {
    let count = "select count(*) from agent where account_id = $1";
    has_room(counted(tx, count, account_id).await?, PRINCIPALS_MAX, "agents")
}

/// The same for teams.
pub(super) async fn check_teams(
    tx: &mut WriteTransaction,
    account_id: Uuid,
) -> Result<(), StoreError> {
    users::hold(tx, account_id).await?;
    let count = "select count(*) from team where account_id = $1";
    has_room(counted(tx, count, account_id).await?, TEAMS_MAX, "teams")
}

/// The same for invitations that wait.
pub(super) async fn check_invitations(
    tx: &mut WriteTransaction,
    account_id: Uuid,
    now: Timestamp,
) -> Result<(), StoreError> {
    users::hold(tx, account_id).await?;
    let count: i64 = sqlx::query_scalar(
        "select count(*) from invitation where account_id = $1 and accepted_at is null
            and revoked_at is null and expires_at > $2",
    )
    .bind(account_id.to_string())
    .bind(micros(now))
    .fetch_one(&mut **tx)
    .await?;
    has_room(count, INVITATIONS_MAX, "open invitations")
}

async fn counted(
    tx: &mut WriteTransaction,
    count: &'static str,
    account_id: Uuid,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(count).bind(account_id.to_string()).fetch_one(&mut **tx).await?)
}

fn has_room(count: i64, most: i64, what: &'static str) -> Result<(), StoreError> {
    if count < most { Ok(()) } else { Err(StoreError::Full { what, most }) }
}

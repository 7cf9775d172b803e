//! Brings the tables up to date: forward only, each step once, under a lock.

use sqlx::Row as _;

use super::{Store, StoreError};
use crate::digest::sha256_hex;

/// One step, embedded in the binary.
struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "initial",
        sql: include_str!("../../migrations/0001_initial.sql"),
    },
    Migration {
        version: 2,
        name: "replicas",
        sql: include_str!("../../migrations/0002_replicas.sql"),
    },
    Migration { version: 3, name: "people", sql: include_str!("../../migrations/0003_people.sql") },
    Migration {
        version: 4,
        name: "policies",
        sql: include_str!("../../migrations/0004_policies.sql"),
    },
    Migration {
        version: 5,
        name: "secrets",
        sql: include_str!("../../migrations/0005_secrets.sql"),
    },
    Migration {
        version: 6,
        name: "tool schemas",
        sql: include_str!("../../migrations/0006_tool_schemas.sql"),
    },
    Migration { version: 7, name: "guard", sql: include_str!("../../migrations/0007_guard.sql") },
    Migration {
        version: 8,
        name: "approval events",
        sql: include_str!("../../migrations/0008_approval_events.sql"),
    },
    Migration {
        version: 9,
        name: "notifications",
        sql: include_str!("../../migrations/0009_notifications.sql"),
    },
    Migration {
        version: 10,
        name: "links and passkeys",
        sql: include_str!("../../migrations/0010_links_and_passkeys.sql"),
    },
    Migration {
        version: 11,
        name: "approval grants",
        sql: include_str!("../../migrations/0011_approval_grants.sql"),
    },
    Migration {
        version: 12,
        name: "approval calls",
        sql: include_str!("../../migrations/0012_approval_calls.sql"),
    },
    Migration {
        version: 13,
        name: "ai reviews",
        sql: include_str!("../../migrations/0013_ai_reviews.sql"),
    },
    Migration {
        version: 14,
        name: "approval uses",
        sql: include_str!("../../migrations/0014_approval_uses.sql"),
    },
    Migration {
        version: 15,
        name: "replicas alive",
        sql: include_str!("../../migrations/0015_replicas_alive.sql"),
    },
    Migration {
        version: 16,
        name: "approval arguments",
        sql: include_str!("../../migrations/0016_approval_arguments.sql"),
    },
    Migration {
        version: 17,
        name: "approval definition",
        sql: include_str!("../../migrations/0017_approval_definition.sql"),
    },
];

/// Runs what has not run yet.
pub(super) async fn run(store: &Store) -> Result<(), StoreError> {
    // Of two servers that start at once, one waits.
    let mut tx = store.write().await?;
    tx.hold("migrations").await?;
    sqlx::query(
        "create table if not exists schema_migration (
            version bigint not null primary key,
            name text not null,
            checksum text not null
        )",
    )
    .execute(&mut *tx)
    .await?;
    let rows = sqlx::query("select version, checksum from schema_migration order by version")
        .fetch_all(&mut *tx)
        .await?;
    let mut applied = Vec::with_capacity(rows.len());
    for row in &rows {
        applied.push((row.try_get::<i64, _>("version")?, row.try_get::<String, _>("checksum")?));
    }
    for (version, checksum) in &applied {
        let known = MIGRATIONS.iter().find(|migration| migration.version == *version);
        match known {
            None => {
                return Err(StoreError::Migration {
                    message: format!(
                        "the database was written by a later version of preloop (step {version}); \
                         start that version, or use another data folder"
                    ),
                });
            }
            Some(migration) if checksum_of(migration.sql) != *checksum => {
                return Err(StoreError::Migration {
                    message: format!(
                        "step {version} of the database was made from another text than this version has; \
                         restore the database from a backup"
                    ),
                });
            }
            Some(_) => {}
        }
    }
    // A migration is many statements, each of which the database bounds by itself.
    tx.without_limit();
    for migration in MIGRATIONS {
        if applied.iter().any(|(version, _)| *version == migration.version) {
            continue;
        }
        sqlx::raw_sql(migration.sql).execute(&mut *tx).await?;
        sqlx::query("insert into schema_migration (version, name, checksum) values ($1, $2, $3)")
            .bind(migration.version)
            .bind(migration.name)
            .bind(checksum_of(migration.sql))
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(())
}

fn checksum_of(sql: &str) -> String {
    sha256_hex(&[sql.as_bytes()])
}

//! Browsers and phones that take pushes, and the codes that were used up.

use preloop_api::DevicePlatform;
use preloop_core::Timestamp;
use uuid::Uuid;

use super::super::dialect::EngineRow;
use super::super::row::{Columns, micros};
use super::super::{Store, StoreError};

const TABLE: &str = "device";

/// A device of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredDevice {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) name: String,
    pub(crate) platform: DevicePlatform,
    /// Where the push service takes messages, or the token of the app.
    pub(crate) address: String,
    /// Key and secret of a browser, in base64 for URLs.
    pub(crate) browser: Option<(String, String)>,
    pub(crate) created_at: Timestamp,
}

impl Store {
    /// The devices of an account's users, or of one of them, oldest first.
    pub(crate) async fn device_list(
        &self,
        account_id: Uuid,
        user_id: Option<Uuid>,
    ) -> Result<Vec<StoredDevice>, StoreError> {
        let rows = sqlx::query(
            "select device_id, user_id, name, platform, address, browser_key, browser_auth, created_at
             from device where account_id = $1 and ($2 = '' or user_id = $2)
             order by created_at, device_id",
        )
        .bind(account_id.to_string())
        .bind(user_id.map(|id| id.to_string()).unwrap_or_default())
        .fetch_all(self.connections.reader())
        .await?;
        rows.iter().map(read).collect()
    }

    /// Adds a device; one of the same address, which is the same device, gives way. Of a user's devices the newest
    /// `most` stay.
    pub(crate) async fn device_put(
        &self,
        account_id: Uuid,
        device: &StoredDevice,
        most: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        tx.hold(&format!("devices of {account_id}")).await?;
        sqlx::query("delete from device where account_id = $1 and address = $2")
            .bind(account_id.to_string())
            .bind(&device.address)
            .execute(&mut *tx)
            .await?;
        let (key, auth) = device.browser.clone().unzip();
        sqlx::query(
            "insert into device (device_id, account_id, user_id, name, platform, address, browser_key,
                browser_auth, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(device.id.to_string())
        .bind(account_id.to_string())
        .bind(device.user_id.to_string())
        .bind(&device.name)
        .bind(device.platform.as_str())
        .bind(&device.address)
        .bind(key)
        .bind(auth)
        .bind(micros(device.created_at))
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "delete from device where user_id = $1 and device_id not in (
                select device_id from device where user_id = $1
                order by created_at desc, device_id desc limit $2)",
        )
        .bind(device.user_id.to_string())
        .bind(most)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Forgets a device of a user; false where there is none of that id.
    pub(crate) async fn device_delete(
        &self,
        account_id: Uuid,
        user_id: Uuid,
        id: Uuid,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let gone = sqlx::query(
            "delete from device where account_id = $1 and user_id = $2 and device_id = $3",
        )
        .bind(account_id.to_string())
        .bind(user_id.to_string())
        .bind(id.to_string())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(gone.rows_affected() > 0)
    }

    /// Spends a code that ends at that time; false where it was spent before.
    pub(crate) async fn code_spend(
        &self,
        hash: &str,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        // One that has ended is refused without a note.
        sqlx::query("delete from spent_code where expires_at <= $1")
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        let spent = sqlx::query(
            "insert into spent_code (hash, expires_at) values ($1, $2)
             on conflict (hash) do nothing",
        )
        .bind(hash)
        .bind(micros(expires_at))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(spent.rows_affected() > 0)
    }
}

fn read(row: &EngineRow) -> Result<StoredDevice, StoreError> {
    let columns = Columns::of(TABLE, "device_id", row);
    Ok(StoredDevice {
        id: columns.id("device_id")?,
        user_id: columns.id("user_id")?,
        name: columns.text("name")?,
        platform: columns.named("platform", DevicePlatform::from_name)?,
        address: columns.text("address")?,
        browser: columns.text_opt("browser_key")?.zip(columns.text_opt("browser_auth")?),
        created_at: columns.time("created_at")?,
    })
}

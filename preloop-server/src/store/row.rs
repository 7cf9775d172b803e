//! Reads columns into the types of the layers above, and says which row is damaged where one is.

use preloop_core::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use uuid::Uuid;

use super::StoreError;
use super::dialect::EngineRow;

/// A row with the names it has in error messages.
pub(super) struct Columns<'a> {
    table: &'static str,
    key: &'static str,
    row: &'a EngineRow,
}

impl<'a> Columns<'a> {
    /// The columns of a row of `table`, whose key is in the column `key`.
    pub(super) fn of(table: &'static str, key: &'static str, row: &'a EngineRow) -> Self {
        Self { table, key, row }
    }

    pub(super) fn text(&self, column: &str) -> Result<String, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    pub(super) fn text_opt(&self, column: &str) -> Result<Option<String>, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    pub(super) fn integer(&self, column: &str) -> Result<i64, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    pub(super) fn integer_opt(&self, column: &str) -> Result<Option<i64>, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    pub(super) fn id(&self, column: &str) -> Result<Uuid, StoreError> {
        let text = self.text(column)?;
        text.parse().map_err(|_| self.corrupt(format!("`{column}` is no id")))
    }

    pub(super) fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        from_micros(self.integer(column)?)
            .ok_or_else(|| self.corrupt(format!("`{column}` is no time")))
    }

    pub(super) fn time_opt(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        match self.integer_opt(column)? {
            None => Ok(None),
            Some(_) => self.time(column).map(Some),
        }
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?)
            .map_err(|error| self.corrupt(format!("`{column}` cannot be read: {error}")))
    }

    pub(super) fn json_opt<T: DeserializeOwned>(
        &self,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        match self.text_opt(column)? {
            None => Ok(None),
            Some(_) => self.json(column).map(Some),
        }
    }

    /// A text column that must be one of a closed set of names.
    pub(super) fn named<T>(
        &self,
        column: &str,
        from_name: impl Fn(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        let text = self.text(column)?;
        from_name(&text).ok_or_else(|| self.corrupt(format!("`{column}` is `{text}`")))
    }

    pub(super) fn corrupt(&self, message: String) -> StoreError {
        let row = self.row.try_get::<String, _>(self.key).unwrap_or_default();
        StoreError::Corrupt { table: self.table, row, message }
    }
}

/// The form that text of callers has in columns that only find a row: PostgreSQL takes every character but NUL.
pub(super) fn findable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The form that times have in every table.
pub(super) fn micros(time: Timestamp) -> i64 {
    time.unix_micros()
}

/// The time that a table means.
pub(super) fn from_micros(micros: i64) -> Option<Timestamp> {
    Timestamp::from_unix_micros(micros).ok()
}

/// The form that structures have in every table.
pub(super) fn to_json<T: Serialize>(
    table: &'static str,
    row: &impl ToString,
    value: &T,
) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt {
        table,
        row: row.to_string(),
        message: format!("cannot be written: {error}"),
    })
}

//! Why the store could not do as told; what it says never holds SQL.

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// A row holds something that cannot be.
    #[error("the database is damaged: row `{row}` of table `{table}`: {message}")]
    Corrupt {
        /// Its table.
        table: &'static str,
        /// Its key.
        row: String,
        /// What cannot be.
        message: String,
    },
    /// The account has as much of something as may be.
    #[error("the account has {most} {what}, which is the most")]
    Full {
        /// Of what.
        what: &'static str,
        /// How many may be.
        most: i64,
    },
    /// The place of the database cannot be used.
    #[error("{message}")]
    Location {
        /// What does not fit and what to do.
        message: String,
    },
    /// The database was written by a later version, or its history was edited.
    #[error("{message}")]
    Migration {
        /// What does not fit and what to do.
        message: String,
    },
    /// A secret cannot be sealed or opened.
    #[error("{message}")]
    Sealed {
        /// Which one, why, and what to do.
        message: String,
    },
    /// The database does not answer.
    #[error("the database does not answer: {0}")]
    Unavailable(#[from] sqlx::Error),
}

/// Classes of PostgreSQL's errors that end by themselves: no connection, a conflict, no room, not now, taken away.
const PASSING_CLASSES: [&str; 5] = ["08", "40", "53", "55", "57"];

impl StoreError {
    /// Whether the database may answer by and by: it is away, starts, or is busy. A wrong password or name stays wrong.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unavailable(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut) => true,
            Self::Unavailable(sqlx::Error::Database(error)) => error
                .code()
                .is_some_and(|code| PASSING_CLASSES.iter().any(|class| code.starts_with(class))),
            Self::Corrupt { .. }
            | Self::Full { .. }
            | Self::Location { .. }
            | Self::Migration { .. }
            | Self::Sealed { .. }
            | Self::Unavailable(_) => false,
        }
    }

    /// Whether the write broke the named unique constraint.
    pub(crate) fn is_duplicate(&self) -> bool {
        match self {
            Self::Unavailable(sqlx::Error::Database(error)) => error.is_unique_violation(),
            Self::Corrupt { .. }
            | Self::Full { .. }
            | Self::Location { .. }
            | Self::Migration { .. }
            | Self::Sealed { .. }
            | Self::Unavailable(_) => false,
        }
    }
}

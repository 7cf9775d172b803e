//! Which database a server uses.

use std::fmt;
use std::path::PathBuf;

/// A SQLite file, or a PostgreSQL database that several servers may share.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// The URL, which may hold a password.
    Postgres(String),
    /// The file.
    Sqlite(PathBuf),
}

impl Location {
    /// Reads what `--database-url` says.
    ///
    /// # Errors
    /// Where it names neither engine.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let path = url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
        match path {
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            // What was given may hold a password, so it is not repeated.
            Some(_) | None => Err("`--database-url` must be `sqlite:PATH`, such as `sqlite:/var/lib/preloop/preloop.db`, \
                 or `postgres://USER:PASSWORD@HOST/DATABASE`"
                .to_owned()),
        }
    }

    /// Whether several servers may use it at once.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(_) => f.write_str("Postgres(..)"),
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
        }
    }
}

/// As messages name it: without user and password.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Postgres(url) => {
                let after = url.rsplit_once('@').map_or_else(
                    || url.split_once("://").map_or("", |(_, rest)| rest),
                    |(_, rest)| rest,
                );
                write!(f, "postgres://{}", after.split('?').next().unwrap_or_default())
            }
        }
    }
}

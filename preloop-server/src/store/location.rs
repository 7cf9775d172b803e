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
            Self::Postgres(url) => write!(f, "postgres://{}", without_password(url)),
        }
    }
}

/// Host and database of a URL; neither where it cannot be told for sure what belongs to the password.
fn without_password(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let address = rest.split(['?', '#']).next().unwrap_or_default();
    match (rest.matches('@').count(), address.split_once('@')) {
        (0, _) => address,
        (1, Some((credentials, host))) if !credentials.contains('/') => host,
        _ => "...",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_of_a_url_shows_its_password() {
        for (url, shown) in [
            ("postgres://host/db", "postgres://host/db"),
            ("postgresql://ann:secret@host:5432/db?sslmode=require", "postgres://host:5432/db"),
            ("postgres://host/db?user=ann@x&password=secret", "postgres://..."),
            ("postgres://host/db?password=secret", "postgres://host/db"),
            ("postgres://ann:secret?1@host/db", "postgres://..."),
            ("postgres://ann:secret/1@host/db", "postgres://..."),
            ("postgres://ann:secret@1@host/db", "postgres://..."),
        ] {
            let location = Location::parse(url).unwrap();
            assert_eq!(location.to_string(), shown, "{url}");
            assert!(!format!("{location:?}").contains("secret"));
        }
    }
}

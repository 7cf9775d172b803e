//! Both engines for tests: a file in a folder that is thrown away, or a database of a throwaway PostgreSQL.

use std::sync::Arc;

use super::{Location, Store, StoreError};

/// Where the store of a test lives; clones are the same place.
#[derive(Clone)]
pub(crate) struct Place {
    folder: Arc<tempfile::TempDir>,
    location: Location,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let path = folder.path().join("a file.db");
        std::fs::write(&path, "").unwrap();
        Self { location: Location::Sqlite(path), folder }
    }

    pub(crate) fn postgres() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self { location: Location::Postgres(preloop_testbed::Database::create().url()), folder }
    }

    /// A folder beside the store.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Does something to the database that no server does.
    pub(crate) async fn execute(&self, sql: &'static str) {
        let store = self.open("by hand").await.unwrap();
        let mut tx = store.write().await.unwrap();
        sqlx::raw_sql(sql).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        store.close().await;
    }

    pub(crate) async fn open(&self, replica: &str) -> Result<Store, StoreError> {
        Store::open(self.location.clone(), replica).await
    }
}

/// Makes a test for each engine of each function that takes a place.
macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $test() { super::$test(crate::store::testing::Place::sqlite()).await; })+
        }
        mod postgres {
            $(#[tokio::test] async fn $test() { super::$test(crate::store::testing::Place::postgres()).await; })+
        }
    };
}
pub(crate) use on_both_engines;

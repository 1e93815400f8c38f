//! Both engines have the same schema, and migrations are safe to repeat.

use std::collections::BTreeSet;

use super::{
    TestStore,
    fixture::{Place, TENANT, clock},
};
use crate::{OpenError, Store, sql::Sql};

inkan_test_support::engines!(TestStore:
    migrations_are_idempotent,
    newer_schemas_are_refused,
    different_migrations_are_refused,
);

async fn names(test: &TestStore, sql: &'static Sql) -> BTreeSet<String> {
    let rows = test.store.read(TENANT, async |tx| tx.query(sql, &[]).await).await.unwrap();
    rows.into_iter().map(|mut row| row.take().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemas_are_equal() {
    static COLUMNS: Sql = Sql::per_engine(
        "SELECT table_name || '.' || column_name || ' ' || is_nullable FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name <> 'refinery_schema_history'",
        "SELECT t.name || '.' || c.name || CASE WHEN c.\"notnull\" = 1 OR c.pk > 0 THEN ' NO' ELSE ' YES' END \
         FROM sqlite_master t, pragma_table_xinfo(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> 'refinery_schema_history'",
    );
    static INDEXES: Sql = Sql::per_engine(
        "SELECT tablename || '.' || indexname || ' ' || (indexdef LIKE 'CREATE UNIQUE%')::text \
         FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey'",
        "SELECT tbl_name || '.' || name || CASE WHEN sql LIKE 'CREATE UNIQUE%' THEN ' true' ELSE ' false' END \
         FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    );
    let (sqlite, postgres) = (TestStore::sqlite().await, TestStore::postgres().await);
    assert_eq!(names(&sqlite, &COLUMNS).await, names(&postgres, &COLUMNS).await);
    let indexes = names(&sqlite, &INDEXES).await;
    assert_eq!(indexes, names(&postgres, &INDEXES).await);
    assert!(indexes.contains("emails.emails_user_idx false"), "spec 11, weakness 14: {indexes:?}");
}

async fn migrations_are_idempotent(test: TestStore) {
    let user = test.user().await;
    let test = test.reopen().await.reopen().await;
    assert_eq!(test.count("tenants").await, 1);
    assert_eq!(
        test.count("refinery_schema_history").await,
        i64::try_from(crate::migrations::SQLITE.len()).unwrap()
    );
    let found = test.store.read(TENANT, async |tx| tx.users().find(user.id).await).await.unwrap();
    assert_eq!(found, Some(user));
}

async fn open_after(test: TestStore, change: &'static Sql) -> OpenError {
    test.store.write(TENANT, async |tx| tx.execute(change, &[]).await).await.unwrap();
    test.store.close().await;
    Store::open(test.place.options(), clock()).await.err().unwrap()
}

async fn newer_schemas_are_refused(test: TestStore) {
    static NEWER: Sql = Sql::new(
        "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
         VALUES (9999, 'from_the_future', '2030-01-01T00:00:00Z', '1')",
    );
    let error = open_after(test, &NEWER).await;
    assert!(
        matches!(&error, OpenError::NewerSchema { found } if found.contains("from_the_future")),
        "{error:?}"
    );
}

async fn different_migrations_are_refused(test: TestStore) {
    static OTHER: Sql = Sql::new("UPDATE refinery_schema_history SET checksum = '1' WHERE version = 1");
    let error = open_after(test, &OTHER).await;
    assert!(matches!(error, OpenError::Divergent(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_together_take_turns() {
    let database = inkan_test_support::PostgresCluster::shared().await.empty_database().await;
    let place = Place::Postgres(database);
    let starts: Vec<_> = (0..4).map(|_| tokio::spawn(Store::open(place.options(), clock()))).collect();
    for start in starts {
        start.await.unwrap().unwrap().close().await;
    }
}

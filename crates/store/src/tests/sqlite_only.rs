//! What only a file can have: permissions, locks, damage, other processes.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use inkan_base::UserId;

use super::{
    TestStore,
    fixture::{NOW, Place, TENANT, clock, file, session},
};
use crate::{OpenError, SessionEvent, Store, StoreError, StoreOptions, User};

fn directory(test: &TestStore) -> &inkan_test_support::TempDir {
    match &test.place {
        Place::Sqlite(directory) => directory,
        Place::Postgres(_) => panic!("not a file"),
    }
}

#[tokio::test]
async fn only_the_owner_can_read() {
    let test = TestStore::sqlite().await;
    test.user().await;
    let database = file(directory(&test));
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(database.parent().unwrap()), 0o700);
    for file in fs::read_dir(database.parent().unwrap()).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

/// What a start did before it was cut is undone; else the next one would do it again and fail (spec 14, s106).
#[tokio::test]
async fn s106_migrations_are_done_together_or_not_at_all() {
    let directory = inkan_test_support::temporary_directory();
    let place = Place::Sqlite(directory);
    let Place::Sqlite(directory) = &place else { panic!("not a file") };
    let database = file(directory);
    fs::create_dir_all(database.parent().unwrap()).unwrap();
    let beside = rusqlite::Connection::open(&database).unwrap();
    beside.execute_batch("CREATE TABLE recovery_codes (in_the_way TEXT)").unwrap();
    let refused = Store::open(place.options(), clock()).await;
    assert!(matches!(refused, Err(OpenError::Migration(_))), "{:?}", refused.err());
    let tables = "SELECT count(*) FROM sqlite_master WHERE name IN ('users', 'flows')";
    assert_eq!(beside.query_row(tables, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    beside.execute_batch("DROP TABLE recovery_codes").unwrap();
    drop(beside);
    Store::open(place.options(), clock()).await.unwrap().close().await;
}

#[tokio::test]
async fn a_second_server_is_refused() {
    let test = TestStore::sqlite().await;
    let second = Store::open(test.place.options(), clock()).await;
    assert!(matches!(second, Err(OpenError::Locked { .. })), "{:?}", second.err());
    test.reopen().await.user().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_beside_a_server_are_noticed() {
    let test = TestStore::sqlite().await;
    let user = test.user().await;
    let open = session(&test.rng, &user, 0);
    test.store.write(TENANT, async |tx| tx.sessions().create(&open).await).await.unwrap();
    let alive = async {
        while !test.store.session_events_alive() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), alive).await.unwrap();
    let mut events = test.store.session_events();
    let command = Store::open_beside_server(test.place.options(), clock()).await.unwrap();
    command.write(TENANT, async |tx| tx.sessions().delete(open.id).await).await.unwrap();
    let event = tokio::time::timeout(Duration::from_secs(10), events.recv()).await.unwrap().unwrap();
    assert_eq!(event, SessionEvent::Flush);
}

#[tokio::test]
async fn readers_that_are_lost_are_replaced() {
    let test = TestStore::sqlite().await;
    let user = test.user().await;
    for _ in 0..2 {
        test.store.lose_readers();
        let found = test.store.read(TENANT, async |tx| tx.users().find(user.id).await).await.unwrap();
        assert_eq!(found.as_ref(), Some(&user));
    }
    test.store.close().await;
    let closed = test.store.read(TENANT, async |tx| tx.users().find(user.id).await).await;
    assert!(matches!(closed, Err(StoreError::Unavailable(_))), "{closed:?}");
}

#[tokio::test]
async fn damaged_files_are_named() {
    let directory = inkan_test_support::temporary_directory();
    let path = directory.path().join("inkan.db");
    fs::write(&path, "this is not a database, and long enough to be looked at ".repeat(100)).unwrap();
    let opened = Store::open(StoreOptions::Sqlite { path: path.clone() }, clock()).await;
    let error = opened.err().unwrap();
    assert!(matches!(&error, OpenError::Corrupt { path: named, .. } if *named == path), "{error:?}");

    let opened = Store::open(StoreOptions::Sqlite { path: directory.path().to_owned() }, clock()).await;
    assert!(matches!(opened, Err(OpenError::File { .. })), "{:?}", opened.err());
}

#[tokio::test]
async fn foreign_writers_block_for_bounded_time() {
    let test = TestStore::sqlite().await;
    let other = rusqlite::Connection::open(file(directory(&test))).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let user = User::new(UserId::random(&test.rng), NOW);
    let blocked = test.store.write(TENANT, async |tx| tx.users().create(&user).await).await;
    assert!(matches!(blocked, Err(StoreError::Unavailable(_))), "{blocked:?}");
    test.store.ping().await.unwrap();
    other.execute_batch("ROLLBACK").unwrap();
    test.user().await;
}

#[tokio::test]
async fn awaiting_something_else_is_a_bug() {
    let test = TestStore::sqlite().await;
    let user = User::new(UserId::random(&test.rng), NOW);
    let result = test
        .store
        .write(TENANT, async |tx| {
            tx.users().create(&user).await?;
            std::future::pending::<()>().await;
            Ok::<_, StoreError>(())
        })
        .await;
    assert!(matches!(result, Err(StoreError::Bug(_))), "{result:?}");
    assert_eq!(test.count("users").await, 0);
    test.user().await;
}

/// The disk is full: nobody is told that it was written, and later everything goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_fails_and_recovers() {
    let test = TestStore::sqlite().await;
    test.store.limit_pages(64).await;
    let mut stored = 0;
    let mut refused = 0;
    for _ in 0..100 {
        let mut user = User::new(UserId::random(&test.rng), NOW);
        user.picture = Some("p".repeat(8000));
        match test.store.write(TENANT, async |tx| tx.users().create(&user).await).await {
            Ok(()) => stored += 1,
            Err(StoreError::Unavailable(_)) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(refused > 0);
    assert_eq!(test.count("users").await, stored);
    test.store.limit_pages(1_000_000).await;
    test.user().await;
    let test = test.reopen().await;
    assert_eq!(test.count("users").await, stored + 1);
}

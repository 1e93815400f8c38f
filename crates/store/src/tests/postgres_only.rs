//! What only a server can have: a pool, other nodes, a network.

use std::{sync::Arc, time::Duration};

use inkan_base::{SeededRng, UserId};
use inkan_test_support::PostgresCluster;

use super::{
    TestStore,
    fixture::{NOW, TENANT, clock, postgres_database, session},
};
use crate::{Keep, OpenError, SessionEvent, Store, StoreError, StoreOptions, Tx, User, sql::Sql};

async fn with_pool(pool: usize, wait: Duration) -> (Store, inkan_test_support::TestDatabase) {
    let database = postgres_database().await;
    let options = StoreOptions::Postgres { url: database.url(), pool, wait, keep: Keep::default() };
    (Store::open(options, clock()).await.unwrap(), database)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exhausted_pool_answers_unavailable() {
    let (store, _database) = with_pool(1, Duration::from_millis(100)).await;
    let (started, has_started) = tokio::sync::oneshot::channel();
    let (release, released) = tokio::sync::oneshot::channel::<()>();
    let holder = {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write(TENANT, async |tx| {
                    tx.lock_name("held").await?;
                    tx.meta().find("x").await?;
                    started.send(()).unwrap();
                    let _ = released.await;
                    Ok::<_, StoreError>(())
                })
                .await
        })
    };
    has_started.await.unwrap();
    let waiting = store.read(TENANT, async |tx| tx.meta().find("x").await);
    let answer = tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap();
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    release.send(()).unwrap();
    holder.await.unwrap().unwrap();
    store.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_nodes_hear_of_ended_sessions_and_new_messages() {
    let test = TestStore::postgres().await;
    let node = Store::open(test.place.options(), clock()).await.unwrap();
    let user = test.user().await;
    let open = session(&test.rng, &user, 0);
    test.store.write(TENANT, async |tx| tx.sessions().create(&open).await).await.unwrap();
    let mut events = node.session_events();
    for store in [&test.store, &node] {
        let alive = async {
            while !store.session_events_alive() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), alive).await.unwrap();
    }
    let wakeups = node.outbox_wakeups();
    while tokio::time::timeout(Duration::from_millis(300), wakeups.notified()).await.is_ok() {}
    let message = crate::NewOutboxMessage {
        id: inkan_base::OutboxId::ordered(NOW, &test.rng),
        kind: "mail".to_owned(),
        priority: 1,
        payload: Vec::new(),
        created_at: NOW,
        expires_at: NOW,
    };
    test.store
        .write(TENANT, async |tx| {
            tx.outbox().enqueue(&message).await?;
            tx.sessions().delete(open.id).await
        })
        .await
        .unwrap();
    let heard = async { while events.recv().await.unwrap() != SessionEvent::Ended(open.id) {} };
    tokio::time::timeout(Duration::from_secs(20), heard).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), wakeups.notified()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_listener_is_not_trusted_and_comes_back() {
    static KILL: Sql = Sql::new(
        "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()) AS killed",
    );
    let test = TestStore::postgres().await;
    let state = async |alive: bool| {
        let reached = async {
            while test.store.session_events_alive() != alive {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reached).await.unwrap();
    };
    state(true).await;
    let mut events = test.store.session_events();
    test.store.write(TENANT, async |tx| tx.query(&KILL, &[]).await.map(drop)).await.unwrap();
    state(false).await;
    state(true).await;
    let flushed = async { while events.recv().await.unwrap() != SessionEvent::Flush {} };
    tokio::time::timeout(Duration::from_secs(5), flushed).await.unwrap();
    test.store.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deadlocks_come_out_as_retry() {
    let test = Arc::new(TestStore::postgres().await);
    let (one, two) = (test.user().await, test.user().await);
    let barrier = Arc::new(tokio::sync::Barrier::new(2));
    let lock = |first: User, second: User| {
        let (test, barrier) = (test.clone(), barrier.clone());
        tokio::spawn(async move {
            test.store
                .write(TENANT, async |tx| {
                    tx.lock_user(first.id).await?;
                    tx.users().find(first.id).await?;
                    barrier.wait().await;
                    tx.lock_user(second.id).await
                })
                .await
        })
    };
    let (a, b) = (lock(one.clone(), two.clone()), lock(two, one));
    let mut results = [a.await.unwrap(), b.await.unwrap()];
    results.sort_by_key(Result::is_err);
    assert_eq!(results, [Ok(()), Err(StoreError::Retry)]);
}

/// Statements and round trips of one transaction.
async fn counted<T>(
    store: &Store,
    work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, StoreError>,
) -> (u64, u64) {
    let (result, spent) = crate::counted(Box::pin(store.write(TENANT, work))).await;
    result.unwrap();
    (spent.statements, spent.round_trips)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_share_round_trips() {
    let (store, _database) = with_pool(1, Duration::ZERO).await;
    let rng = SeededRng::new(1);
    let user = User::new(UserId::random(&rng), NOW);
    let ids: Vec<_> = (0..5).map(|_| UserId::random(&rng)).collect();
    for _ in 0..2 {
        store
            .write(TENANT, async |tx| tx.users().create(&User::new(UserId::random(&rng), NOW)).await)
            .await
            .unwrap();
        store.write(TENANT, async |tx| tx.users().delete(UserId::random(&rng)).await).await.unwrap();
        store.read(TENANT, async |tx| tx.accounts().find(user.id).await).await.unwrap();
        store.write(TENANT, async |tx| tx.users().touch(user.id, NOW).await).await.unwrap();
    }
    let before = store.usage();
    assert_eq!(counted(&store, async |_| Ok(())).await, (0, 0));
    assert_eq!(
        counted(&store, async |tx| tx.users().create(&user).await).await,
        (1, 1),
        "with begin and commit"
    );
    let several = async |tx: &mut Tx<'_>| {
        for id in ids {
            tx.users().create(&User::new(id, NOW)).await?;
        }
        Ok(())
    };
    assert_eq!(counted(&store, several).await, (5, 1), "written together");
    let locked = async |tx: &mut Tx<'_>| {
        tx.lock_user(user.id).await?;
        tx.lock_user(user.id).await?;
        let (one, two) = (tx.accounts().ask(user.id).await?, tx.accounts().ask(user.id).await?);
        let (one, two) = (tx.answer(one).await?, tx.answer(two).await?);
        assert!(one.is_some() && one == two);
        tx.users().touch(user.id, NOW).await
    };
    assert_eq!(counted(&store, locked).await, (4, 2), "asked together, written together");
    let after = store.usage().writes;
    assert_eq!(after.statements - before.writes.statements, 10);
    assert_eq!(after.round_trips - before.writes.round_trips, 4);
}

/// The transaction of a caller that goes away at any moment is over: its locks are free, nothing of it is seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_of_callers_that_are_gone_hold_nothing() {
    let (store, _database) = with_pool(2, Duration::ZERO).await;
    let rng = SeededRng::new(1);
    let user = User::new(UserId::random(&rng), NOW);
    store.write(TENANT, async |tx| tx.users().create(&user).await).await.unwrap();
    for _ in 0..10 {
        let gone = store.write(TENANT, async |tx| {
            tx.lock_user(user.id).await?;
            tx.users().create(&User::new(UserId::random(&rng), NOW)).await?;
            tx.users().find(user.id).await?;
            std::future::pending::<Result<(), StoreError>>().await
        });
        assert!(tokio::time::timeout(Duration::from_millis(30), gone).await.is_err());
        let next = store.write(TENANT, async |tx| {
            tx.lock_user(user.id).await?;
            tx.query(&COUNT, &[]).await?.remove(0).take::<i64>()
        });
        assert_eq!(next.await.unwrap(), 1);
    }
}

static BACKEND: Sql = Sql::new("SELECT pg_backend_pid()");
static BACKENDS: Sql = Sql::new(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'inkan'",
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_kept_as_long_as_wanted() {
    let database = postgres_database().await;
    let open = async |keep| {
        let (url, wait) = (database.url(), Duration::ZERO);
        Store::open(StoreOptions::Postgres { url, pool: 4, wait, keep }, clock()).await.unwrap()
    };
    let store = open(Keep { age: Duration::from_hours(1), ..Keep::default() }).await;
    assert_eq!(number(&store, &BACKEND).await, number(&store, &BACKEND).await);
    store.close().await;
    let store = open(Keep { age: Duration::from_millis(1), ..Keep::default() }).await;
    let first = number(&store, &BACKEND).await;
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_ne!(first, number(&store, &BACKEND).await);
    store.close().await;

    for keep in [
        Keep { idle_time: Duration::from_millis(100), ..Keep::default() },
        Keep { idle: 1, age: Duration::from_millis(100), ..Keep::default() },
    ] {
        let (store, watching) = (open(keep).await, open(Keep::default()).await);
        let both = tokio::join!(number(&store, &BACKEND), number(&store, &BACKEND), number(&store, &BACKEND));
        assert_ne!(both.0, both.1);
        let closed = async {
            // two listeners and the one that watches
            while number(&watching, &BACKENDS).await > 3 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), closed).await.unwrap();
        store.ping().await.unwrap();
        store.close().await;
        watching.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_migration_is_waited_for_but_not_for_ever() {
    static LOCK: Sql = Sql::new("SELECT pg_advisory_lock(115922968866305)");
    let (store, database) = with_pool(1, Duration::ZERO).await;
    store.read(TENANT, async |tx| tx.query(&LOCK, &[]).await.map(drop)).await.unwrap();
    let options =
        StoreOptions::Postgres { url: database.url(), pool: 1, wait: Duration::ZERO, keep: Keep::default() };
    let waiting = Store::open(options.clone(), clock()).await;
    assert!(matches!(waiting, Err(OpenError::Busy { .. })), "{:?}", waiting.err());
    store.close().await;
    Store::open(options, clock()).await.unwrap();
}

/// Nothing is held while a transaction has only asked. From the first lock or change on it is one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_open_no_transaction() {
    static OPEN: Sql = Sql::new(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'",
    );
    let (store, database) = with_pool(1, Duration::ZERO).await;
    let options =
        StoreOptions::Postgres { url: database.url(), pool: 1, wait: Duration::ZERO, keep: Keep::default() };
    let watching = Store::open(options, clock()).await.unwrap();
    let seen: Result<_, StoreError> = store
        .write(TENANT, async |tx| {
            tx.meta().find("x").await?;
            let asked = number(&watching, &OPEN).await;
            tx.lock_user(UserId(uuid::Uuid::nil())).await?;
            tx.meta().find("x").await?;
            Ok((asked, number(&watching, &OPEN).await))
        })
        .await;
    assert_eq!((seen.unwrap(), number(&watching, &OPEN).await), ((0, 1), 0));
}

async fn number(store: &Store, sql: &'static Sql) -> i64 {
    store.read(TENANT, async |tx| tx.query(sql, &[]).await?.remove(0).take::<i64>()).await.unwrap()
}

static COUNT: Sql = Sql::new("SELECT count(*) FROM users");

#[tokio::test]
async fn unusable_urls_are_explained() {
    let open = async |url: &str| {
        let options = StoreOptions::Postgres {
            url: url.to_owned(),
            pool: 1,
            wait: Duration::ZERO,
            keep: Keep::default(),
        };
        Store::open(options, clock()).await.err().unwrap()
    };
    assert!(matches!(open("nonsense").await, OpenError::Url(_)));
    assert!(matches!(open("host=/nowhere user=x").await, OpenError::Unavailable(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_encrypted_and_verified() {
    static ENCRYPTED: Sql = Sql::new("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    let (_cluster, port, authority) = PostgresCluster::start_encrypted().await;
    let open = async |host: &str, parameters: &str| {
        let url = format!("postgres://postgres@{host}:{port}/postgres?{parameters}");
        Store::open(
            StoreOptions::Postgres { url, pool: 2, wait: Duration::ZERO, keep: Keep::default() },
            clock(),
        )
        .await
    };
    let trusted = format!("sslmode=require&sslrootcert={}", authority.display());
    let store = open("localhost", &trusted).await.unwrap();
    let row = store.read(TENANT, async |tx| tx.find(&ENCRYPTED, &[]).await).await.unwrap();
    assert_eq!(row.unwrap().take(), Ok(true));

    let wrong_name = open("127.0.0.1", &trusted).await.err().unwrap();
    assert!(wrong_name.to_string().contains("certificate"), "{wrong_name}");
    assert!(open("localhost", "sslmode=require").await.is_err(), "an unknown authority is refused");
    assert!(matches!(open("localhost", "sslmode=sometimes").await, Err(OpenError::Url(_))));
    assert!(matches!(
        open("localhost", "sslmode=require&sslrootcert=/nowhere").await,
        Err(OpenError::Tls(_))
    ));
}

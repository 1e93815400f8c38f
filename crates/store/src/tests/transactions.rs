//! Commit and rollback, alone and in groups.

use std::{sync::Arc, time::Duration};

use inkan_base::{Timestamp, UserId};

use super::{
    TestStore,
    fixture::{NOW, TENANT},
};
use crate::{StoreError, User};

inkan_test_support::engines!(TestStore:
    committed_rows_survive_reopening,
    parallel_writers_are_all_durable,
    errors_roll_back_alone,
    panics_roll_back_alone,
    cancelled_callers_leave_whole_transactions,
    failed_statements_cannot_be_hidden,
    readers_must_not_write,
    writers_and_readers_do_not_exclude_each_other,
    answers_after_close_are_unavailable,
    names_can_be_locked,
    closing_waits_for_writers,
);

async fn committed_rows_survive_reopening(test: TestStore) {
    let user = test.user().await;
    let test = test.reopen().await;
    let found = test.store.read(TENANT, async |tx| tx.users().find(user.id).await).await.unwrap();
    assert_eq!(found, Some(user));
}

async fn parallel_writers_are_all_durable(test: TestStore) {
    let test = Arc::new(test);
    let writers: Vec<_> = (0..64)
        .map(|_| {
            let test = test.clone();
            tokio::spawn(async move {
                for _ in 0..10 {
                    test.user().await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let test = Arc::try_unwrap(test).ok().unwrap().reopen().await;
    assert_eq!(test.count("users").await, 640);
}

async fn errors_roll_back_alone(test: TestStore) {
    let test = Arc::new(test);
    let writers: Vec<_> = (0..40)
        .map(|number| {
            let test = test.clone();
            tokio::spawn(async move {
                let user = User::new(UserId::random(&test.rng), NOW);
                test.store
                    .write(TENANT, async |tx| {
                        tx.users().create(&user).await?;
                        if number % 2 == 0 { Err(StoreError::Bug("wanted".to_owned())) } else { Ok(()) }
                    })
                    .await
            })
        })
        .collect();
    let mut failed = 0;
    for writer in writers {
        failed += usize::from(writer.await.unwrap() == Err(StoreError::Bug("wanted".to_owned())));
    }
    assert_eq!((failed, test.count("users").await), (20, 20));
}

async fn panics_roll_back_alone(test: TestStore) {
    let test = Arc::new(test);
    let writers: Vec<_> = (0..20)
        .map(|number| {
            let test = test.clone();
            tokio::spawn(async move {
                let user = User::new(UserId::random(&test.rng), NOW);
                test.store
                    .write(TENANT, async |tx| {
                        tx.users().create(&user).await?;
                        assert!(number % 2 == 1, "wanted");
                        Ok::<_, StoreError>(())
                    })
                    .await
                    .unwrap();
            })
        })
        .collect();
    for (number, writer) in writers.into_iter().enumerate() {
        assert_eq!(writer.await.is_ok(), number % 2 == 1);
    }
    assert_eq!(test.count("users").await, 10);
    test.user().await;
    assert_eq!(test.count("users").await, 11);
}

/// Two rows per transaction: after any cancellation both are there or none.
async fn cancelled_callers_leave_whole_transactions(test: TestStore) {
    let test = Arc::new(test);
    let mut writers = Vec::new();
    for number in 0..60_u64 {
        let test = test.clone();
        let writer = tokio::spawn(async move {
            let (one, two) = (UserId::random(&test.rng), UserId::random(&test.rng));
            test.store
                .write(TENANT, async |tx| {
                    tx.users().create(&User::new(one, NOW)).await?;
                    tx.users().create(&User::new(two, NOW)).await
                })
                .await
        });
        for _ in 0..number % 7 {
            tokio::task::yield_now().await;
        }
        if number % 2 == 0 {
            writer.abort();
        }
        writers.push(writer);
    }
    for (number, writer) in writers.into_iter().enumerate() {
        assert!(number % 2 == 0 || writer.await.unwrap().is_ok());
    }
    let count = test.count("users").await;
    assert!(count % 2 == 0 && count >= 60, "{count}");
    test.user().await; // the connections are still good
}

async fn failed_statements_cannot_be_hidden(test: TestStore) {
    let user = test.user().await;
    let other = User::new(UserId::random(&test.rng), NOW);
    let result = test
        .store
        .write(TENANT, async |tx| {
            tx.users().create(&other).await?;
            let _ = tx.users().create(&user).await;
            Ok::<_, StoreError>(())
        })
        .await;
    // on PostgreSQL it is the commit that fails
    assert!(matches!(result, Err(StoreError::Bug(_) | StoreError::Conflict { .. })), "{result:?}");
    let result = test
        .store
        .write(TENANT, async |tx| {
            let _ = tx.users().create(&user).await;
            let _ = tx.users().find(user.id).await;
            tx.users().find(user.id).await.map(drop)
        })
        .await;
    assert!(matches!(result, Err(StoreError::Bug(_))), "{result:?}");
    assert_eq!(test.count("users").await, 1);
}

async fn readers_must_not_write(test: TestStore) {
    let user = User::new(UserId::random(&test.rng), NOW);
    let result = test.store.read(TENANT, async |tx| tx.users().create(&user).await).await;
    assert!(matches!(result, Err(StoreError::Bug(_))), "{result:?}");
    let result = test.store.read(TENANT, async |tx| tx.lock_user(user.id).await).await;
    assert!(matches!(result, Err(StoreError::Bug(_))), "{result:?}");
    assert_eq!(test.count("users").await, 0);
}

async fn writers_and_readers_do_not_exclude_each_other(test: TestStore) {
    let user = test.user().await;
    let test = Arc::new(test);
    let tasks: Vec<_> = (0..50_i64)
        .map(|number| {
            let (test, id) = (test.clone(), user.id);
            tokio::spawn(async move {
                if number % 2 == 0 {
                    let at = Timestamp::from_seconds(number);
                    test.store.write(TENANT, async |tx| tx.users().touch(id, at).await).await.unwrap();
                } else {
                    let found = test.store.read(TENANT, async |tx| tx.users().find(id).await).await;
                    assert!(found.unwrap().is_some());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    test.store.ping().await.unwrap();
}

async fn answers_after_close_are_unavailable(test: TestStore) {
    test.store.close().await;
    let user = User::new(UserId::random(&test.rng), NOW);
    let wrote = test.store.write(TENANT, async |tx| tx.users().create(&user).await).await;
    assert!(matches!(wrote, Err(StoreError::Unavailable(_))), "{wrote:?}");
    assert!(matches!(test.store.ping().await, Err(StoreError::Unavailable(_))));
    assert!(!test.store.session_events_alive());
}

async fn names_can_be_locked(test: TestStore) {
    let test = Arc::new(test);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let test = test.clone();
            tokio::spawn(async move {
                test.store
                    .write(TENANT, async |tx| {
                        tx.lock_name("counter").await?;
                        let count = tx.meta().find("count").await?.map_or(0, |count| count.parse().unwrap());
                        tx.meta().set("count", &format!("{}", count + 1)).await
                    })
                    .await
                    .unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let count = test.store.read(TENANT, async |tx| tx.meta().find("count").await).await.unwrap();
    assert_eq!(count.as_deref(), Some("20"));
}

async fn closing_waits_for_writers(test: TestStore) {
    let test = Arc::new(test);
    let writers: Vec<_> = (0..30)
        .map(|_| {
            let test = test.clone();
            tokio::spawn(async move {
                let user = User::new(UserId::random(&test.rng), NOW);
                test.store.write(TENANT, async |tx| tx.users().create(&user).await).await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    tokio::time::timeout(Duration::from_secs(10), test.store.close()).await.unwrap();
    let mut acknowledged = 0;
    for writer in writers {
        acknowledged += i64::from(writer.await.unwrap().is_ok());
    }
    let test = Arc::try_unwrap(test).ok().unwrap().reopen().await;
    assert_eq!(test.count("users").await, acknowledged);
}

//! One-time codes and their attempt budget.

use std::{sync::Arc, time::Duration};

use super::{
    TestStore,
    fixture::{NOW, TENANT, passcode},
};
use crate::StoreError;

inkan_test_support::engines!(TestStore:
    attempts_are_counted_and_given_back,
    expired_codes_give_no_attempt,
    parallel_takers_never_get_more_than_max,
    codes_are_used_once,
);

async fn attempts_are_counted_and_given_back(test: TestStore) {
    let code = passcode(&test.rng);
    test.store
        .write(TENANT, async |tx| {
            tx.passcodes().create(&code).await?;
            assert_eq!(tx.passcodes().find(code.id).await?.as_ref(), Some(&code));
            assert_eq!(tx.passcodes().take_attempt(code.id, 2, NOW).await?.unwrap().attempts, 1);
            assert_eq!(tx.passcodes().take_attempt(code.id, 2, NOW).await?.unwrap().attempts, 2);
            assert_eq!(tx.passcodes().take_attempt(code.id, 2, NOW).await?, None);
            tx.passcodes().give_back_attempt(code.id).await?;
            assert_eq!(tx.passcodes().take_attempt(code.id, 2, NOW).await?.unwrap().attempts, 2);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn expired_codes_give_no_attempt(test: TestStore) {
    let code = passcode(&test.rng);
    let (before, after) = (code.expires_at - Duration::from_micros(1), code.expires_at);
    test.store
        .write(TENANT, async |tx| {
            tx.passcodes().create(&code).await?;
            assert_eq!(tx.passcodes().take_attempt(code.id, 3, after).await?, None);
            assert!(tx.passcodes().take_attempt(code.id, 3, before).await?.is_some());
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn parallel_takers_never_get_more_than_max(test: TestStore) {
    let code = passcode(&test.rng);
    test.store.write(TENANT, async |tx| tx.passcodes().create(&code).await).await.unwrap();
    let test = Arc::new(test);
    let takers: Vec<_> = (0..200)
        .map(|_| {
            let (test, id) = (test.clone(), code.id);
            tokio::spawn(async move {
                test.store
                    .write(TENANT, async |tx| tx.passcodes().take_attempt(id, 3, NOW).await)
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut attempts = Vec::new();
    for taker in takers {
        attempts.extend(taker.await.unwrap().map(|code| code.attempts));
    }
    attempts.sort_unstable();
    assert_eq!(attempts, [1, 2, 3]);
}

async fn codes_are_used_once(test: TestStore) {
    let code = passcode(&test.rng);
    test.store.write(TENANT, async |tx| tx.passcodes().create(&code).await).await.unwrap();
    let test = Arc::new(test);
    let users: Vec<_> = (0..20)
        .map(|_| {
            let (test, id) = (test.clone(), code.id);
            tokio::spawn(async move {
                test.store.write(TENANT, async |tx| tx.passcodes().delete(id).await).await.unwrap()
            })
        })
        .collect();
    let mut used = 0;
    for user in users {
        used += usize::from(user.await.unwrap());
    }
    assert_eq!(used, 1);
}

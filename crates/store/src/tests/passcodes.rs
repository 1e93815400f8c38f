//! One-time codes and their attempt budget.

use std::{sync::Arc, time::Duration};

use inkan_base::{FlowId, Timestamp};

use super::{
    TestStore,
    fixture::{NOW, TENANT, passcode},
};
use crate::{Attempt, Passcode, StoreError, Tx};

inkan_test_support::engines!(TestStore:
    attempts_are_counted,
    expired_codes_give_no_attempt,
    parallel_takers_never_get_more_than_max,
    codes_are_used_once,
);

async fn take(tx: &mut Tx<'_>, code: &Passcode, max: i64, now: Timestamp) -> Result<Attempt, StoreError> {
    tx.passcodes().take_attempt(code.id, code.flow_id, max, now).await
}

async fn attempts_are_counted(test: TestStore) {
    let code = passcode(&test.rng);
    test.store
        .write(TENANT, async |tx| {
            tx.passcodes().create(&code).await?;
            assert_eq!(tx.passcodes().find(code.id).await?.as_ref(), Some(&code));
            for attempts in 1..=2 {
                let counted = Passcode { attempts, ..code.clone() };
                assert_eq!(take(tx, &code, 2, NOW).await?, Attempt::Taken(counted));
            }
            for _ in 0..3 {
                assert_eq!(take(tx, &code, 2, NOW).await?, Attempt::Exhausted);
            }
            let other = tx.passcodes().take_attempt(code.id, FlowId::ordered(NOW, &test.rng), 2, NOW).await?;
            assert_eq!(other, Attempt::Gone);
            tx.passcodes().delete(code.id).await?;
            assert_eq!(take(tx, &code, 2, NOW).await?, Attempt::Gone);
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
            assert_eq!(take(tx, &code, 3, after).await?, Attempt::Gone);
            assert!(matches!(take(tx, &code, 3, before).await?, Attempt::Taken(_)));
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
            let (test, code) = (test.clone(), code.clone());
            tokio::spawn(async move {
                test.store.write(TENANT, async |tx| take(tx, &code, 3, NOW).await).await.unwrap()
            })
        })
        .collect();
    let mut attempts = Vec::new();
    for taker in takers {
        match taker.await.unwrap() {
            Attempt::Taken(code) => attempts.push(code.attempts),
            other => assert_eq!(other, Attempt::Exhausted),
        }
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
            let (test, code) = (test.clone(), code.clone());
            tokio::spawn(async move {
                let used = test.store.write(TENANT, async |tx| {
                    let attempt = take(tx, &code, 100, NOW).await?;
                    tx.passcodes().delete(code.id).await?;
                    Ok::<_, StoreError>(matches!(attempt, Attempt::Taken(_)))
                });
                used.await.unwrap()
            })
        })
        .collect();
    let mut used = 0;
    for user in users {
        used += usize::from(user.await.unwrap());
    }
    assert_eq!(used, 1);
}

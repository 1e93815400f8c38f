//! Recovery codes: sets of ten, each code once.

use std::sync::Arc;

use super::{
    TestStore,
    fixture::{NOW, TENANT, all_at_once, constraint},
};
use crate::{RECOVERY_CODES, StoreError, User};

inkan_test_support::engines!(TestStore:
    codes_are_used_once,
    one_of_many_at_once_uses_a_code,
    a_new_set_replaces_the_old_one,
    codes_belong_to_one_user,
);

/// A set that differs by `seed`.
fn macs(seed: u8) -> [[u8; 32]; RECOVERY_CODES] {
    std::array::from_fn(|number| {
        let mut mac = [seed; 32];
        mac[31] = u8::try_from(number).unwrap();
        mac
    })
}

impl TestStore {
    async fn with_codes(&self, seed: u8) -> User {
        let user = self.user().await;
        self.store
            .write(TENANT, async |tx| tx.recovery_codes().replace(user.id, &macs(seed), NOW).await)
            .await
            .unwrap();
        user
    }
}

async fn codes_are_used_once(test: TestStore) {
    let user = test.with_codes(1).await;
    test.store
        .write(TENANT, async |tx| {
            for (used, mac) in (1..).zip(&macs(1)) {
                assert!(tx.recovery_codes().use_one(user.id, mac, NOW).await?);
                assert!(!tx.recovery_codes().use_one(user.id, mac, NOW).await?);
                assert_eq!(tx.recovery_codes().count_left(user.id).await?, 10 - used);
            }
            assert!(!tx.recovery_codes().use_one(user.id, &[9; 32], NOW).await?);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn one_of_many_at_once_uses_a_code(test: TestStore) {
    let user = test.with_codes(1).await.id;
    let test = Arc::new(test);
    let results = all_at_once(40, || {
        let test = test.clone();
        async move {
            let mac = macs(1)[7];
            test.store
                .write(TENANT, async |tx| tx.recovery_codes().use_one(user, &mac, NOW).await)
                .await
                .unwrap()
        }
    });
    assert_eq!(results.await.into_iter().filter(|used| *used).count(), 1);
}

async fn a_new_set_replaces_the_old_one(test: TestStore) {
    let user = test.with_codes(1).await;
    test.store
        .write(TENANT, async |tx| {
            assert!(tx.recovery_codes().use_one(user.id, &macs(1)[0], NOW).await?);
            tx.recovery_codes().replace(user.id, &macs(2), NOW).await?;
            assert_eq!(tx.recovery_codes().count_left(user.id).await?, 10);
            assert!(!tx.recovery_codes().use_one(user.id, &macs(1)[1], NOW).await?);
            assert_eq!(tx.recovery_codes().delete_of_user(user.id).await?, 10);
            assert_eq!(tx.recovery_codes().count_left(user.id).await?, 0);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    let twice = [[1; 32]; RECOVERY_CODES];
    let result = test.store.write(TENANT, async |tx| tx.recovery_codes().replace(user.id, &twice, NOW).await);
    assert_eq!(constraint(result.await), "recovery_codes_pkey");
}

async fn codes_belong_to_one_user(test: TestStore) {
    let (ada, bob) = (test.with_codes(1).await, test.with_codes(1).await);
    test.store
        .write(TENANT, async |tx| {
            assert!(tx.recovery_codes().use_one(ada.id, &macs(1)[0], NOW).await?);
            assert_eq!(tx.recovery_codes().count_left(bob.id).await?, 10);
            assert_eq!(tx.recovery_codes().delete_of_user(ada.id).await?, 10);
            assert!(tx.recovery_codes().use_one(bob.id, &macs(1)[0], NOW).await?);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

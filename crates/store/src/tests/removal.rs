//! What goes with a user or with time of passkeys and second factors, and that no tenant sees another's.

use std::time::Duration;

use inkan_base::{TenantId, Timestamp};

use super::{
    TestStore,
    fixture::{NOW, TENANT, challenge, constraint, credential, otp_secret, trusted_device},
    second_factor_attempts::take,
};
use crate::{CleanedUp, GuessBudget, StoreError, User, WebauthnChallenge};

inkan_test_support::engines!(TestStore:
    deleting_a_user_removes_all_factors,
    nothing_belongs_to_a_missing_user,
    other_tenants_see_no_factors,
    expired_rows_are_removed_in_batches,
    a_renewed_budget_is_kept,
);

const BUDGET: GuessBudget = GuessBudget { attempts: 3, window: Duration::from_mins(10) };
const MACS: [[u8; 32]; 10] =
    [[0; 32], [1; 32], [2; 32], [3; 32], [4; 32], [5; 32], [6; 32], [7; 32], [8; 32], [9; 32]];

impl TestStore {
    /// A user with one of everything, and two credentials.
    async fn equipped(&self) -> User {
        let (user, rng) = (self.user().await, &self.rng);
        self.store
            .write(TENANT, async |tx| {
                tx.webauthn_credentials().create(&credential(rng, &user, false)).await?;
                tx.webauthn_credentials().create(&credential(rng, &user, true)).await?;
                tx.otp_secrets().create(&otp_secret(rng, &user)).await?;
                tx.recovery_codes().replace(user.id, &MACS, NOW).await?;
                tx.trusted_devices().create(&trusted_device(rng, &user, 0), 10).await?;
                take(tx, user.id, "otp", BUDGET, NOW).await
            })
            .await
            .unwrap();
        user
    }

    async fn counts(&self) -> [i64; 5] {
        [
            self.count("webauthn_credentials").await,
            self.count("otp_secrets").await,
            self.count("recovery_codes").await,
            self.count("trusted_devices").await,
            self.count("second_factor_attempts").await,
        ]
    }
}

async fn deleting_a_user_removes_all_factors(test: TestStore) {
    let (ada, _) = (test.equipped().await, test.equipped().await);
    assert_eq!(test.counts().await, [4, 2, 20, 2, 2]);
    assert!(test.store.write(TENANT, async |tx| tx.users().delete(ada.id).await).await.unwrap());
    assert_eq!(test.counts().await, [2, 1, 10, 1, 1]);
}

async fn nothing_belongs_to_a_missing_user(test: TestStore) {
    let (ghost, rng) = (test.user().await, &test.rng);
    test.store.write(TENANT, async |tx| tx.users().delete(ghost.id).await).await.unwrap();
    let write = &test.store;
    let results = [
        write
            .write(TENANT, async |tx| tx.webauthn_credentials().create(&credential(rng, &ghost, true)).await)
            .await,
        write.write(TENANT, async |tx| tx.otp_secrets().create(&otp_secret(rng, &ghost)).await).await,
        write.write(TENANT, async |tx| tx.recovery_codes().replace(ghost.id, &MACS, NOW).await).await,
        write
            .write(TENANT, async |tx| tx.trusted_devices().create(&trusted_device(rng, &ghost, 0), 10).await)
            .await,
    ];
    for result in results {
        assert_eq!(constraint(result), "foreign_key");
    }
}

async fn other_tenants_see_no_factors(test: TestStore) {
    let user = test.equipped().await;
    let [key, device] = test
        .store
        .read(TENANT, async |tx| {
            let key = tx.webauthn_credentials().list(user.id).await?.remove(0).id;
            let device = tx.trusted_devices().list(user.id, NOW).await?.remove(0).token_hash;
            Ok::<_, StoreError>([key, device.to_vec()])
        })
        .await
        .unwrap();
    let device = device.try_into().unwrap();
    let before = test.counts().await;
    let other = TenantId::random(&test.rng);
    test.store
        .write(other, async |tx| {
            assert!(tx.webauthn_credentials().list(user.id).await?.is_empty());
            assert_eq!(tx.webauthn_credentials().find(&key).await?, None);
            assert!(!tx.webauthn_credentials().rename(user.id, &key, "mine", NOW).await?);
            assert!(!tx.webauthn_credentials().delete(user.id, &key).await?);
            assert_eq!(tx.otp_secrets().find(user.id).await?, None);
            assert!(!tx.otp_secrets().delete(user.id).await?);
            assert_eq!(tx.recovery_codes().count_left(user.id).await?, 0);
            assert!(!tx.recovery_codes().use_one(user.id, &MACS[0], NOW).await?);
            assert_eq!(tx.recovery_codes().delete_of_user(user.id).await?, 0);
            assert_eq!(tx.trusted_devices().find(user.id, &device, NOW).await?, None);
            tx.trusted_devices().revoke_all(user.id).await?;
            assert!(!tx.trusted_devices().revoke_token(user.id, &device).await?);
            tx.second_factor_attempts().reset(user.id, "otp").await
        })
        .await
        .unwrap();
    assert_eq!(test.counts().await, before);
}

async fn expired_rows_are_removed_in_batches(test: TestStore) {
    let rng = &test.rng;
    for _ in 0..5 {
        let user = test.equipped().await;
        let answered = WebauthnChallenge { consumed_at: Some(NOW), ..challenge(rng) };
        test.store
            .write(TENANT, async |tx| {
                tx.webauthn_challenges().create(&answered).await?;
                take(tx, user.id, "recovery_code", BUDGET, NOW).await
            })
            .await
            .unwrap();
    }
    let clean_up = async |at| test.store.clean_up(at, Duration::from_hours(1), 2).await.unwrap();
    let almost = |at: Timestamp| at - Duration::from_micros(1);
    assert_eq!(clean_up(almost(NOW + Duration::from_mins(5))).await, CleanedUp::default());
    let challenges = CleanedUp { webauthn_challenges: 5, ..CleanedUp::default() };
    assert_eq!(clean_up(NOW + Duration::from_mins(5)).await, challenges);
    assert_eq!(clean_up(almost(NOW + Duration::from_mins(10))).await, CleanedUp::default());
    let budgets = CleanedUp { second_factor_attempts: 10, ..CleanedUp::default() };
    assert_eq!(clean_up(NOW + Duration::from_mins(10)).await, budgets);
    assert_eq!(clean_up(almost(NOW + Duration::from_hours(1))).await, CleanedUp::default());
    let devices = CleanedUp { trusted_devices: 5, ..CleanedUp::default() };
    assert_eq!(clean_up(NOW + Duration::from_hours(1)).await, devices);
    assert_eq!(test.counts().await, [10, 5, 50, 0, 0], "what does not expire stays");
}

async fn a_renewed_budget_is_kept(test: TestStore) {
    let user = test.equipped().await;
    let end = NOW + BUDGET.window;
    test.store.write(TENANT, async |tx| take(tx, user.id, "otp", BUDGET, end).await).await.unwrap();
    let removed = test.store.clean_up(end, Duration::from_hours(1), 2).await.unwrap();
    assert_eq!(removed, CleanedUp::default());
}

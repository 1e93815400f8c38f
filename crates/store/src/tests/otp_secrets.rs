//! Secrets of one-time password apps: one per user, each time step once.

use std::{sync::Arc, time::Duration};

use super::{
    TestStore,
    fixture::{NOW, TENANT, all_at_once, constraint, otp_secret},
};
use crate::{OtpSecret, StoreError};

inkan_test_support::engines!(TestStore:
    secrets_are_kept_whole,
    a_user_has_one_secret,
    steps_only_go_forward,
    one_of_many_at_once_is_accepted,
    steps_of_another_secret_are_not_accepted,
);

impl TestStore {
    async fn enrolled(&self) -> OtpSecret {
        let secret = otp_secret(&self.rng, &self.user().await);
        self.store.write(TENANT, async |tx| tx.otp_secrets().create(&secret).await).await.unwrap();
        secret
    }

    async fn accept(&self, id: inkan_base::OtpSecretId, step: i64, now: inkan_base::Timestamp) -> bool {
        let accepted = self
            .store
            .write(TENANT, async |tx| tx.otp_secrets().accept_step(id, step, None, now).await)
            .await;
        match accepted {
            Err(error) if error.is_conflict("otp_secrets_step") => false,
            other => other.map(|()| true).unwrap(),
        }
    }
}

async fn secrets_are_kept_whole(test: TestStore) {
    let secret = test.enrolled().await;
    let other = test.user().await;
    test.store
        .write(TENANT, async |tx| {
            assert_eq!(tx.otp_secrets().find(secret.user_id).await?.as_ref(), Some(&secret));
            assert_eq!(tx.otp_secrets().find(other.id).await?, None);
            assert!(!tx.otp_secrets().delete(other.id).await?);
            assert!(tx.otp_secrets().delete(secret.user_id).await?);
            assert_eq!(tx.otp_secrets().find(secret.user_id).await?, None);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    assert!(!format!("{secret:?}").contains("sealed"));
}

async fn a_user_has_one_secret(test: TestStore) {
    let secret = test.enrolled().await;
    let second = OtpSecret { id: inkan_base::OtpSecretId::random(&test.rng), ..secret };
    let result = test.store.write(TENANT, async |tx| tx.otp_secrets().create(&second).await).await;
    assert_eq!(constraint(result), "otp_secrets_user_key");
}

async fn steps_only_go_forward(test: TestStore) {
    let secret = test.enrolled().await;
    let later = NOW + Duration::from_secs(30);
    for (step, accepted) in [(100, false), (99, false), (101, true), (101, false), (100, false), (103, true)]
    {
        assert_eq!(test.accept(secret.id, step, later).await, accepted, "{step}");
    }
    let found: Result<_, StoreError> =
        test.store.read(TENANT, async |tx| tx.otp_secrets().find(secret.user_id).await).await;
    assert_eq!(found.unwrap(), Some(OtpSecret { last_step: 103, updated_at: later, ..secret }));
}

async fn one_of_many_at_once_is_accepted(test: TestStore) {
    let id = test.enrolled().await.id;
    let test = Arc::new(test);
    let accepted = all_at_once(40, || {
        let test = test.clone();
        async move { test.accept(id, 101, NOW).await }
    });
    assert_eq!(accepted.await.into_iter().filter(|accepted| *accepted).count(), 1);
}

async fn steps_of_another_secret_are_not_accepted(test: TestStore) {
    let old = test.enrolled().await;
    let new = OtpSecret { id: inkan_base::OtpSecretId::random(&test.rng), ..old.clone() };
    test.store
        .write(TENANT, async |tx| {
            tx.otp_secrets().delete(old.user_id).await?;
            tx.otp_secrets().create(&new).await
        })
        .await
        .unwrap();
    assert!(!test.accept(old.id, 101, NOW).await);
    assert!(test.accept(new.id, 101, NOW).await);
}

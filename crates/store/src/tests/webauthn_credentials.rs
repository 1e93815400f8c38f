//! Passkeys and security keys: whose they are, and what a use may change.

use std::{sync::Arc, time::Duration};

use super::{
    TestStore,
    fixture::{NOW, TENANT, all_at_once, constraint, credential},
};
use crate::{BackupFlags, CredentialUse, Factors, StoreError, WebauthnCredential};

inkan_test_support::engines!(TestStore:
    credentials_are_kept_whole,
    an_id_belongs_to_one_credential,
    uses_are_written_down,
    counters_must_grow,
    imported_flags_are_learned_once,
    one_of_many_equal_uses_is_written,
    only_the_owner_renames_and_deletes,
    factors_are_part_of_accounts,
);

const SYNCED: BackupFlags = BackupFlags { eligible: true, backed_up: true };

fn usage(sign_count: i64) -> CredentialUse {
    CredentialUse { sign_count, backup: SYNCED, user_verified: true, at: NOW + Duration::from_secs(1) }
}

impl TestStore {
    async fn with(&self, credential: &WebauthnCredential) {
        self.store
            .write(TENANT, async |tx| tx.webauthn_credentials().create(credential).await)
            .await
            .unwrap();
    }

    async fn stored(&self, id: &[u8]) -> Option<WebauthnCredential> {
        self.store.read(TENANT, async |tx| tx.webauthn_credentials().find(id).await).await.unwrap()
    }

    async fn record(&self, id: &[u8], usage: CredentialUse) -> bool {
        let recorded =
            self.store.write(TENANT, async |tx| tx.webauthn_credentials().record_use(id, usage).await).await;
        match recorded {
            Err(error) if error.is_conflict("webauthn_credentials_use") => false,
            other => other.map(|()| true).unwrap(),
        }
    }
}

async fn credentials_are_kept_whole(test: TestStore) {
    let (ada, bob) = (test.user().await, test.user().await);
    let rng = &test.rng;
    let mut passkey = credential(rng, &ada, false);
    passkey.id = vec![255; 1023];
    passkey.sign_count = i64::from(u32::MAX);
    passkey.user_handle = Some(b"imported".to_vec());
    passkey.transports = Vec::new();
    let mut key = credential(rng, &ada, true);
    (key.backup, key.name, key.last_used_at) = (None, Some("blue".to_owned()), None);
    key.created_at = NOW - Duration::from_secs(1);
    for credential in [&passkey, &key, &credential(rng, &bob, false)] {
        test.with(credential).await;
    }
    assert_eq!(test.stored(&passkey.id).await.as_ref(), Some(&passkey));
    assert_eq!(test.stored(&[1]).await, None);
    let listed =
        test.store.read(TENANT, async |tx| tx.webauthn_credentials().list(ada.id).await).await.unwrap();
    assert_eq!(listed, [key, passkey]);

    let mut chatty = credential(rng, &bob, false);
    chatty.transports = vec!["ü".repeat(300); 20];
    test.with(&chatty).await;
    assert_eq!(test.stored(&chatty.id).await.unwrap().transports, vec!["ü".repeat(255); 16]);
}

async fn an_id_belongs_to_one_credential(test: TestStore) {
    let (ada, bob) = (test.user().await, test.user().await);
    let first = credential(&test.rng, &ada, false);
    test.with(&first).await;
    for user in [&ada, &bob] {
        let again = WebauthnCredential { id: first.id.clone(), ..credential(&test.rng, user, true) };
        let result =
            test.store.write(TENANT, async |tx| tx.webauthn_credentials().create(&again).await).await;
        assert_eq!(constraint(result), "webauthn_credentials_pkey");
    }
    assert_eq!(test.stored(&first.id).await, Some(first));
}

async fn uses_are_written_down(test: TestStore) {
    let ada = test.user().await;
    let before = credential(&test.rng, &ada, false);
    test.with(&before).await;
    assert!(test.record(&before.id, usage(6)).await);
    let mut after = before.clone();
    (after.sign_count, after.backup, after.user_verified) = (6, Some(SYNCED), true);
    after.last_used_at = Some(NOW + Duration::from_secs(1));
    assert_eq!(test.stored(&before.id).await.as_ref(), Some(&after));
    assert!(test.record(&before.id, CredentialUse { user_verified: false, ..usage(7) }).await);
    assert!(test.stored(&before.id).await.unwrap().user_verified, "once true it stays so");
    assert!(!test.record(&[1], usage(8)).await);
}

async fn counters_must_grow(test: TestStore) {
    let ada = test.user().await;
    for (stored, received, accepted) in
        [(0, 0, true), (0, 1, true), (5, 6, true), (5, 5, false), (5, 4, false), (5, 0, false)]
    {
        let before = WebauthnCredential { sign_count: stored, ..credential(&test.rng, &ada, false) };
        test.with(&before).await;
        assert_eq!(test.record(&before.id, usage(received)).await, accepted, "{stored} {received}");
        let after = test.stored(&before.id).await.unwrap();
        assert_eq!(after.sign_count, if accepted { received } else { stored });
        assert_eq!(after == before, !accepted, "{stored} {received}");
    }
}

async fn imported_flags_are_learned_once(test: TestStore) {
    let ada = test.user().await;
    let imported = WebauthnCredential { backup: None, ..credential(&test.rng, &ada, false) };
    test.with(&imported).await;
    let alone = BackupFlags { eligible: false, backed_up: false };
    assert!(test.record(&imported.id, usage(6)).await);
    assert!(!test.record(&imported.id, CredentialUse { backup: alone, ..usage(7) }).await);
    let now_alone = BackupFlags { backed_up: false, ..SYNCED };
    assert!(test.record(&imported.id, CredentialUse { backup: now_alone, ..usage(8) }).await);
    assert_eq!(test.stored(&imported.id).await.unwrap().backup, Some(now_alone));
}

async fn one_of_many_equal_uses_is_written(test: TestStore) {
    let ada = test.user().await;
    let key = credential(&test.rng, &ada, true);
    test.with(&key).await;
    let test = Arc::new(test);
    let written = all_at_once(20, || {
        let (test, id) = (test.clone(), key.id.clone());
        async move { test.record(&id, usage(6)).await }
    });
    assert_eq!(written.await.into_iter().filter(|written| *written).count(), 1);
}

async fn only_the_owner_renames_and_deletes(test: TestStore) {
    let (ada, bob) = (test.user().await, test.user().await);
    let key = credential(&test.rng, &ada, true);
    test.with(&key).await;
    let later = NOW + Duration::from_secs(1);
    test.store
        .write(TENANT, async |tx| {
            assert!(!tx.webauthn_credentials().rename(bob.id, &key.id, "mine", later).await?);
            assert!(!tx.webauthn_credentials().delete(bob.id, &key.id).await?);
            assert!(tx.webauthn_credentials().rename(ada.id, &key.id, &"ü".repeat(300), later).await?);
            let renamed = tx.webauthn_credentials().find(&key.id).await?.unwrap();
            let name = Some("ü".repeat(255));
            assert_eq!(renamed, WebauthnCredential { name, updated_at: later, ..key.clone() });
            assert!(tx.webauthn_credentials().delete(ada.id, &key.id).await?);
            assert!(!tx.webauthn_credentials().delete(ada.id, &key.id).await?);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn factors_are_part_of_accounts(test: TestStore) {
    let (ada, bob) = (test.user().await, test.user().await);
    let rng = &test.rng;
    for (user, mfa_only) in [(&ada, false), (&ada, false), (&ada, true), (&bob, true)] {
        test.with(&credential(rng, user, mfa_only)).await;
    }
    let macs: [[u8; 32]; 10] = std::array::from_fn(|number| [u8::try_from(number).unwrap(); 32]);
    let (ada, bob) = test
        .store
        .write(TENANT, async |tx| {
            tx.otp_secrets().create(&super::fixture::otp_secret(rng, &ada)).await?;
            tx.recovery_codes().replace(ada.id, &macs, NOW).await?;
            assert!(tx.recovery_codes().use_one(ada.id, &macs[3], NOW).await?);
            for (address, primary) in [("ada@example.com", true), ("ada@example.org", false)] {
                tx.emails().create(&super::fixture::email(rng, &ada, address, primary)).await?;
            }
            let found = (tx.accounts().find(ada.id).await?, tx.accounts().find(bob.id).await?);
            Ok::<_, StoreError>((found.0.unwrap(), found.1.unwrap()))
        })
        .await
        .unwrap();
    assert_eq!(ada.emails.len(), 2);
    assert_eq!(ada.factors, Factors { passkeys: 2, security_keys: 1, otp: true, recovery_codes: 9 });
    assert_eq!(bob.factors, Factors { security_keys: 1, ..Factors::default() });
}

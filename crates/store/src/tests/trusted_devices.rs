//! Trusted devices: of one user, for a time, until revoked.

use std::time::Duration;

use inkan_base::TenantId;

use super::{
    TestStore,
    fixture::{NOW, TENANT, constraint, trusted_device},
};
use crate::{StoreError, TrustedDevice};

inkan_test_support::engines!(TestStore:
    devices_are_trusted_for_their_user_and_time,
    revoked_devices_are_not_trusted,
    the_oldest_devices_make_room,
    tokens_are_unique,
    uses_are_written_down,
);

impl TestStore {
    async fn trust(&self, device: &TrustedDevice, keep: i64) {
        self.store.write(TENANT, async |tx| tx.trusted_devices().create(device, keep).await).await.unwrap();
    }
}

async fn devices_are_trusted_for_their_user_and_time(test: TestStore) {
    let (ada, bob) = (test.user().await, test.user().await);
    let device = trusted_device(&test.rng, &ada, 0);
    test.trust(&device, 10).await;
    let (before, after) = (device.expires_at - Duration::from_micros(1), device.expires_at);
    let stranger = TenantId::random(&test.rng);
    for (tenant, user, hash, now, trusted) in [
        (TENANT, &ada, device.token_hash, before, true),
        (TENANT, &ada, device.token_hash, after, false),
        (TENANT, &bob, device.token_hash, before, false),
        (TENANT, &ada, [0; 32], before, false),
        (stranger, &ada, device.token_hash, before, false),
    ] {
        let found = test.store.read(tenant, async |tx| tx.trusted_devices().find(user.id, &hash, now).await);
        assert_eq!(found.await.unwrap(), trusted.then(|| device.clone()));
    }
    let list =
        async |now| test.store.read(TENANT, async |tx| tx.trusted_devices().list(ada.id, now).await).await;
    assert_eq!((list(before).await.unwrap(), list(after).await.unwrap()), (vec![device.clone()], vec![]));
}

async fn revoked_devices_are_not_trusted(test: TestStore) {
    let (ada, bob) = (test.user().await, test.user().await);
    let devices: Vec<_> = (0..4).map(|age| trusted_device(&test.rng, &ada, age)).collect();
    let of_bob = trusted_device(&test.rng, &bob, 0);
    for device in devices.iter().chain([&of_bob]) {
        test.trust(device, 10).await;
    }
    test.store
        .write(TENANT, async |tx| {
            assert!(!tx.trusted_devices().revoke(bob.id, devices[0].id).await?);
            assert!(tx.trusted_devices().revoke(ada.id, devices[0].id).await?);
            assert!(!tx.trusted_devices().revoke_token(bob.id, &devices[1].token_hash).await?);
            assert!(tx.trusted_devices().revoke_token(ada.id, &devices[1].token_hash).await?);
            assert_eq!(tx.trusted_devices().list(ada.id, NOW).await?, devices[2..]);
            tx.trusted_devices().revoke_all(ada.id).await?;
            for device in &devices {
                assert_eq!(tx.trusted_devices().find(ada.id, &device.token_hash, NOW).await?, None);
            }
            assert_eq!(tx.trusted_devices().list(bob.id, NOW).await?, [of_bob]);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn the_oldest_devices_make_room(test: TestStore) {
    let (ada, bob) = (test.user().await, test.user().await);
    test.trust(&trusted_device(&test.rng, &bob, 100), 1).await;
    let devices: Vec<_> = (0..5).map(|age| trusted_device(&test.rng, &ada, age)).collect();
    for device in devices.iter().rev() {
        test.trust(device, 3).await;
    }
    let list =
        async || test.store.read(TENANT, async |tx| tx.trusted_devices().list(ada.id, NOW).await).await;
    assert_eq!(list().await.unwrap(), devices[..3]);
    // the new one stays, whatever the clock says
    let backdated = trusted_device(&test.rng, &ada, 1000);
    test.trust(&backdated, 0).await;
    assert_eq!(list().await.unwrap(), [backdated]);
    assert_eq!(test.count("trusted_devices").await, 2);
}

async fn tokens_are_unique(test: TestStore) {
    let ada = test.user().await;
    let device = trusted_device(&test.rng, &ada, 0);
    test.trust(&device, 10).await;
    let same = TrustedDevice { token_hash: device.token_hash, ..trusted_device(&test.rng, &ada, 0) };
    let result = test.store.write(TENANT, async |tx| tx.trusted_devices().create(&same, 10).await).await;
    assert_eq!(constraint(result), "trusted_devices_token_key");
}

async fn uses_are_written_down(test: TestStore) {
    let ada = test.user().await;
    let mut device = trusted_device(&test.rng, &ada, 10);
    test.trust(&device, 10).await;
    let found = test.store.write(TENANT, async |tx| {
        assert!(!tx.trusted_devices().touch(device.id, device.expires_at).await?);
        assert!(tx.trusted_devices().touch(device.id, NOW).await?);
        tx.trusted_devices().find(ada.id, &device.token_hash, NOW).await
    });
    let found = found.await.unwrap();
    device.last_used_at = NOW;
    assert_eq!(found, Some(device), "its end does not move");
}

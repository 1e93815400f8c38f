//! Signing keys.

use inkan_base::TenantId;

use super::{
    TestStore,
    fixture::{NOW, TENANT, constraint},
};
use crate::StoreError;

inkan_test_support::engines!(TestStore: keys_are_listed_oldest_first, key_numbers_are_not_used_again);

async fn keys_are_listed_oldest_first(test: TestStore) {
    let keys = test
        .store
        .write(TENANT, async |tx| {
            let one = tx.signing_keys().create("k1", "RS256", &[1], NOW).await?;
            let two = tx.signing_keys().create("k2", "ES256", &[2], NOW).await?;
            tx.signing_keys().replace_sealed(one.id, &[3]).await?;
            let listed = tx.signing_keys().list().await?;
            assert_eq!((listed[0].id, listed[1].id), (one.id, two.id));
            Ok::<_, StoreError>(listed)
        })
        .await
        .unwrap();
    assert_eq!((keys[0].kid.as_str(), keys[0].sealed.as_slice()), ("k1", [3].as_slice()));
    assert_eq!(keys[1].algorithm, "ES256");
    let other = TenantId::random(&test.rng);
    assert_eq!(test.store.read(other, async |tx| tx.signing_keys().list().await).await.unwrap(), []);
    let again =
        test.store.write(TENANT, async |tx| tx.signing_keys().create("k1", "RS256", &[1], NOW).await).await;
    assert_eq!(constraint(again), "signing_keys_kid_key");
}

async fn key_numbers_are_not_used_again(test: TestStore) {
    let (old, new) = test
        .store
        .write(TENANT, async |tx| {
            let old = tx.signing_keys().create("k1", "RS256", &[1], NOW).await?;
            tx.signing_keys().delete(old.id).await?;
            let new = tx.signing_keys().create("k2", "RS256", &[1], NOW).await?;
            Ok::<_, StoreError>((old.id, new.id))
        })
        .await
        .unwrap();
    assert!(new > old);
}

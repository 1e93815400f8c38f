//! Users and what they sign in with.

use std::time::Duration;

use inkan_base::{TenantId, UserId};

use super::{
    TestStore,
    fixture::{NOW, TENANT, constraint, email, password_id, session, username},
};
use crate::{Account, Factors, SessionEvent, StoreError, User};

inkan_test_support::engines!(TestStore:
    accounts_are_read_at_once,
    bare_accounts_are_read_too,
    conflicts_have_names,
    nothing_belongs_to_a_missing_user,
    deleting_a_user_removes_everything,
    passwords_are_replaced_only_if_unchanged,
    other_tenants_see_nothing,
    input_with_nul_is_not_found,
    profiles_are_kept,
    addresses_become_verified,
);

async fn accounts_are_read_at_once(test: TestStore) {
    let user = test.user().await;
    let other = test.user().await;
    let rng = &test.rng;
    let mut emails =
        vec![email(rng, &user, "ada@example.com", true), email(rng, &user, "ada@example.org", false)];
    emails[1].created_at = NOW + Duration::from_micros(1);
    let name = username(rng, &user, "ada");
    test.store
        .write(TENANT, async |tx| {
            tx.emails().create(&emails[1]).await?;
            tx.emails().create(&emails[0]).await?;
            tx.emails().create(&email(rng, &other, "bob@example.com", true)).await?;
            tx.usernames().create(&name).await?;
            tx.passwords().upsert(user.id, "hash", password_id(rng), NOW).await
        })
        .await
        .unwrap();
    let (password, by_id, by_address, by_name, none) = test
        .store
        .read(TENANT, async |tx| {
            Ok::<_, StoreError>((
                tx.passwords().find(user.id).await?,
                tx.accounts().find(user.id).await?,
                tx.accounts().find_by_address("ada@example.org").await?,
                tx.accounts().find_by_username("ada").await?,
                tx.accounts().find_by_address("eve@example.com").await?,
            ))
        })
        .await
        .unwrap();
    let expected = Account { user, emails, username: Some(name), password, factors: Factors::default() };
    assert_eq!(expected.password.as_ref().unwrap().hash, "hash");
    assert_eq!(expected.primary_email().unwrap().address, "ada@example.com");
    assert_eq!(by_id.as_ref(), Some(&expected));
    assert_eq!(by_address.as_ref(), Some(&expected));
    assert_eq!(by_name.as_ref(), Some(&expected));
    assert_eq!(none, None);
}

async fn bare_accounts_are_read_too(test: TestStore) {
    let user = test.user().await;
    let account = test.store.read(TENANT, async |tx| tx.accounts().find(user.id).await).await.unwrap();
    let factors = Factors::default();
    assert_eq!(account, Some(Account { user, emails: Vec::new(), username: None, password: None, factors }));
}

async fn conflicts_have_names(test: TestStore) {
    let (ada, bob) = (test.user().await, test.user().await);
    let (rng, store) = (&test.rng, &test.store);
    let create_user = store.write(TENANT, async |tx| tx.users().create(&ada).await).await;
    assert_eq!(constraint(create_user), "users_pkey");

    let first = email(rng, &ada, "ada@example.com", true);
    store.write(TENANT, async |tx| tx.emails().create(&first).await).await.unwrap();
    let taken = email(rng, &bob, "ada@example.com", true);
    let taken = store.write(TENANT, async |tx| tx.emails().create(&taken).await).await;
    assert_eq!(constraint(taken), "emails_address_key");
    let second_primary = email(rng, &ada, "ada@example.org", true);
    let second_primary = store.write(TENANT, async |tx| tx.emails().create(&second_primary).await).await;
    assert_eq!(constraint(second_primary), "emails_primary_key");

    let name = username(rng, &ada, "ada");
    store.write(TENANT, async |tx| tx.usernames().create(&name).await).await.unwrap();
    let taken = username(rng, &bob, "ada");
    let taken = store.write(TENANT, async |tx| tx.usernames().create(&taken).await).await;
    assert_eq!(constraint(taken), "usernames_username_key");
    let second = username(rng, &ada, "countess");
    let second = store.write(TENANT, async |tx| tx.usernames().create(&second).await).await;
    assert_eq!(constraint(second), "usernames_user_key");
}

async fn nothing_belongs_to_a_missing_user(test: TestStore) {
    let ghost = User::new(UserId::random(&test.rng), NOW);
    let address = email(&test.rng, &ghost, "ghost@example.com", true);
    let result = test.store.write(TENANT, async |tx| tx.emails().create(&address).await).await;
    assert_eq!(constraint(result), "foreign_key");
    let result =
        test.store.write(TENANT, async |tx| tx.sessions().create(&session(&test.rng, &ghost, 0)).await).await;
    assert_eq!(constraint(result), "foreign_key");
}

async fn deleting_a_user_removes_everything(test: TestStore) {
    let user = test.user().await;
    let rng = &test.rng;
    let open = session(rng, &user, 0);
    test.store
        .write(TENANT, async |tx| {
            tx.emails().create(&email(rng, &user, "ada@example.com", true)).await?;
            tx.usernames().create(&username(rng, &user, "ada")).await?;
            tx.passwords().upsert(user.id, "hash", password_id(rng), NOW).await?;
            tx.sessions().create(&open).await
        })
        .await
        .unwrap();
    let mut events = test.store.session_events();
    let deleted = test.store.write(TENANT, async |tx| tx.users().delete(user.id).await).await.unwrap();
    assert!(deleted);
    while events.recv().await.unwrap() != SessionEvent::Ended(open.id) {}
    for table in ["users", "emails", "usernames", "passwords", "sessions"] {
        assert_eq!(test.count(table).await, 0, "{table}");
    }
    assert!(!test.store.write(TENANT, async |tx| tx.users().delete(user.id).await).await.unwrap());
}

async fn passwords_are_replaced_only_if_unchanged(test: TestStore) {
    let user = test.user().await;
    let first_id = password_id(&test.rng);
    let second_id = password_id(&test.rng);
    let later = NOW + Duration::from_secs(1);
    let password = test
        .store
        .write(TENANT, async |tx| {
            tx.passwords().upsert(user.id, "one", first_id, NOW).await?;
            tx.passwords().upsert(user.id, "two", second_id, later).await?;
            tx.passwords().replace_hash(user.id, "one", "three").await?;
            assert_eq!(tx.passwords().find(user.id).await?.unwrap().hash, "two");
            tx.passwords().replace_hash(user.id, "two", "four").await?;
            Ok::<_, StoreError>(tx.passwords().find(user.id).await?.unwrap())
        })
        .await
        .unwrap();
    assert_eq!((password.id, password.hash.as_str()), (first_id, "four"));
    assert_eq!((password.created_at, password.updated_at), (NOW, later));
}

async fn other_tenants_see_nothing(test: TestStore) {
    let user = test.user().await;
    let other = TenantId::random(&test.rng);
    let address = email(&test.rng, &user, "ada@example.com", true);
    test.store.write(TENANT, async |tx| tx.emails().create(&address).await).await.unwrap();
    test.store
        .write(other, async |tx| {
            assert_eq!(tx.users().find(user.id).await?, None);
            assert_eq!(tx.accounts().find(user.id).await?, None);
            assert_eq!(tx.accounts().find_by_address("ada@example.com").await?, None);
            assert!(tx.emails().list(user.id).await?.is_empty());
            tx.emails().set_verified(address.id, NOW).await?;
            assert!(!tx.users().delete(user.id).await?);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    let emails = test.store.read(TENANT, async |tx| tx.emails().list(user.id).await).await.unwrap();
    assert_eq!(emails, [address]);
    let stranger =
        test.store.write(other, async |tx| tx.users().create(&User::new(user.id, NOW)).await).await;
    assert!(matches!(stranger, Err(StoreError::Conflict { .. })), "{stranger:?}");
}

async fn input_with_nul_is_not_found(test: TestStore) {
    let account =
        test.store.read(TENANT, async |tx| tx.accounts().find_by_address("a\0@example.com").await).await;
    assert_eq!(account.unwrap(), None);
}

async fn profiles_are_kept(test: TestStore) {
    let mut user = User::new(UserId::random(&test.rng), NOW);
    user.name = Some("Ada 👩‍💻 Lovelace".to_owned());
    user.family_name = Some("ü".repeat(300));
    user.picture = Some("https://example.com/".to_owned() + &"a".repeat(500));
    test.store.write(TENANT, async |tx| tx.users().create(&user).await).await.unwrap();
    let found = test.store.read(TENANT, async |tx| tx.users().find(user.id).await).await.unwrap().unwrap();
    user.family_name = Some("ü".repeat(255));
    assert_eq!(found, user);
}

async fn addresses_become_verified(test: TestStore) {
    let user = test.user().await;
    let address = email(&test.rng, &user, "ada@example.com", true);
    let later = NOW + Duration::from_secs(1);
    let found = test
        .store
        .write(TENANT, async |tx| {
            tx.emails().create(&address).await?;
            tx.emails().set_verified(address.id, later).await?;
            tx.users().touch(user.id, later).await?;
            assert_eq!(tx.users().find(user.id).await?.unwrap().updated_at, later);
            tx.emails().find_by_address("ada@example.com").await
        })
        .await
        .unwrap()
        .unwrap();
    assert!(found.verified);
    assert_eq!((found.created_at, found.updated_at), (NOW, later));
}

//! Accounts and sessions in the database before the server starts.

use std::{sync::Arc, time::Duration};

use inkan_base::{EmailId, OsRng, PasswordId, SessionId, SystemClock, TenantId, UserId};
use inkan_crypto::{PasswordPolicy, PasswordPool};
use inkan_store::{Email, Session, Store, StoreError, StoreOptions, User};

use crate::Failure;

/// The password of all seeded accounts.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// Accounts that scenarios sign in to.
pub(crate) const USERS: usize = 20_000;
const BATCH: usize = 500;

/// The address of a seeded account.
pub(crate) fn address(number: usize) -> String {
    format!("user{number}@bench.example")
}

/// Creates [`USERS`] accounts, five sessions each: 100,000 live sessions.
pub(crate) async fn fill(options: StoreOptions) -> Result<(), Failure> {
    let clock = Arc::new(SystemClock);
    let store = Store::open(options, clock).await?;
    let hash = PasswordPool::new(PasswordPolicy::default())?.hash(&OsRng, PASSWORD).await?;
    for first in (0..USERS).step_by(BATCH) {
        let now = store.clock().now();
        store
            .write::<_, StoreError>(TenantId::DEFAULT, async |tx| {
                for number in first..first + BATCH {
                    let id = UserId::random(&OsRng);
                    tx.users().create(&User::new(id, now)).await?;
                    let email = Email {
                        id: EmailId::random(&OsRng),
                        user_id: id,
                        address: address(number),
                        verified: true,
                        primary: true,
                        created_at: now,
                        updated_at: now,
                    };
                    tx.emails().create(&email).await?;
                    tx.passwords().upsert(id, &hash, PasswordId::random(&OsRng), now).await?;
                    for _ in 0..5 {
                        let session = Session {
                            id: SessionId::random(&OsRng),
                            user_id: id,
                            user_agent: Some("inkan-bench".to_owned()),
                            ip_address: Some("127.0.0.1".to_owned()),
                            created_at: now,
                            updated_at: now,
                            expires_at: now + Duration::from_hours(12),
                            last_used: now,
                        };
                        tx.sessions().create(&session).await?;
                    }
                }
                Ok(())
            })
            .await?;
    }
    store.close().await;
    Ok(())
}

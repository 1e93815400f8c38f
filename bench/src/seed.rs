//! Accounts and sessions in the database before the server starts.

use std::{sync::Arc, time::Duration};

use inkan_base::{
    EmailId, OsRng, OtpSecretId, PasswordId, SeededRng, SessionId, SystemClock, TenantId, Timestamp, UserId,
};
use inkan_crypto::{Keyring, PasswordPolicy, PasswordPool, TotpSecret};
use inkan_store::{Email, OtpSecret, Session, Store, StoreError, StoreOptions, Tx, User};

use crate::Failure;

/// The password of all seeded accounts.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The secret that the server is started with.
pub(crate) const SECRET: &str = "a secret for measurements only 0123456789";
/// Accounts that have an authenticator app: enough for as many sign-ins as fit in half a minute, in which a code is good once.
pub(crate) const TOTP_USERS: usize = 40_000;
/// Accounts that scenarios sign in to.
pub(crate) const USERS: usize = 20_000;
const BATCH: usize = 500;

/// The address of a seeded account.
pub(crate) fn address(number: usize) -> String {
    format!("user{number}@bench.example")
}

/// The address of a seeded account with an authenticator app.
pub(crate) fn totp_address(number: usize) -> String {
    format!("totp{number}@bench.example")
}

/// The secret of its app.
pub(crate) fn totp_secret(number: usize) -> TotpSecret {
    TotpSecret::generate(&SeededRng::new(u64::try_from(number).unwrap_or(0)))
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
                    let id = account(tx, address(number), now).await?;
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
    fill_totp(&store).await?;
    store.close().await;
    Ok(())
}

async fn fill_totp(store: &Store) -> Result<(), Failure> {
    let keyring = Keyring::new(&[SECRET.to_owned()])?;
    for first in (0..TOTP_USERS).step_by(BATCH) {
        let now = store.clock().now();
        store
            .write::<_, Failure>(TenantId::DEFAULT, async |tx| {
                for number in first..first + BATCH {
                    let user = account(tx, totp_address(number), now).await?;
                    let id = OtpSecretId::random(&OsRng);
                    let sealed = totp_secret(number).seal(&keyring, TenantId::DEFAULT, id, &OsRng)?;
                    let secret = OtpSecret {
                        id,
                        user_id: user,
                        sealed,
                        last_step: 0,
                        created_at: now,
                        updated_at: now,
                    };
                    tx.otp_secrets().create(&secret).await?;
                }
                Ok(())
            })
            .await?;
    }
    Ok(())
}

/// Creates an account with a verified address.
async fn account(tx: &mut Tx<'_>, address: String, now: Timestamp) -> Result<UserId, StoreError> {
    let id = UserId::random(&OsRng);
    tx.users().create(&User::new(id, now)).await?;
    let email = Email {
        id: EmailId::random(&OsRng),
        user_id: id,
        address,
        verified: true,
        primary: true,
        created_at: now,
        updated_at: now,
    };
    tx.emails().create(&email).await?;
    Ok(id)
}

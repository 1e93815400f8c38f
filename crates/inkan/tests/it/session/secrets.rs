//! Spec 05 §3.2, spec 00 decision 12: keys at rest, and what happens when secrets are wrong, lost or changed.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use inkan_base::TenantId;
use inkan_crypto::seal::Context as Sealed;
use inkan_store::{SigningKey, StoreError};
use serde_json::json;

use super::is_alive;
use crate::support::{AppBuilder, Engine, TestApp};

const NEW: &str = "another-secret-for-tests-0123456789";
const OLD: &str = "a-secret-for-tests-only-0123456789";

/// All that a thief of the database has: the files, or every row of every table.
async fn dump(app: &TestApp) -> Vec<u8> {
    match app.engine {
        Engine::Sqlite => files(&app.data_dir()),
        Engine::Postgres => tables(app.domain().config.database.url.expose()).await,
    }
}

fn files(directory: &Path) -> Vec<u8> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).flat_map(|path| fs::read(path).unwrap()).collect()
}

async fn tables(url: &str) -> Vec<u8> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let list = "SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = current_schema()";
    let mut dump = Vec::new();
    for row in client.query(list, &[]).await.unwrap() {
        let table: String = row.get(0);
        let sql = format!("SELECT encode(t::text::bytea, 'escape') FROM {table} t");
        for row in client.query(&sql, &[]).await.unwrap() {
            dump.extend(row.get::<_, String>(0).into_bytes());
        }
    }
    drop(client);
    connection.await.unwrap().unwrap();
    dump
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

async fn keys(app: &TestApp) -> Vec<SigningKey> {
    let store = &app.domain().store;
    let keys: Result<_, StoreError> =
        store.read(TenantId::DEFAULT, async |tx| tx.signing_keys().list().await).await;
    keys.unwrap()
}

async fn refusal(builder: AppBuilder) -> String {
    match builder.try_start().await {
        Ok(_) => panic!("the server started"),
        Err(error) => error.to_string(),
    }
}

fn secrets(list: &str) -> String {
    format!("secret_keys: [{list}]")
}

each_engine! {
    async fn s083_a_stolen_database_opens_nothing(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": ada.email })).await;
        flow.act("continue_to_passcode_confirmation", json!({})).await;
        let waiting = dump(&app).await; // with the mail in the queue
        let code = app.code("ada@example.com").await;
        let done = flow.act("verify_passcode", json!({ "code": code })).await;
        let token = done.token().unwrap();
        let after = dump(&app).await;

        let key = &keys(&app).await[0];
        let place = Sealed { table: "signing_keys", tenant: TenantId::DEFAULT, row: &key.kid, column: "sealed" };
        let pkcs8 = app.domain().keyring.open(place, &key.sealed).unwrap();
        let hex: Vec<u8> = pkcs8[40..56].iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
        for dump in [waiting, after] {
            assert!(contains(&dump, key.kid.as_bytes()), "the dump is not what it should be");
            // A piece from the middle of the key, in both notations.
            assert!(!contains(&dump, &pkcs8[40..56]) && !contains(&dump, &hex));
            assert!(!contains(&dump, format!("\"{code}\"").as_bytes()) && !contains(&dump, format!(" {code}").as_bytes()));
            assert!(!contains(&dump, token.as_bytes()) && !contains(&dump, b"correct horse"));
            assert!(!contains(&dump, OLD.as_bytes()));
        }
    }

    async fn s083_another_secret_is_refused(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        let stopped = app.stop().await;
        let text = refusal(stopped.clone().config(&secrets(NEW))).await;
        assert!(text.contains("secrets.keys") && text.contains("restore"), "{text}");
        assert!(!text.contains(NEW) && !text.contains(OLD), "{text}");
        let app = stopped.start().await;
        assert!(is_alive(&app, &token).await, "the refusal changed nothing");
    }

    async fn s083_a_lost_secret_file_is_refused(app: AppBuilder) {
        let app = app.config("secret_keys: []").start().await;
        let file = app.data_dir().join("secret.key");
        let secret = fs::read(&file).unwrap();
        let stopped = app.stop().await;
        fs::remove_file(&file).unwrap();
        let text = refusal(stopped.clone()).await;
        assert!(text.contains("secret.key"), "{text}");
        fs::write(&file, secret).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(stopped.start().await.get("/health/ready").await.status, 200);
    }

    async fn s083_secrets_are_rotated_without_loss(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        let before = keys(&app).await;
        let both = app.stop().await.config(&secrets(&format!("{NEW}, {OLD}"))).start().await;
        assert!(is_alive(&both, &token).await);
        let resealed = keys(&both).await;
        assert_eq!((resealed.len(), &resealed[0].kid), (1, &before[0].kid));
        assert_ne!(resealed[0].sealed, before[0].sealed);
        // Now the old one can be dropped, and is of no use any more.
        let new = both.stop().await.config(&secrets(NEW)).start().await;
        assert!(is_alive(&new, &token).await);
        assert_eq!(new.get("/me").bearer(&token).await.json()["id"], ada.id.to_string());
        let text = refusal(new.stop().await.config(&secrets(OLD))).await;
        assert!(text.contains("secrets.keys"), "{text}");
    }

    async fn s122_broken_secrets_never_open(app: AppBuilder) {
        let started = app.config("secret_keys: []").start().await;
        let file = started.data_dir().join("secret.key");
        let secret = fs::read_to_string(&file).unwrap();
        let stopped = started.stop().await;
        for garbage in ["", "short", "\u{0}\u{0}", &format!("{}\n{secret}", "x".repeat(40)), &secret[..40]] {
            fs::write(&file, garbage).unwrap();
            let text = refusal(stopped.clone()).await;
            assert!(text.contains("secret.key") || text.contains("secrets.keys"), "{garbage:?}: {text}");
        }
        fs::write(&file, &secret).unwrap();
        stopped.start().await;
    }

    async fn s122_a_damaged_signing_key_never_opens(app: AppBuilder) {
        let app = app.start().await;
        let key = keys(&app).await.remove(0);
        let mut builder = app.beside();
        let mut running = Some(app);
        let mut flipped = key.sealed.clone();
        *flipped.last_mut().unwrap() ^= 1;
        for (what, sealed) in [("flipped", flipped), ("cut", key.sealed[..30].to_vec()), ("empty", Vec::new())] {
            let app = match running.take() {
                Some(app) => app,
                None => builder.clone().start().await,
            };
            replace(&app, key.id, &sealed).await;
            builder = app.stop().await;
            let text = refusal(builder.clone()).await;
            assert!(text.contains("signing key") && text.contains(&key.kid), "{what}: {text}");
            restore(&builder, key.id, &key.sealed).await;
        }
        assert_eq!(builder.start().await.get("/health/ready").await.status, 200);
    }
}

/// Before anything is opened.
#[test]
fn s122_short_secrets_are_refused() {
    for yaml in ["secret_keys: [too-short]", "secrets: { keys: [a-secret-that-is-long-enough, too-short] }"] {
        let text = inkan_config::Config::from_yaml(yaml).unwrap_err().to_string();
        assert!(text.contains("keys[") && !text.contains("too-short"), "{text}");
    }
}

async fn replace(app: &TestApp, id: i64, sealed: &[u8]) {
    let store = &app.domain().store;
    let done: Result<(), StoreError> =
        store.write(TenantId::DEFAULT, async |tx| tx.signing_keys().replace_sealed(id, sealed).await).await;
    done.unwrap();
}

/// Repairs a key while no server runs.
async fn restore(builder: &AppBuilder, id: i64, sealed: &[u8]) {
    let store = builder.open_store().await;
    let done: Result<(), StoreError> =
        store.write(TenantId::DEFAULT, async |tx| tx.signing_keys().replace_sealed(id, sealed).await).await;
    done.unwrap();
    store.close().await;
}

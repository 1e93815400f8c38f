//! Secrets of second factors stay where they belong (s025; spec 03, item 7; spec 05, weakness 22): in the browser, in the app and on
//! paper, not in logs, audit records or, in clear, in the database.

use std::{fmt::Write as _, fs};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use super::{ACQUIRE, PASSWORD, Plain as _, STEP, after_password, device_cookie, enter, recover, registered};
use crate::support::{Engine, TestApp, secret_of};

/// All that a thief of the database has: the files, or all rows as text.
async fn database(app: &TestApp) -> Vec<u8> {
    if app.engine == Engine::Sqlite {
        let files = fs::read_dir(app.data_dir()).unwrap().map(|entry| entry.unwrap().path());
        return files.filter(|path| path.is_file()).flat_map(|path| fs::read(path).unwrap()).collect();
    }
    let url = app.domain().config.database.url.expose();
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let mut all = String::new();
    for table in
        client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", &[]).await.unwrap()
    {
        let table: String = table.get(0);
        let rows =
            client.simple_query(&format!("SELECT row_to_json(t)::text FROM \"{table}\" t")).await.unwrap();
        for row in rows {
            if let SimpleQueryMessage::Row(row) = row {
                writeln!(all, "{table}: {}", row.get(0).unwrap()).unwrap();
            }
        }
    }
    all.into_bytes()
}

fn found(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// The forms in which a secret could stand somewhere.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex = secret.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    let base64 = BASE64_STANDARD.encode(secret);
    let array = secret.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
    vec![
        secret.to_vec(),
        hex.into_bytes(),
        base64.trim_end_matches('=').as_bytes().to_vec(),
        array.into_bytes(),
    ]
}

/// Looks for the secrets everywhere.
async fn assert_nowhere(app: &TestApp, secrets: &[(&str, Vec<u8>)]) {
    let places = [
        ("log", app.log.text().into_bytes()),
        ("audit", format!("{:?}", app.audit().await).into_bytes()),
        ("database", database(app).await),
    ];
    assert!(found(&places[2].1, b"ada@example.com"), "the search looks at the right place");
    for (what, secret) in secrets {
        for form in forms(secret) {
            for (place, bytes) in &places {
                assert!(
                    !found(bytes, &form),
                    "{what} stands in the {place}: {}",
                    String::from_utf8_lossy(&form)
                );
            }
        }
    }
}

each_engine! {
    /// An app is sealed under the newest secret when it is used, so that an older one can be dropped afterwards.
    async fn s083_secrets_of_apps_move_to_the_newest_secret_of_the_server(app: AppBuilder) {
        let mut app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        for secrets in [
            "another-secret-for-tests-0123456789, a-secret-for-tests-only-0123456789",
            "another-secret-for-tests-0123456789",
        ] {
            app = app.stop().await.config(&format!("secret_keys: [{secrets}]")).start().await;
            app.clock.advance(STEP);
            let mut flow = after_password(&app, &ada).await;
            assert_eq!(enter(&mut flow, ada.totp_code(app.now())).await.outline(), "200 device_trust", "{secrets}");
        }
    }

    async fn s025_r07_v05_22_secrets_of_second_factors(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).config("debug: true").start().await;
        let mut ada = app.user("ada@example.com").password(PASSWORD).create().await;
        let mut flow = after_password(&app, &ada).await;
        flow.act("continue_to_otp_secret_creation", json!({})).await;
        let secret = secret_of(&flow.doc.json);
        let text = flow.doc.json["payload"]["otp_secret"].as_str().unwrap().to_owned();
        let image = flow.doc.json["payload"]["otp_image_source"].as_str().unwrap()[40..100].to_owned();
        let mut secrets = vec![
            ("the app's secret", secret.as_bytes().to_vec()),
            ("the app's secret as text", text.into_bytes()),
            ("the QR code", image.into_bytes()),
        ];
        flow.act("otp_code_verify", json!({ "otp_code": "000000" })).await;
        // While it is being set up it is in the flow.
        assert_nowhere(&app, &secrets).await;
        let code = secret.password_at(app.now());
        let done = flow.act("otp_code_verify", json!({ "otp_code": code })).await;
        ada.totp = Some(secret);
        let codes = done.json["payload"]["recovery_codes"].as_array().unwrap().clone();
        for code in &codes {
            let code = code.as_str().unwrap();
            secrets.push(("a recovery code", code.as_bytes().to_vec()));
            secrets.push(("a recovery code without hyphen", code.replace('-', "").into_bytes()));
        }
        app.clock.advance(STEP);
        let mut flow = after_password(&app, &ada).await;
        enter(&mut flow, ada.totp_code(app.now())).await;
        let trusted = flow.act("trust_device", json!({})).await;
        let token = device_cookie(&trusted).unwrap().split_once(':').unwrap().1.to_owned();
        secrets.push(("the device token", token.clone().into_bytes()));
        super::password_on(&app, &ada, &format!("{}:{token}", ada.id)).await;
        let mut flow = after_password(&app, &ada).await;
        recover(&mut flow, codes[0].as_str().unwrap()).await;
        let mut flow = after_password(&app, &ada).await;
        recover(&mut flow, codes[0].as_str().unwrap()).await;
        assert_nowhere(&app, &secrets).await;
    }

    /// In a registration the secret and the digests of the codes wait in the flow until the account is there.
    async fn s025_r07_secrets_of_a_registration(app: AppBuilder) {
        let app = app.config(ACQUIRE).config("username: { enabled: true }").start().await;
        app.user("ada@example.com").create().await;
        let mut flow = registered(&app, "new@example.com", true).await;
        assert_eq!(flow.doc.outline(), "200 mfa_method_chooser");
        flow.act("continue_to_otp_secret_creation", json!({})).await;
        let secret = secret_of(&flow.doc.json);
        let code = secret.password_at(app.now());
        let doc = flow.act("otp_code_verify", json!({ "otp_code": code })).await;
        assert_eq!(doc.outline(), "200 onboarding_create_passkey");
        let code = doc.json["payload"]["recovery_codes"][0].as_str().unwrap().to_owned();
        let secrets = [("the app's secret", secret.as_bytes().to_vec()), ("a recovery code", code.into_bytes())];
        assert_nowhere(&app, &secrets).await;
        assert_eq!(flow.act("skip", json!({})).await.outline(), "200 success");
        assert_nowhere(&app, &secrets).await;
    }
}

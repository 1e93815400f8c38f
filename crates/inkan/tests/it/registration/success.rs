//! `success` (spec 03, sections 4.6, 4.8 and 14): the account as it is created, its audit record, claims, headers.

use serde_json::{Value, json};
use tokio_postgres::NoTls;

use super::{BOTH_OPTIONAL, PASSWORD, USERNAME_ONLY};
use crate::support::{AppBuilder, Doc, Engine, TestApp, run};

/// A registration with everything: address, user name, password.
async fn full(app: &TestApp, number: usize, name: &str) -> Doc {
    let address = format!("{name}@example.com");
    let mut flow = app.proven(number, json!({ "email": address, "username": name })).await;
    flow.act("register_password", json!({ "new_password": PASSWORD })).await
}

/// Configuration, identifiers, `amr`, members of the claims, members of the user.
type Row = (&'static str, Value, Value, &'static [&'static str], &'static [&'static str]);

each_engine! {
    async fn nothing_exists_before_the_last_step_and_everything_after_it(app: AppBuilder) {
        let app = app.config(BOTH_OPTIONAL).start().await;
        let mut flow = app.submit(0, json!({ "email": "ada@example.com", "username": "ada" })).await;
        assert!(app.account("ada").await.is_none());
        let code = app.code("ada@example.com").await;
        flow.act("verify_passcode", json!({ "code": code })).await;
        assert!(app.account("ada").await.is_none() && app.account("ada@example.com").await.is_none());
        app.clock.advance(std::time::Duration::from_secs(40));
        let done = flow.act("register_password", json!({ "new_password": PASSWORD })).await;

        let account = app.account("ada").await.unwrap();
        assert_eq!((account.user.created_at, account.user.updated_at), (app.now(), app.now()));
        assert_eq!(account.emails.len(), 1);
        assert!(account.emails[0].verified && account.emails[0].primary && account.password.is_some());
        assert_eq!(done.json["payload"]["user"]["created_at"], "2026-11-22T05:00:40Z");
        assert_eq!(app.mails("ada@example.com").await.len(), 1, "only the code, no notice of its own change");
    }

    /// Section 4.6: one audit record, its details, and nothing that belongs to a sign-in.
    async fn the_audit_record_names_what_was_created(app: AppBuilder) {
        let masks =
            [("{}", "ada", "ada@example.com"), ("audit_log: { mask: true }", "a****a", "a*****@example.com")];
        for (config, name, address) in masks {
            let app = app
                .clone()
                .config(BOTH_OPTIONAL)
                .config("audit_log: { mask: false }")
                .config(config)
                .start()
                .await;
            let done = full(&app, 0, "ada").await;
            let records = app.audit().await;
            let kinds: Vec<_> = records.iter().map(|record| record.kind.as_str()).collect();
            assert_eq!(kinds, ["user_created"], "{config}");
            let record = &records[0];
            let details = record.details.clone().unwrap();
            assert_eq!(details["password"], true, "{config}");
            assert_eq!(details["username"], name, "{config}");
            assert!(details["flow_id"].is_string(), "{config}");
            assert_eq!(details.as_object().unwrap().len(), 3, "{config}: {details}");
            assert_eq!(record.actor_email.as_deref(), Some(address), "{config}");
            assert_eq!(
                record.actor_user_id.unwrap().to_string(),
                done.json["payload"]["user"]["id"],
                "{config}"
            );
        }
    }

    async fn audit_details_only_name_what_there_is(app: AppBuilder) {
        let app = app.config("password: { enabled: false }").start().await;
        let mut flow = app.submit(0, json!({ "email": "ada@example.com" })).await;
        let code = app.code("ada@example.com").await;
        flow.act("verify_passcode", json!({ "code": code })).await;
        let details = app.audit().await[0].details.clone().unwrap();
        assert_eq!(details.as_object().unwrap().keys().collect::<Vec<_>>(), ["flow_id"]);
    }

    /// Sections 14.1 and 14.3: members that are there, members that are not, and `amr` in its order.
    async fn claims_and_user_by_what_was_registered(app: AppBuilder) {
        let unverified =
            "{ email: { require_verification: false }, password: { acquire_on_registration: never } }";
        let rows: [Row; 5] = [
            (
                BOTH_OPTIONAL,
                json!({ "email": "a@example.com", "username": "ada" }),
                json!(["otp", "pwd"]),
                &["amr", "audience", "email", "expiration", "issued_at", "session_id", "subject", "username"],
                &["created_at", "emails", "id", "mfa_config", "updated_at", "user_id", "username"],
            ),
            (
                USERNAME_ONLY,
                json!({ "username": "ada" }),
                json!(["pwd"]),
                &["amr", "audience", "expiration", "issued_at", "session_id", "subject", "username"],
                &["created_at", "id", "mfa_config", "updated_at", "user_id", "username"],
            ),
            (
                "email: { require_verification: false }",
                json!({ "email": "a@example.com" }),
                json!(["pwd"]),
                &["amr", "audience", "email", "expiration", "issued_at", "session_id", "subject"],
                &["created_at", "emails", "id", "mfa_config", "updated_at", "user_id"],
            ),
            (
                "password: { enabled: false }",
                json!({ "email": "a@example.com" }),
                json!(["otp"]),
                &["amr", "audience", "email", "expiration", "issued_at", "session_id", "subject"],
                &["created_at", "emails", "id", "mfa_config", "updated_at", "user_id"],
            ),
            (
                unverified,
                json!({ "email": "a@example.com" }),
                json!(null),
                &["audience", "email", "expiration", "issued_at", "session_id", "subject"],
                &["created_at", "emails", "id", "mfa_config", "updated_at", "user_id"],
            ),
        ];
        for (config, identifiers, amr, claims, user) in rows {
            let app = app.clone().config(config).start().await;
            let mut flow = app.submit(0, identifiers.clone()).await;
            if flow.doc.name() == "passcode_confirmation" {
                let code = app.code("a@example.com").await;
                flow.act("verify_passcode", json!({ "code": code })).await;
            }
            if flow.doc.name() == "password_creation" {
                flow.act("register_password", json!({ "new_password": PASSWORD })).await;
            }
            let payload = &flow.doc.json["payload"];
            let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            assert_eq!(flow.doc.outline(), "200 success", "{config}");
            assert_eq!(members(payload), ["claims", "user"], "{config}: no last_login");
            assert_eq!(members(&payload["claims"]), claims, "{config}");
            assert_eq!(payload["claims"]["amr"], amr, "{config}");
            assert_eq!(members(&payload["user"]), user, "{config}");
            assert_eq!(payload["claims"]["subject"], payload["user"]["id"], "{config}");
        }
    }

    /// Section 14.2.
    async fn session_headers_by_configuration(app: AppBuilder) {
        let rows = [
            ("{}", "43200", "persistent", "Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Strict"),
            (
                "session: { cookie: { retention: session } }",
                "43200",
                "session",
                "Path=/; HttpOnly; Secure; SameSite=Strict",
            ),
            (
                "session: { cookie: { retention: prompt } }",
                "43200",
                "session",
                "Path=/; HttpOnly; Secure; SameSite=Strict",
            ),
            (
                "session: { lifespan: 1h }",
                "3600",
                "persistent",
                "Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Strict",
            ),
            ("session: { enable_auth_token_header: true }", "43200", "persistent", ""),
        ];
        for (config, lifetime, retention, attributes) in rows {
            let app = app.clone().config(BOTH_OPTIONAL).config(config).start().await;
            let done = full(&app, 0, "ada").await;
            let token = done.token().unwrap_or_else(|| panic!("{config}: no session"));
            assert_eq!(done.header("x-session-lifetime"), lifetime, "{config}");
            assert_eq!(done.header("x-session-retention"), retention, "{config}");
            if attributes.is_empty() {
                assert_eq!(
                    (done.header("x-auth-token"), done.header("set-cookie")),
                    (token.clone(), String::new()),
                    "{config}"
                );
                assert_eq!(app.get("/me").bearer(&token).await.status, 200, "{config}");
            } else {
                assert_eq!(done.header("set-cookie"), format!("hanko={token}; {attributes}"), "{config}");
                assert_eq!(done.header("x-auth-token"), "", "{config}");
                assert_eq!(app.get("/me").cookie(&token).await.status, 200, "{config}");
            }
        }
    }

    /// Section 4.2: may be repeated, the last one wins, also over a step back.
    async fn the_last_remember_me_counts(app: AppBuilder) {
        let app = app.config("session: { cookie: { retention: prompt } }").start().await;
        let mut flow = app.registration().await;
        assert_eq!(flow.doc.actions(), ["register_login_identifier", "remember_me"]);
        let declared =
            json!({ "remember_me": { "name": "remember_me", "type": "boolean", "required": true } });
        assert_eq!(super::inputs_of(&flow.doc, "remember_me"), &declared);
        for value in [true, false, true] {
            assert_eq!(
                flow.act("remember_me", json!({ "remember_me": value })).await.outline(),
                "200 registration_init"
            );
        }
        flow.act("register_login_identifier", json!({ "email": "ada@example.com" })).await;
        let code = app.code("ada@example.com").await;
        flow.act("verify_passcode", json!({ "code": code })).await;
        let done = flow.act("register_password", json!({ "new_password": PASSWORD })).await;
        assert_eq!(done.header("x-session-retention"), "persistent");
    }

    /// Section 4.8.
    async fn success_is_final(app: AppBuilder) {
        let app = app.config(BOTH_OPTIONAL).start().await;
        let mut flow = app.proven(0, json!({ "email": "ada@example.com" })).await;
        let done = flow.act("register_password", json!({ "new_password": PASSWORD })).await;
        assert_eq!((done.actions(), done.csrf().is_empty()), (vec![], false));
        for action in ["register_password", "back", "skip", "register_login_identifier", "verify_passcode"] {
            let body =
                json!({ "csrf_token": done.csrf(), "input_data": { "new_password": "another good one" } });
            let refused = flow.send(action, &body).await;
            assert_eq!(refused.outline(), "403 error operation_not_permitted_error", "{action}");
            assert_eq!(refused.token(), None, "{action}");
        }
        assert_eq!(app.registered().await, 1);
    }

    async fn the_new_account_signs_in_with_everything_it_has(app: AppBuilder) {
        let app = app.config(BOTH_OPTIONAL).start().await;
        full(&app, 0, "ada").await;
        for identifier in ["ada", "ADA", "ada@example.com", " Ada@Example.com"] {
            let mut flow = app.login().await;
            flow.act("continue_with_login_identifier", json!({ "identifier": identifier })).await;
            flow.act("continue_to_password_login", json!({})).await;
            let done = flow.act("password_login", json!({ "password": PASSWORD })).await;
            assert_eq!(done.outline(), "200 success", "{identifier}");
        }
    }
}

/// Section 4.6: the account is made in one transaction. Here its last insert fails (only this engine lets a test arrange
/// that from outside); then there is nothing of it, and the same request works once the cause is gone.
mod nothing_is_half_written {
    use super::*;

    #[test]
    fn postgres() {
        run(Engine::Postgres, the_last_insert_fails);
    }

    async fn the_last_insert_fails(app: AppBuilder) {
        let app = app.config(BOTH_OPTIONAL).start().await;
        app.expect_errors();
        let mut flow = app.proven(0, json!({ "email": "ada@example.com", "username": "ada" })).await;
        let (sql, connection) =
            tokio_postgres::connect(app.domain().config.database.url.expose(), NoTls).await.unwrap();
        tokio::spawn(connection);
        let fail = "CREATE FUNCTION fail() RETURNS trigger AS $$ BEGIN RAISE 'no'; END $$ LANGUAGE plpgsql;
                    CREATE TRIGGER fail BEFORE INSERT ON usernames FOR EACH ROW EXECUTE FUNCTION fail()";
        sql.batch_execute(fail).await.unwrap();
        let before = flow.doc.csrf().to_owned();
        let failed = flow.act("register_password", json!({ "new_password": PASSWORD })).await;
        assert_eq!(failed.outline(), "500 error technical_error");
        assert_eq!((failed.token(), failed.csrf(), flow.doc.csrf()), (None, "", before.as_str()));
        assert!(app.account("ada@example.com").await.is_none() && app.audit().await.is_empty());
        for table in ["users", "emails", "passwords", "sessions"] {
            let rows = sql.query(&format!("SELECT 1 FROM {table}"), &[]).await.unwrap();
            assert!(rows.is_empty(), "{table}");
        }

        sql.batch_execute("DROP TRIGGER fail ON usernames").await.unwrap();
        let done = flow.act("register_password", json!({ "new_password": PASSWORD })).await;
        assert_eq!(done.outline(), "200 success");
        assert!(app.account("ada").await.is_some());
    }
}

//! Spec 05 §12: what the peer does wrong with keys and sessions, as far as no other module shows it.

use std::time::Duration;

use inkan_base::TenantId;
use inkan_config::Config;
use inkan_store::StoreError;
use serde_json::json;

use super::{is_alive, rows};
use crate::support::TestApp;

async fn stored_keys(app: &TestApp) -> usize {
    let store = &app.domain().store;
    let keys: Result<_, StoreError> =
        store.read(TenantId::DEFAULT, async |tx| tx.signing_keys().list().await).await;
    keys.unwrap().len()
}

each_engine! {
    async fn v05_01_secrets_keys_is_what_seals(app: AppBuilder) {
        let under = |secret: &str| format!("secret_keys: []\nsecrets: {{ keys: [{secret}] }}");
        let first = "the-first-secret-0123456789";
        let app = app.config(&under(first)).start().await;
        assert!(!app.data_dir().join("secret.key").exists(), "nothing else is made up");
        let stopped = app.stop().await;
        assert!(stopped.clone().config(&under("the-other-secret-0123456789")).try_start().await.is_err());
        // Both names mean the same.
        let alias = stopped.config(&format!("secret_keys: [{first}]\nsecrets: {{ keys: [] }}")).start().await;
        assert_eq!(alias.get("/health/ready").await.status, 200);
    }

    async fn v05_04_restarts_make_no_keys(app: AppBuilder) {
        let mut app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        for secrets in [
            "a-secret-for-tests-only-0123456789",
            "another-secret-for-tests-0123456789, a-secret-for-tests-only-0123456789",
            "another-secret-for-tests-0123456789",
            "another-secret-for-tests-0123456789",
        ] {
            app = app.stop().await.config(&format!("secret_keys: [{secrets}]")).start().await;
            assert_eq!(stored_keys(&app).await, 1, "{secrets}");
            assert!(is_alive(&app, &token).await, "{secrets}");
            assert_eq!(app.get("/.well-known/jwks.json").await.status, 200, "{secrets}");
        }
    }

    async fn v05_08_an_idle_session_is_no_trouble_for_a_flow(app: AppBuilder) {
        let app = app.config("session: { idle_timeout: 10m }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let idle = app.token(&ada).await;
        app.clock.advance(Duration::from_mins(11));
        let done = super::sign_in_with(&app, &ada, |call| call.cookie(&idle)).await;
        assert!(is_alive(&app, &done.token().unwrap()).await && !is_alive(&app, &idle).await);
    }

    async fn v05_10_what_has_expired_is_removed(app: AppBuilder) {
        let app = app.config("session: { lifespan: 1h }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        app.token(&ada).await;
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": ada.email })).await;
        flow.act("continue_to_passcode_confirmation", json!({})).await;
        app.deliver().await;
        let clean_up = async || {
            app.domain().store.clean_up(app.now(), Duration::from_hours(720), 100).await.unwrap()
        };
        let early = clean_up().await;
        assert_eq!((early.sessions, early.flows, early.passcodes), (0, 0, 0));
        app.clock.advance(Duration::from_hours(25));
        let late = clean_up().await;
        assert_eq!((late.sessions, late.flows, late.passcodes), (1, 2, 1));
        assert_eq!(rows(&app, &ada).await, []);
    }

    async fn v05_12_a_password_change_ends_the_other_sessions(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let thief = app.token(&ada).await;
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": ada.email })).await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
        let code = app.code("ada@example.com").await;
        flow.act("verify_passcode", json!({ "code": code })).await;
        flow.act("password_recovery", json!({ "new_password": "battery staple" })).await;
        assert!(!is_alive(&app, &thief).await);
        assert_eq!(rows(&app, &ada).await.len(), 1);
    }
}

/// Items 9 and 15: what could only fail later is refused when the settings are read.
#[test]
fn v05_15_settings_that_cannot_work_are_refused() {
    for (settings, name) in [
        ("{ limit: 0 }", "session.limit"),
        ("{ limit: -1 }", "session.limit"),
        ("{ lifespan: 0s }", "session.lifespan"),
        ("{ lifespan: -1h }", "session.lifespan"),
        ("{ lifespan: soon }", "session.lifespan"),
        ("{ lifespan: '12' }", "session.lifespan"),
        ("{ idle_timeout: never }", "session.idle_timeout"),
        ("{ cookie: { same_site: loose } }", "session.cookie.same_site"),
        ("{ cookie: { same_site: none, secure: false } }", "session.cookie.same_site"),
        ("{ cookie: { retention: forever } }", "session.cookie.retention"),
        ("{ cookie: { name: 'a b' } }", "session.cookie.name"),
        ("{ audience: [''] }", "session.audience"),
    ] {
        let yaml = format!("secret_keys: [a-secret-for-tests-only-0123456789]\nsession: {settings}");
        let error = Config::from_yaml(&yaml).err().unwrap_or_else(|| panic!("accepted: {settings}"));
        assert!(error.to_string().contains(name), "{settings}: {error}");
    }
}

//! What ends when an account changes: s023 (recovery), s043 (removal).

use inkan_base::TenantId;
use inkan_store::StoreError;
use serde_json::json;

use crate::{
    session::{assert_dies, is_alive},
    support::{Engine, TestApp, TestUser},
};

async fn remove(app: &TestApp, user: &TestUser) {
    let store = &app.domain().store;
    let done: Result<(), StoreError> =
        store.write(TenantId::DEFAULT, async |tx| tx.users().delete(user.id).await.map(drop)).await;
    done.unwrap();
}

each_engine! {
    async fn s023_a_recovery_ends_all_other_sessions(app: AppBuilder) {
        let settings = ["{}", "{ end_others_on_password_change: false }"];
        for (setting, survive) in settings.into_iter().zip([false, true]) {
            let app = app.clone().config(&format!("session: {setting}")).start().await;
            let ada = app.user("ada@example.com").password("correct horse").create().await;
            let bob = app.user("bob@example.com").password("correct horse").create().await;
            let (thief, other) = (app.token(&ada).await, app.token(&bob).await);
            assert!(is_alive(&app, &thief).await);
            let mut flow = app.login().await;
            flow.act("continue_with_login_identifier", json!({ "email": ada.email })).await;
            flow.act("continue_to_password_login", json!({})).await;
            flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
            let code = app.code("ada@example.com").await;
            flow.act("verify_passcode", json!({ "code": code })).await;
            assert!(is_alive(&app, &thief).await, "nothing has changed yet");
            let done = flow.act("password_recovery", json!({ "new_password": "battery staple" })).await;
            assert_eq!(done.outline(), "200 success");
            assert_eq!(is_alive(&app, &thief).await, survive, "{setting}");
            assert!(is_alive(&app, &other).await && is_alive(&app, &done.token().unwrap()).await);
            let old = super::password_login(&app, "203.0.113.1", "ada@example.com", "correct horse").await;
            assert_eq!(old.outline(), "400 login_password form_data_invalid_error password=value_invalid_error");
        }
    }

    async fn s043_a_removed_account_is_dead_everywhere(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": ada.email })).await;
        flow.act("continue_to_password_login", json!({})).await;
        let mut by_mail = app.login().await;
        by_mail.act("continue_with_login_identifier", json!({ "email": ada.email })).await;
        by_mail.act("continue_to_passcode_confirmation", json!({})).await;
        let code = app.code("ada@example.com").await;
        assert!(is_alive(&app, &token).await);
        let second = match app.engine {
            Engine::Postgres => Some(app.beside().start().await),
            Engine::Sqlite => None, // one server owns the file
        };
        if let Some(second) = &second {
            assert!(is_alive(second, &token).await);
        }
        remove(&app, &ada).await;
        assert_dies(&app, &token).await;
        app.get("/me").cookie(&token).await.assert_error(401, "Unauthorized");
        if let Some(second) = &second {
            assert_dies(second, &token).await;
        }
        for doc in [
            flow.act("password_login", json!({ "password": "correct horse" })).await,
            by_mail.act("verify_passcode", json!({ "code": code })).await,
        ] {
            assert!((400..500).contains(&doc.status), "{}", doc.json);
            assert_eq!(doc.token(), None);
        }
    }
}

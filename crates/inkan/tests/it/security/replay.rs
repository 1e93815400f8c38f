//! Spec 00, decision 22: an identical repeat within a moment gets the same answer, anything else with a used token gets
//! nothing. Spec 01, W13: what is kept for that is sealed and does not stay.

use std::time::Duration;

use inkan_base::{FlowId, TenantId};
use inkan_store::{FlowRow, StoreError};
use serde_json::json;

use crate::{
    session::rows,
    support::{Doc, TestApp},
};

async fn row(app: &TestApp, id: &str) -> FlowRow {
    let id: FlowId = id.parse().unwrap();
    let store = &app.domain().store;
    let row: Result<_, StoreError> =
        store.read(TenantId::DEFAULT, async |tx| tx.flows().find(id).await).await;
    row.unwrap().unwrap()
}

each_engine! {
    async fn s112_a_repeat_gets_the_same_answer_and_nothing_else(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": ada.email })).await;
        flow.act("continue_to_password_login", json!({})).await;
        let body = json!({ "input_data": { "password": "correct horse" }, "csrf_token": flow.doc.csrf() });
        let href = flow.href("password_login");
        let first = app.post(&href).json(&body).await;
        let session = |doc: &Doc| doc.token().unwrap();
        let first = Doc::new(first);
        for seconds in [0, 9, 1] {
            app.clock.advance(Duration::from_secs(seconds));
            let again = Doc::new(app.post(&href).json(&body).await);
            assert_eq!(again.reply.body, first.reply.body, "after {seconds} s more");
            assert_eq!(session(&again), session(&first));
        }
        assert_eq!(rows(&app, &ada).await.len(), 1, "one sign-in, one session");
        let refused = "403 error operation_not_permitted_error";
        let other = json!({ "input_data": { "password": "correct horsf" }, "csrf_token": body["csrf_token"] });
        for (href, body) in [
            (href.clone(), &other),
            (href.replace("password_login", "back"), &body),
            (href.replace("/login", "/registration"), &body),
        ] {
            assert_eq!(Doc::new(app.post(&href).json(body).await).outline(), refused, "{href}");
        }
        app.clock.advance(Duration::from_secs(1));
        assert_eq!(Doc::new(app.post(&href).json(&body).await).outline(), refused, "too late");
    }

    async fn w13_the_kept_answer_is_sealed_and_goes(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": ada.email })).await;
        flow.act("continue_to_password_login", json!({})).await;
        let done = flow.act("password_login", json!({ "password": "correct horse" })).await;
        let token = done.token().unwrap();
        let kept = row(&app, flow.id()).await;
        let texts = [kept.data.clone(), kept.last_answer.clone().unwrap(), kept.last_request.clone().unwrap()];
        for text in &texts {
            let text = String::from_utf8_lossy(text).into_owned();
            assert!(!text.contains(&token[..40]) && !text.contains("ada@") && !text.contains("horse"));
        }
        app.clock.advance(Duration::from_secs(11));
        app.domain().store.clean_up(app.now(), Duration::from_hours(1), 100).await.unwrap();
        let wiped = row(&app, flow.id()).await;
        assert!(wiped.finished, "the flow stays over");
        assert_eq!((wiped.last_answer, wiped.last_request, wiped.last_answer_until), (None, None, None));
        assert!(wiped.data.len() < 300, "a finished flow remembers nothing: {} bytes", wiped.data.len());
        let again = flow.act("password_login", json!({ "password": "correct horse" })).await;
        assert_eq!(again.status, 403, "{}", again.json);
    }

    async fn w05_a_flow_continued_elsewhere_is_refused_and_goes_on(app: AppBuilder) {
        let app = app.config("username: { enabled: true }").start().await;
        let mut flow = app.registration().without_preflight().await;
        let body = json!({ "input_data": { "webauthn_available": false }, "csrf_token": flow.doc.csrf() });
        let wrong = flow.href("register_client_capabilities").replace("/registration", "/login");
        for _ in 0..3 {
            assert_eq!(Doc::new(app.post(&wrong).json(&body).await).outline(), "403 error operation_not_permitted_error");
        }
        let doc = flow.raw("register_client_capabilities", &body).await;
        assert_eq!(doc.outline(), "200 registration_init", "the flow is not locked");
    }
}

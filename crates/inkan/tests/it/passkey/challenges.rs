//! Challenges (spec 05 §8.5; spec 00, decision 28; spec 14, s055 and A27; spec 02, L5): each belongs to one flow, ends with its
//! time-out, and is good for one verification.

use std::{collections::HashSet, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use inkan_base::TenantId;
use inkan_store::StoreError;
use serde_json::json;

use super::{
    GENERATE, GENERATE_CREATION, NOT_MADE, NOT_SIGNED_IN, PASSKEYS_ONLY, PASSWORD, Tweaks, UNLIMITED,
    account, only, records_now, registering, stored, tick,
};
use crate::support::{Device, Doc, Engine, Flow, TestApp};

const MINUTE: &str = "webauthn: { timeouts: { login: 60000, registration: 60000 } }";
const VERIFY: &str = "webauthn_verify_assertion_response";

async fn by_button(app: &TestApp) -> Flow<'_> {
    let mut flow = app.login().in_browser().await;
    flow.act(GENERATE, json!({})).await;
    flow
}

/// As if another node had verified with it.
async fn use_up_elsewhere(app: &TestApp, flow: &Flow<'_>, kind: &str) {
    let options = flow.doc.json["payload"].as_object().unwrap().values().next().unwrap();
    let challenge = BASE64URL.decode(options["publicKey"]["challenge"].as_str().unwrap()).unwrap();
    let (id, now) = (Some(flow.id().parse().unwrap()), app.now());
    let used: Result<_, StoreError> = app
        .domain()
        .store
        .write(TenantId::DEFAULT, async |tx| {
            tx.webauthn_challenges().consume(id, kind, &challenge, now).await
        })
        .await;
    assert!(used.unwrap().is_some());
}

each_engine! {
    /// L5: also without a name, for which the peer never ends.
    async fn l05_signing_in_in_time(app: AppBuilder) {
        let app = app.config(MINUTE).config(UNLIMITED).start().await;
        let mut phone = Device::phone(1);
        app.user("ada@example.com").passkey(&mut phone).create().await;
        for (waited, outline) in [(0, "200 success"), (59, "200 success"), (60, NOT_SIGNED_IN), (3_600, NOT_SIGNED_IN)] {
            let mut flow = by_button(&app).await;
            assert_eq!(flow.doc.request_options()["publicKey"]["timeout"], 60_000);
            app.clock.advance(Duration::from_secs(waited));
            assert_eq!(flow.autofill(&mut phone).await.outline(), outline, "{waited}");
            if outline == NOT_SIGNED_IN {
                assert_eq!(only(&records_now(&app).await), ("login_failure", "expired"));
                assert!(!flow.doc.has_options());
                assert_eq!(flow.act(GENERATE, json!({})).await.outline(), "200 login_passkey");
                assert_eq!(flow.autofill(&mut phone).await.outline(), "200 success", "{waited}");
            }
        }
    }

    async fn l05_making_a_passkey_in_time(app: AppBuilder) {
        let app = app.config(MINUTE).config(PASSKEYS_ONLY).config(UNLIMITED).start().await;
        for (number, (waited, outline)) in (1..).zip([(59, "200 success"), (60, NOT_MADE)]) {
            let address = format!("u{number}@example.com");
            let mut flow = registering(&app, &address).await;
            flow.act(GENERATE_CREATION, json!({})).await;
            let made = Device::phone(number).create(&flow.doc);
            app.clock.advance(Duration::from_secs(waited));
            assert_eq!(flow.attest(made).await.outline(), outline, "{waited}");
            assert_eq!(account(&app, &address).await.is_some(), waited < 60);
            if outline == NOT_MADE {
                assert!(!flow.doc.has_options());
                assert_eq!(flow.act(GENERATE_CREATION, json!({})).await.outline(), "200 onboarding_verify_passkey_attestation");
                let made = Device::phone(10 + number).create(&flow.doc);
                assert_eq!(flow.attest(made).await.outline(), "200 success");
            }
        }
    }

    async fn s055_no_answer_is_good_twice(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        let mut phone = Device::phone(1);
        let ada = app.user("ada@example.com").passkey(&mut phone).create().await;
        for form in [true, false] {
            let before = stored(&app, ada.id).await.sessions.len();
            let mut flow = if form { app.login().in_browser().await } else { by_button(&app).await };
            let answer = phone.get(&flow.doc);
            assert_eq!(flow.assert(answer.clone()).await.outline(), "200 success");
            assert_eq!(flow.assert(answer.clone()).await.outline(), "403 error operation_not_permitted_error");
            let mut other = if form { app.login().in_browser().await } else { by_button(&app).await };
            tick(&app);
            let state = other.doc.name().to_owned();
            assert_eq!(other.assert(answer).await.outline(), format!("401 {state} passkey_invalid"));
            assert_eq!(only(&records_now(&app).await), ("login_failure", "challenge"));
            assert_eq!(stored(&app, ada.id).await.sessions.len(), before + 1);
        }
    }

    /// A challenge belongs to its flow, and to its kind of ceremony.
    async fn s055_s005_not_in_another_flow(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        let mut phone = Device::phone(1);
        let ada = app.user("ada@example.com").password(PASSWORD).passkey(&mut phone).create().await;
        let (mut form, mut button, mut third) = (app.login().in_browser().await, by_button(&app).await, by_button(&app).await);
        let (for_form, for_button) = (phone.get(&form.doc), phone.get(&button.doc));
        assert_eq!(third.assert(for_button.clone()).await.outline(), NOT_SIGNED_IN);
        assert_eq!(third.assert(for_form.clone()).await.outline(), NOT_SIGNED_IN);
        assert_eq!(button.assert(for_form.clone()).await.outline(), NOT_SIGNED_IN);
        assert_eq!(form.assert(for_button.clone()).await.outline(), "401 login_init passkey_invalid");
        assert!(stored(&app, ada.id).await.sessions.is_empty());
        assert_eq!(button.assert(for_button).await.outline(), "200 success");
        assert_eq!(form.assert(for_form).await.outline(), "200 success");
    }

    /// Eight answers that are all right, at once: one is taken.
    async fn s055_many_answers_at_once(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        let mut phone = Device::phone(1);
        let ada = app.user("ada@example.com").passkey(&mut phone).create().await;
        for form in [true, false] {
            let before = stored(&app, ada.id).await.sessions.len();
            let flow = if form { app.login().in_browser().await } else { by_button(&app).await };
            let bodies: Vec<_> = (0..8)
                .map(|_| json!({ "input_data": { "assertion_response": phone.get(&flow.doc) }, "csrf_token": flow.doc.csrf() }))
                .collect();
            let different: HashSet<_> = bodies.iter().map(ToString::to_string).collect();
            assert_eq!(different.len(), 8, "signatures are random");
            let answers = futures_util::future::join_all(bodies.iter().map(|body| flow.send(VERIFY, body))).await;
            let mut outlines: Vec<_> = answers.iter().map(Doc::outline).collect();
            outlines.sort_unstable();
            assert_eq!(outlines[0], "200 success");
            assert!(outlines[1..].iter().all(|outline| outline == "403 error operation_not_permitted_error"), "{outlines:?}");
            assert_eq!(stored(&app, ada.id).await.sessions.len(), before + 1);
        }
    }

    /// The same on two nodes.
    async fn s055_two_nodes(app: AppBuilder) {
        if app.engine() == Engine::Sqlite {
            return; // one node only
        }
        let app = app.config(UNLIMITED).start().await;
        let other = app.beside().start().await;
        let mut phone = Device::phone(1);
        let ada = app.user("ada@example.com").passkey(&mut phone).create().await;
        for _ in 0..4 {
            let before = stored(&app, ada.id).await.sessions.len();
            let flow = by_button(&app).await;
            let mut body = || json!({ "input_data": { "assertion_response": phone.get(&flow.doc) }, "csrf_token": flow.doc.csrf() });
            let (one, two) = (body(), body());
            let href = flow.href(VERIFY);
            let (one, two) = tokio::join!(flow.send(VERIFY, &one), other.post(&href).json(&two));
            let mut outlines = [one.outline(), Doc::new(two).outline()];
            outlines.sort_unstable();
            assert_eq!(outlines, ["200 success", "403 error operation_not_permitted_error"]);
            assert_eq!(stored(&app, ada.id).await.sessions.len(), before + 1);
        }
    }

    /// A27: the challenge counts, not only the flow's own state.
    async fn s055_used_up_by_somebody_else(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        let mut phone = Device::phone(1);
        let ada = app.user("ada@example.com").passkey(&mut phone).create().await;
        let mut flow = by_button(&app).await;
        use_up_elsewhere(&app, &flow, "sign_in").await;
        let before = stored(&app, ada.id).await;
        tick(&app);
        assert_eq!(flow.autofill(&mut phone).await.outline(), NOT_SIGNED_IN);
        assert_eq!(only(&records_now(&app).await), ("login_failure", "challenge used up"));
        assert_eq!(stored(&app, ada.id).await, before);
        flow.act(GENERATE, json!({})).await;
        assert_eq!(flow.autofill(&mut phone).await.outline(), "200 success");
    }

    async fn s055_used_up_while_a_passkey_is_made(app: AppBuilder) {
        let app = app.config(PASSKEYS_ONLY).config(UNLIMITED).start().await;
        let mut flow = registering(&app, "ada@example.com").await;
        flow.act(GENERATE_CREATION, json!({})).await;
        use_up_elsewhere(&app, &flow, "new_passkey").await;
        let made = Device::phone(1).create(&flow.doc);
        assert_eq!(flow.attest(made).await.outline(), NOT_MADE);
        assert!(account(&app, "ada@example.com").await.is_none());
        flow.act(GENERATE_CREATION, json!({})).await;
        let made = Device::phone(2).create(&flow.doc);
        assert_eq!(flow.attest(made).await.outline(), "200 success");
    }

    /// What was asked first is not asked any more once it was asked anew.
    async fn s055_only_the_newest_challenge_counts(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        let mut phone = Device::phone(1);
        let ada = app.user("ada@example.com").passkey(&mut phone).create().await;
        let mut flow = by_button(&app).await;
        let old = phone.get(&flow.doc);
        flow.act("back", json!({})).await;
        flow.act(GENERATE, json!({})).await;
        assert_eq!(flow.assert(old).await.outline(), NOT_SIGNED_IN);
        assert!(stored(&app, ada.id).await.sessions.is_empty());
        let mut all = HashSet::new();
        for _ in 0..20 {
            flow.act("back", json!({})).await;
            let asked = flow.act(GENERATE, json!({})).await;
            assert!(all.insert(asked.request_options()["publicKey"]["challenge"].to_string()), "drawn anew");
        }
    }

    /// A28: the record tells why; the answer does not, and neither does what it came with.
    async fn s054_unknown_credentials_and_broken_signatures_look_alike(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        let mut phone = Device::phone(1);
        app.user("ada@example.com").passkey(&mut phone).create().await;
        let mut seen = Vec::new();
        for tweaks in [
            Tweaks { break_signature: true, ..Tweaks::default() },
            Tweaks { id: Some(vec![9; 32]), ..Tweaks::default() },
        ] {
            let mut flow = by_button(&app).await;
            let doc = flow.assert(phone.get_with(&flow.doc, &tweaks)).await;
            let headers: Vec<_> = doc.headers.keys().map(ToString::to_string).collect();
            let mut json = doc.json.clone();
            json["csrf_token"] = "…".into();
            for action in json["actions"].as_object_mut().unwrap().values_mut() {
                action["href"] = "…".into();
            }
            seen.push((doc.status, doc.body.len(), headers, json));
        }
        assert_eq!(seen[0], seen[1]);
    }
}

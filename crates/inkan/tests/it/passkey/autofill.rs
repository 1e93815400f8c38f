//! Passkeys in the form of `login_init` (spec 00, decisions 23 and 28; spec 13 §16, row 10; spec 02, L18 and L33): the challenge that
//! is shown is the one that counts, whatever else is tried meanwhile.

use std::time::Duration;

use serde_json::json;

use super::{GENERATE, PASSWORD, identify, stored};
use crate::support::{AppBuilder, Device, Flow, TestApp};

const PROMPT: &str =
    "{ session: { cookie: { retention: prompt } }, privacy: { show_account_existence_hints: true } }";

/// An action, its input and what is typed.
type Step = (&'static str, &'static str, &'static str);

/// What may happen before the passkey is used.
const DETOURS: [(&str, &[Step]); 8] = [
    ("nothing", &[]),
    ("a typo", &[("continue_with_login_identifier", "email", "ada@")]),
    ("nothing typed", &[("continue_with_login_identifier", "email", "")]),
    ("somebody unknown", &[("continue_with_login_identifier", "email", "nobody@example.com")]),
    ("there and back", &[("continue_with_login_identifier", "email", "ada@example.com"), ("back", "", "")]),
    ("the button and back", &[(GENERATE, "", ""), ("back", "", "")]),
    ("to be remembered", &[("remember_me", "remember_me", "true")]),
    ("something malformed", &[("webauthn_verify_assertion_response", "assertion_response", "{}")]),
];

async fn take(flow: &mut Flow<'_>, steps: &[Step]) {
    for (action, input, value) in steps {
        let value = if *value == "true" { json!(true) } else { json!(value) };
        flow.act(action, json!({ *input: value })).await;
    }
}

async fn start(app: AppBuilder, device: &mut Device) -> TestApp {
    let app = app.config(PROMPT).start().await;
    app.user("ada@example.com").password(PASSWORD).passkey(device).create().await;
    app
}

each_engine! {
    async fn l18_the_challenge_stays_good(app: AppBuilder) {
        let mut phone = Device::phone(1);
        let app = start(app, &mut phone).await;
        for (name, steps) in DETOURS {
            let mut flow = app.login().in_browser().await;
            let first = flow.doc.request_options().clone();
            let answer = phone.get(&flow.doc);
            take(&mut flow, steps).await;
            assert_eq!(flow.doc.name(), "login_init", "{name}");
            assert_eq!(flow.doc.request_options(), &first, "{name}");
            assert_eq!(flow.assert(answer).await.outline(), "200 success", "{name}");
        }
        // All of them, one after the other.
        let mut flow = app.login().in_browser().await;
        let answer = phone.get(&flow.doc);
        for (_, steps) in DETOURS {
            take(&mut flow, steps).await;
        }
        assert_eq!(flow.assert(answer).await.outline(), "200 success");
    }

    /// L5: it ends with its time-out, and the next document has a new one.
    async fn l05_an_expired_one_is_replaced(app: AppBuilder) {
        let mut phone = Device::phone(1);
        let app = start(app.config("webauthn: { timeouts: { login: 60000 } }"), &mut phone).await;
        for (name, steps) in &DETOURS[1..5] {
            let mut flow = app.login().in_browser().await;
            let first = flow.doc.request_options().clone();
            assert_eq!(first["publicKey"]["timeout"], 60_000);
            let answer = phone.get(&flow.doc);
            app.clock.advance(Duration::from_mins(1));
            take(&mut flow, steps).await;
            assert_ne!(flow.doc.request_options(), &first, "{name}");
            assert_eq!(flow.assert(answer).await.outline(), "401 login_init passkey_invalid", "{name}");
            assert_eq!(flow.autofill(&mut phone).await.outline(), "200 success", "{name}");
        }
    }

    /// A failed ceremony by button does no harm to the one in the form.
    async fn the_button_has_a_challenge_of_its_own(app: AppBuilder) {
        let mut phone = Device::phone(1);
        let app = start(app, &mut phone).await;
        let mut flow = app.login().in_browser().await;
        let (form, answer) = (flow.doc.request_options().clone(), phone.get(&flow.doc));
        let button = flow.act(GENERATE, json!({})).await;
        assert_ne!(button.request_options(), &form);
        assert_eq!(flow.assert(answer.clone()).await.outline(), "401 login_passkey passkey_invalid");
        let broken = super::Tweaks { break_signature: true, ..super::Tweaks::default() };
        let broken = phone.get_with(&button, &broken);
        assert_eq!(flow.assert(broken).await.outline(), "401 login_passkey passkey_invalid");
        assert_eq!(flow.act("back", json!({})).await.request_options(), &form);
        assert_eq!(flow.assert(answer).await.outline(), "200 success");
    }

    /// The answer is for the form only: once something else was chosen it is not asked for.
    async fn not_in_other_states(app: AppBuilder) {
        let mut phone = Device::phone(1);
        let app = start(app, &mut phone).await;
        let ada = super::account(&app, "ada@example.com").await.unwrap();
        let mut flow = app.login().in_browser().await;
        let answer = phone.get(&flow.doc);
        identify(&mut flow, "ada@example.com").await;
        assert!(!flow.doc.has_options());
        assert_eq!(flow.assert(answer).await.outline(), "403 error operation_not_permitted_error");
        assert_eq!(stored(&app, ada.user.id).await.sessions.len(), 0);
    }
}

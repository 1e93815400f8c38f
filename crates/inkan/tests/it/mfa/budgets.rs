//! How often a second factor may be guessed (spec 02 §14, L16; spec 03, item 6), and that nobody is locked out by it (s034).

use std::time::Duration;

use serde_json::json;

use super::{
    NO_PASSKEYS, PASSWORD, Plain as _, STEP, WRONG_CODE, at_password, audit_of, enter, first_factor, recover,
    wrong,
};
use crate::support::{Device, Doc, TestApp, TestUser};

const LIMITED: &str = "429 login_otp rate_limit_exceeded";
/// Wrong codes per account and day.
const PER_ACCOUNT: usize = 30;

/// Enters a wrong code in a new flow from this client.
async fn guess_from(app: &TestApp, user: &TestUser, ip: &str) -> Doc {
    let mut flow = app.login().ip(ip).await;
    assert_eq!(first_factor(&mut flow, user).await.outline(), "200 login_otp");
    enter(&mut flow, wrong(user, app.now())).await
}

fn stranger(number: usize) -> String {
    format!("198.51.{}.{}", number / 200, number % 200 + 1)
}

/// Uses up what strangers may guess; how many were compared.
async fn exhaust(app: &TestApp, user: &TestUser) -> usize {
    for number in 0.. {
        let doc = guess_from(app, user, &stranger(number)).await;
        if doc.outline() == LIMITED {
            return number;
        }
        assert_eq!(doc.outline(), WRONG_CODE, "guess {number}");
    }
    unreachable!()
}

fn wait(doc: &Doc) -> u64 {
    let payload = &doc.json["payload"];
    assert_eq!(payload["retry_after"], payload["resend_after"], "decision 2: both members");
    assert_eq!(doc.header("retry-after"), payload["retry_after"].to_string(), "and the header");
    payload["retry_after"].as_u64().unwrap()
}

each_engine! {
    /// Conformance: 3 in a minute by default, right ones counted, across flows; validation costs nothing (client row C7).
    async fn c07_l16_the_budget_of_a_client(app: AppBuilder) {
        let app = app.config(NO_PASSKEYS).start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().recovery_codes().create().await;
        let mut flow = app.login().await;
        first_factor(&mut flow, &ada).await;
        for _ in 0..5 {
            assert_eq!(enter(&mut flow, "").await.status, 400, "no code costs nothing");
        }
        enter(&mut flow, wrong(&ada, app.now())).await;
        let mut other = app.login().await;
        first_factor(&mut other, &ada).await;
        assert_eq!(recover(&mut other, "00000-00000").await.status, 400, "the other way to prove it counts, too");
        assert_eq!(enter(&mut other, wrong(&ada, app.now())).await.outline(), WRONG_CODE);
        app.clock.advance(Duration::from_secs(10));
        for flow in [&mut flow, &mut other] {
            let doc = enter(flow, ada.totp_code(app.now())).await;
            assert_eq!(doc.outline(), LIMITED, "the right one, too");
            assert_eq!(wait(&doc), 50);
            assert_eq!(doc.actions(), ["otp_code_validate", "recovery_code"], "the flow can go on");
            assert_eq!(recover(flow, &ada.recovery_codes[0]).await.outline(), LIMITED);
        }
        let mut elsewhere = app.login().ip("198.51.100.9").await;
        first_factor(&mut elsewhere, &ada).await;
        assert_eq!(enter(&mut elsewhere, ada.totp_code(app.now() - STEP)).await.outline(), "200 device_trust");
        app.clock.advance(Duration::from_secs(50));
        assert_eq!(enter(&mut flow, ada.totp_code(app.now())).await.outline(), "200 device_trust", "a minute later");
    }

    /// From ever new clients in ever new flows, and after a restart: 30 in a day.
    async fn s013_l16_r06_the_budget_of_an_account(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().recovery_codes().create().await;
        let bob = app.user("bob@example.com").password(PASSWORD).totp().create().await;
        assert_eq!(exhaust(&app, &ada).await, PER_ACCOUNT);
        assert_eq!(guess_from(&app, &bob, &stranger(0)).await.outline(), WRONG_CODE, "another account");
        let failures = audit_of(&app, ada.id, "login_failure").await;
        let failure = (Some("wrong code".to_owned()), json!({ "mfa_method": "totp" }));
        assert!(failures.len() == PER_ACCOUNT && failures.iter().all(|record| *record == failure), "{failures:?}");

        app.clock.advance(Duration::from_hours(1));
        let app = app.stop().await.start().await;
        let mut flow = app.login().ip("192.0.2.77").await;
        first_factor(&mut flow, &ada).await;
        let doc = enter(&mut flow, ada.totp_code(app.now())).await;
        assert_eq!(doc.outline(), LIMITED, "a restart brings no new guesses");
        assert_eq!(wait(&doc), 23 * 3600);
        // A recovery code has its own budget: the owner gets in.
        assert_eq!(recover(&mut flow, &ada.recovery_codes[0]).await.outline(), "200 device_trust");
        app.clock.advance(Duration::from_hours(23));
        let mut flow = app.login().ip("192.0.2.77").await;
        first_factor(&mut flow, &ada).await;
        assert_eq!(enter(&mut flow, ada.totp_code(app.now())).await.outline(), "200 device_trust", "the next day");
    }

    /// Right codes do not use it up.
    async fn right_codes_are_no_guesses(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        for number in 0..PER_ACCOUNT + 2 {
            app.clock.advance(STEP);
            let mut flow = app.login().ip(&stranger(number)).await;
            first_factor(&mut flow, &ada).await;
            assert_eq!(enter(&mut flow, ada.totp_code(app.now())).await.outline(), "200 device_trust", "{number}");
        }
    }

    async fn s022_recovery_codes_cannot_be_guessed_for_ever(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().recovery_codes().create().await;
        for number in 0..=PER_ACCOUNT {
            let mut flow = app.login().ip(&stranger(number)).await;
            first_factor(&mut flow, &ada).await;
            let doc = recover(&mut flow, &format!("{number:05}-00000")).await;
            let wrong = "400 login_otp form_data_invalid_error recovery_code=passcode_invalid";
            assert_eq!(doc.outline(), if number < PER_ACCOUNT { wrong } else { LIMITED }, "{number}");
        }
        let mut flow = app.login().ip("192.0.2.77").await;
        first_factor(&mut flow, &ada).await;
        assert_eq!(recover(&mut flow, &ada.recovery_codes[0]).await.outline(), LIMITED);
        assert_eq!(enter(&mut flow, ada.totp_code(app.now())).await.outline(), "200 device_trust", "a budget of its own");
    }

    /// The attacker has the password and fails for a day on end. The owner still enters: from a client that signed in before,
    /// with a passkey, on a trusted device.
    async fn s034_the_owner_still_enters(app: AppBuilder) {
        let app = app.plain().start().await;
        let mut phone = Device::phone(1);
        let ada = app.user("ada@example.com").password(PASSWORD).totp().passkey(&mut phone).create().await;
        let home = "192.0.2.1";
        let mut flow = app.login().ip(home).await;
        first_factor(&mut flow, &ada).await;
        enter(&mut flow, ada.totp_code(app.now())).await;
        let trusted = flow.act("trust_device", json!({})).await;
        assert_eq!(trusted.outline(), "200 success");
        let cookie = super::device_cookie(&trusted).unwrap();

        app.clock.advance(STEP);
        exhaust(&app, &ada).await;
        let mut known = app.login().ip(home).await;
        first_factor(&mut known, &ada).await;
        assert_eq!(enter(&mut known, ada.totp_code(app.now())).await.outline(), "200 device_trust", "known client");

        let mut passkey = app.login().with_webauthn().ip("192.0.2.50").await;
        assert_eq!(passkey.use_passkey(&mut phone).await.outline(), "200 success", "passkey");

        let mut device = app.login().ip("192.0.2.51").await;
        at_password(&mut device, &ada).await;
        let doc = super::act_on(&app, &mut device, "password_login", json!({ "password": PASSWORD }), &cookie).await;
        assert_eq!(doc.outline(), "200 success", "trusted device");
    }
}

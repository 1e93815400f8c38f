//! Single attacks on the second factor: steps that are left out, gone back over, replayed or shared.

use inkan_auth::FlowKind;
use inkan_config::Config;
use inkan_test_support::authenticator::Tweaks;
use serde_json::{Value, json};

use crate::{
    person::Has,
    run::{APP, EVERYTHING, Run, Situation},
    world::World,
};

async fn world() -> World {
    let text = "jwt: { algorithm: EdDSA }
audit_log: { console_output: { enabled: false } }
passkey: { acquire_on_login: never }
rate_limiter: { enabled: false }
mfa: { device_trust_policy: never }
";
    World::new(Config::from_yaml(text).unwrap(), 11).await
}

/// The steps to the second factor.
const TO_SECOND: [(&str, &str); 4] = [
    ("register_client_capabilities", "true"),
    ("continue_with_login_identifier", "mail"),
    ("continue_to_password_login", "plain"),
    ("password_login", "right"),
];

async fn at_second(world: &World, situation: Situation) -> Run<'_> {
    let mut run = Run::start(world, situation).await.unwrap();
    go(&mut run, &TO_SECOND).await;
    run
}

async fn go(run: &mut Run<'_>, steps: &[(&str, &str)]) {
    for (action, label) in steps {
        run.choose(action, label).await.unwrap();
    }
}

async fn refuses(run: &Run<'_>, action: &str, token: &str, data: &Value) {
    let doc = run.post(FlowKind::Login, action, token, data).await.unwrap();
    assert_eq!((doc.status, doc.error()), (403, "operation_not_permitted_error"), "{action}: {}", doc.body);
    assert!(doc.is_detached() && doc.session.is_none());
}

/// What comes after the second factor cannot be had before it, with whatever inputs, and not with the tokens of earlier states.
#[tokio::test]
async fn s001_the_second_factor_cannot_be_left_out() {
    let world = world().await;
    for situation in [APP, EVERYTHING] {
        let mut run = Run::start(&world, situation).await.unwrap();
        let mut tokens = Vec::new();
        for step in TO_SECOND {
            tokens.push(run.doc.token().to_owned());
            go(&mut run, &[step]).await;
        }
        let right = json!({
            "password": run.person.password,
            "new_password": run.new_password(),
            "remember_me": true,
            "email": run.addition(),
        });
        let later =
            ["skip", "back", "trust_device", "register_password", "password_recovery", "email_address_set"];
        let earlier = TO_SECOND.map(|(action, _)| action);
        for action in later.iter().chain(&earlier) {
            refuses(&run, action, run.doc.token(), &right).await;
            for token in &tokens[..3] {
                refuses(&run, action, token, &right).await;
            }
        }
        run.choose("recovery_code", "right").await.unwrap();
        assert_eq!(run.doc.state(), "success");
    }
}

/// Half a second factor is none: a ceremony that was begun and left, also several times, and the other factor looked at.
#[tokio::test]
async fn s003_going_back_over_half_a_second_factor_proves_nothing() {
    let world = world().await;
    let mut run = at_second(&world, EVERYTHING).await;
    assert_eq!(run.doc.state(), "login_security_key");
    let begin = ("webauthn_generate_request_options", "plain");
    go(&mut run, &[begin, ("back", "plain"), begin]).await;
    let old = run.options.clone();
    go(&mut run, &[("webauthn_verify_assertion_response", "wrong origin"), ("back", "plain")]).await;
    go(&mut run, &[("continue_to_login_otp", "plain"), ("otp_code_validate", "wrong")]).await;
    assert_eq!((run.doc.state(), run.doc.offers("back")), ("login_otp", false));
    go(&mut run, &[("continue_to_login_security_key", "plain"), begin]).await;
    // The challenge of before is not the one that is asked for now.
    let answer = run.person.key.get(&old.unwrap(), crate::person::ORIGIN, &Tweaks::default());
    let data = json!({ "assertion_response": answer });
    run.act("webauthn_verify_assertion_response", "old", &data).await.unwrap();
    assert_eq!((run.doc.status, run.doc.state()), (401, "login_passkey"));
    go(&mut run, &[("webauthn_verify_assertion_response", "right")]).await;
    assert_eq!(run.doc.state(), "success");
}

/// A one-time password and a recovery code are accepted once, in whichever flow.
#[tokio::test]
async fn s003_one_time_passwords_and_recovery_codes_of_another_flow() {
    let world = world().await;
    let mut first = at_second(&world, APP).await;
    let mut others = Vec::new();
    for _ in 0..2 {
        let mut run = Run::of(&world, APP, first.person.clone(), first.other.clone()).await.unwrap();
        go(&mut run, &TO_SECOND).await;
        others.push(run);
    }
    let used = json!({ "otp_code": first.person.one_time_password(world.app.clock.now()) });
    go(&mut first, &[("otp_code_validate", "right")]).await;
    assert_eq!(first.doc.state(), "success");
    let mut second = others.remove(0);
    second.act("otp_code_validate", "used", &used).await.unwrap();
    assert_eq!((second.doc.status, second.doc.state()), (400, "login_otp"));
    go(&mut second, &[("recovery_code", "right")]).await;
    assert_eq!(second.doc.state(), "success");
    let mut third = others.remove(0);
    go(&mut third, &[("recovery_code", "right")]).await;
    assert_eq!((third.doc.status, third.doc.state()), (400, "login_otp"));
    go(&mut third, &[("recovery_code", "right, shouted")]).await;
    assert_eq!(third.doc.state(), "success");
}

/// Whoever recovers a password proves the second factor, too, before the new one can be set.
#[tokio::test]
async fn s003_recovery_asks_for_the_second_factor() {
    let world = world().await;
    let has = Has { trusted: false, ..APP.has };
    let mut run = Run::start(&world, Situation { has, ..APP }).await.unwrap();
    go(&mut run, &TO_SECOND[..3]).await;
    go(&mut run, &[("continue_to_passcode_confirmation_recovery", "plain"), ("verify_passcode", "right")])
        .await;
    assert_eq!(run.doc.state(), "login_otp");
    let data = json!({ "new_password": run.new_password() });
    refuses(&run, "password_recovery", run.doc.token(), &data).await;
    go(&mut run, &[("otp_code_validate", "right"), ("password_recovery", "good")]).await;
    assert_eq!(run.doc.state(), "success");
}

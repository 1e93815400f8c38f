//! What published clients rely on (spec 13 §16), row by row, as far as it is not shown elsewhere.

use serde_json::json;

use crate::support::Doc;

/// The codes that the published web components have a text for (spec 13 §6.9).
const TRANSLATED: [&str; 20] = [
    "technical_error",
    "flow_expired_error",
    "value_invalid_error",
    "passcode_invalid",
    "passkey_invalid",
    "passcode_max_attempts_reached",
    "rate_limit_exceeded",
    "unknown_username_error",
    "unknown_email_error",
    "username_already_exists",
    "invalid_username_error",
    "email_already_exists",
    "not_found",
    "operation_not_permitted_error",
    "flow_discontinuity_error",
    "form_data_invalid_error",
    "unauthorized",
    "value_missing_error",
    "value_too_long_error",
    "value_too_short_error",
];

fn lengths(doc: &Doc, action: &str, input: &str) -> (Option<u64>, Option<u64>) {
    let input = &doc.json["actions"][action]["inputs"][input];
    (input["min_length"].as_u64(), input["max_length"].as_u64())
}

#[test]
fn c24_every_code_has_a_text_in_the_clients() {
    use inkan_flow::{FlowError, InputError};

    let flow = [
        FlowError::FormDataInvalid,
        FlowError::Unauthorized,
        FlowError::PasscodeMaxAttemptsReached,
        FlowError::OperationNotPermitted,
        FlowError::FlowExpired,
        FlowError::RateLimitExceeded,
        FlowError::FlowDiscontinuity,
        FlowError::PayloadTooLarge,
        FlowError::HeadersTooLarge,
        FlowError::RequestTimeout,
        FlowError::Unavailable,
        FlowError::Technical,
    ];
    let input = [
        InputError::missing(),
        InputError::too_short(),
        InputError::too_long(),
        InputError::invalid(),
        InputError::not_allowed(&["a"]),
        InputError::email_exists(),
        InputError::username_exists(),
        InputError::invalid_username(),
        InputError::unknown_email(),
        InputError::unknown_username(),
        InputError::passcode_invalid(),
    ];
    for code in flow.iter().map(|error| error.code()).chain(input.iter().map(|error| error.code)) {
        assert!(TRANSLATED.contains(&code), "{code} would be shown as it is");
    }
}

each_engine! {
    async fn c09_success_has_what_the_client_reads(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let done = app.sign_in(&ada).await;
        assert_eq!(done.outline(), "200 success");
        let payload = &done.json["payload"];
        for member in ["subject", "session_id", "expiration"] {
            assert!(payload["claims"][member].is_string(), "{member}: {payload}");
        }
        assert_eq!(payload["claims"]["subject"], payload["user"]["user_id"]);
        assert_eq!(payload["last_login"], json!({ "login_method": "password" }));
        assert!(done.token().is_some());
        assert!(!done.header("x-session-lifetime").is_empty() && !done.header("x-session-retention").is_empty());
    }

    async fn c12_two_elements_on_one_page_get_the_same_answer(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").password("correct horse").create().await;
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
        flow.act("continue_to_password_login", json!({})).await;
        let body = json!({ "input_data": { "password": "correct horse" }, "csrf_token": flow.doc.csrf() });
        let (one, two) = tokio::join!(flow.send("password_login", &body), flow.send("password_login", &body));
        assert_eq!((one.outline(), two.outline()), ("200 success".into(), "200 success".into()));
        assert_eq!((one.json.clone(), one.token()), (two.json.clone(), two.token()));
    }

    async fn c25_the_user_name_screen_has_the_action_of_every_client(app: AppBuilder) {
        let app = app.config("username: {enabled: true, optional: true}").start().await;
        for (action, name) in [("username_create", "ada_one"), ("username_set", "ada_two")] {
            let user = app.user(&format!("{name}@example.com")).password("correct horse").create().await;
            let mut flow = app.login().await;
            flow.act("continue_with_login_identifier", json!({ "identifier": user.email })).await;
            flow.act("continue_to_password_login", json!({})).await;
            let screen = flow.act("password_login", json!({ "password": "correct horse" })).await;
            assert_eq!(screen.outline(), "200 onboarding_username");
            let actions = &screen.json["actions"];
            assert_eq!(actions["username_create"]["inputs"], actions["username_set"]["inputs"]);
            assert_eq!(flow.act(action, json!({ "username": name })).await.outline(), "200 success");
        }
    }

    async fn c27_the_passcode_page_has_what_it_shows(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = app.registration().await;
        let page = flow.act("register_login_identifier", json!({ "email": "ada@example.com" })).await;
        assert_eq!(page.actions(), ["back", "resend_passcode", "verify_passcode"]);
        assert_eq!(page.json["payload"], json!({}));
        let mut page = page;
        while page.status == 200 {
            page = flow.act("resend_passcode", json!({})).await;
        }
        assert_eq!(page.outline(), "429 passcode_confirmation rate_limit_exceeded");
        assert!(page.json["payload"]["resend_after"].as_u64().is_some(), "{}", page.json);
        for _ in 0..3 {
            page = flow.act("verify_passcode", json!({ "code": "wrong!" })).await;
        }
        assert_eq!(page.outline(), "401 passcode_confirmation passcode_max_attempts_reached");
        assert_eq!(page.actions(), ["back", "resend_passcode", "verify_passcode"]);
        app.deliver().await;
    }

    async fn c30_lengths_are_told_and_true_in_characters(app: AppBuilder) {
        let app = app.config("username: {enabled: true, optional: false}").start().await;
        let mut flow = app.registration().await;
        assert_eq!(lengths(&flow.doc, "register_login_identifier", "email"), (None, Some(120)));
        assert_eq!(lengths(&flow.doc, "register_login_identifier", "username"), (Some(3), Some(32)));
        let given = json!({ "email": "ada@example.com", "username": "ada" });
        let page = flow.act("register_login_identifier", given).await;
        assert_eq!(lengths(&page, "verify_passcode", "code"), (Some(6), Some(6)));
        let code = app.code("ada@example.com").await;
        let page = flow.act("verify_passcode", json!({ "code": code })).await;
        assert_eq!(lengths(&page, "register_password", "new_password"), (Some(8), Some(72)));
        let short = flow.act("register_password", json!({ "new_password": "äöüß…€✓" })).await;
        assert_eq!(short.outline(), "400 password_creation form_data_invalid_error new_password=value_too_short_error");
        let done = flow.act("register_password", json!({ "new_password": "äöüß…€✓!" })).await;
        assert_eq!(done.outline(), "200 success");
    }

    async fn c36_back_ends_verify_tokens_offline(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        let keys = app.get("/.well-known/jwks.json").await;
        assert_eq!(keys.header("cache-control"), "max-age=600");
        let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_value(keys.json()).unwrap();
        let header = jsonwebtoken::decode_header(&token).unwrap();
        let key = keys.find(header.kid.as_deref().unwrap()).unwrap();
        let key = jsonwebtoken::DecodingKey::from_jwk(key).unwrap();
        let mut rules = jsonwebtoken::Validation::new(header.alg);
        rules.set_audience(&["localhost"]);
        rules.validate_exp = false; // the clock of the test stands still
        let claims = jsonwebtoken::decode::<serde_json::Value>(&token, &key, &rules).unwrap().claims;
        assert_eq!(claims["sub"], ada.id.to_string());
    }

    async fn c37_back_ends_ask_and_always_get_an_answer(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        for (body, status, valid) in [
            (json!({ "session_token": token }), 200, json!(true)),
            (json!({ "session_token": "rubbish" }), 200, json!(false)),
            (json!({}), 400, json!(null)),
            (json!({ "session_token": 5 }), 400, json!(null)),
        ] {
            let reply = app.post("/sessions/validate").json(&body).await;
            assert_eq!((reply.status, &reply.json()["is_valid"]), (status, &valid), "{body}");
        }
    }

    async fn c40_the_cookie_is_named_as_clients_expect(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let cookie = app.sign_in(&ada).await.header("set-cookie");
        assert!(cookie.starts_with("hanko=ey") && cookie.contains("; Path=/;"), "{cookie}");
    }

    async fn c41_a_page_view_costs_next_to_nothing(app: AppBuilder) {
        let app = app.start().await;
        for _ in 0..50 {
            app.login().without_preflight().await;
            app.registration().without_preflight().await;
        }
        let removed = || async {
            let later = app.now() + std::time::Duration::from_hours(48);
            app.domain().store.clean_up(later, std::time::Duration::from_hours(720), 500).await.unwrap()
        };
        app.login().in_browser().await;
        app.registration().in_browser().await;
        let stored = removed().await;
        assert_eq!((stored.flows, stored.webauthn_challenges), (0, 0), "opening a page stores nothing");
        app.login().await.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
        let stored = removed().await;
        assert_eq!((stored.flows, stored.passcodes, stored.sessions), (1, 0, 0));
        assert_eq!(app.queued().await, 0);
    }
}

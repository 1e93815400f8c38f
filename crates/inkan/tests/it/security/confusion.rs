//! s081: each of our secrets is worth something at one place only. s090: links and cookies never come from the request.

use serde_json::{Value, json};

use crate::session::{is_alive, rows};

each_engine! {
    async fn s081_no_secret_serves_as_another(app: AppBuilder) {
        let app = app.config("admin: { api_keys: ['2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae'] }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": ada.email })).await;
        let at_code = flow.act("continue_to_passcode_confirmation", json!({})).await;
        let code = app.code("ada@example.com").await;
        let kid = app.get("/.well-known/jwks.json").await.json()["keys"][0]["kid"].clone();
        let session = &rows(&app, &ada).await[0];
        let secrets = [
            ("code", code.clone()),
            ("flow id", flow.id().to_owned()),
            ("csrf token", at_code.csrf().to_owned()),
            ("session token", token.clone()),
            ("session id", session.id.to_string()),
            ("key id", kid.as_str().unwrap().to_owned()),
            ("user id", ada.id.to_string()),
            ("api key", "foo".to_owned()),
            ("password", "correct horse".to_owned()),
        ];
        let before = rows(&app, &ada).await.len();
        for (kind, secret) in &secrets {
            // As a session token.
            if *kind != "session token" {
                assert!(!is_alive(&app, secret).await, "{kind}");
                for call in [app.get("/me").bearer(secret), app.get("/me").cookie(secret)] {
                    call.await.assert_error(401, "Unauthorized");
                }
            }
            // As an API key.
            if *kind != "api key" {
                assert_eq!(app.admin("/mailbox").bearer(secret).await.status, 401, "{kind}");
            }
            // As the token of a flow, beside the right code.
            if *kind != "csrf token" {
                let body = json!({ "csrf_token": secret, "input_data": { "code": code } });
                assert_eq!(flow.send("verify_passcode", &body).await.status, 403, "{kind}");
            }
            // As a flow.
            if *kind != "flow id" {
                let secret = secret.replace(' ', "%20");
                let body = json!({ "csrf_token": at_code.csrf(), "input_data": { "code": code } });
                let reply = app.post(&format!("/login?action=verify_passcode%40{secret}")).json(&body).await;
                assert!(matches!(reply.status, 400 | 403), "{kind}: {}", reply.text());
            }
            // As a password, from a client of its own.
            if *kind != "password" {
                let doc = super::password_login(&app, "192.0.2.9", "ada@example.com", secret).await;
                assert!(matches!(doc.status, 400 | 429), "{kind}: {}", doc.json);
            }
        }
        assert_eq!(rows(&app, &ada).await.len(), before);
        // As a code: three tries at a code of their own.
        for secrets in secrets[1..].chunks(2) {
            let mut flow = app.login().ip("192.0.2.10").await;
            flow.act("continue_with_login_identifier", json!({ "email": ada.email })).await;
            flow.act("continue_to_passcode_confirmation", json!({})).await;
            for (kind, secret) in secrets {
                let doc = flow.act("verify_passcode", json!({ "code": secret })).await;
                assert!(matches!(doc.status, 400 | 403 | 429), "{kind}: {}", doc.json);
            }
            app.clock.advance(std::time::Duration::from_mins(2));
        }
        assert_eq!(rows(&app, &ada).await.len(), before);
    }

    async fn s081_tokens_of_one_flow_kind_are_nothing_in_another(app: AppBuilder) {
        let app = app.start().await;
        let (login, registration) = (app.login().await, app.registration().await);
        let fresh = app.login().without_preflight().await;
        for (id, token) in [
            (login.id(), login.doc.csrf()),
            (fresh.id(), fresh.doc.csrf()),
            (registration.id(), login.doc.csrf()),
            (login.id(), registration.doc.csrf()),
        ] {
            for action in ["register_client_capabilities", "register_login_identifier"] {
                let body = json!({ "csrf_token": token, "input_data": { "email": "x@example.com" } });
                let reply = app.post(&format!("/registration?action={action}%40{id}")).json(&body).await;
                assert_eq!(reply.status, 403, "{}", reply.text());
            }
        }
    }

    async fn s090_the_host_of_a_request_is_nowhere_used(app: AppBuilder) {
        let app = app.config("session: { cookie: { domain: example.com } }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let evil = "evil.example";
        let mut seen: Vec<Value> = Vec::new();
        let done = crate::session::sign_in_with(&app, &ada, |call| {
            call.header("host", evil)
                .header("x-forwarded-host", evil)
                .header("x-forwarded-proto", "https")
                .header("forwarded", "host=evil.example")
        })
        .await;
        seen.push(done.json.clone());
        assert!(done.header("set-cookie").contains("Domain=example.com"));
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": ada.email })).await;
        let body = json!({ "csrf_token": flow.doc.csrf() });
        let href = flow.href("continue_to_passcode_confirmation");
        let reply = app.post(&href).header("host", evil).header("x-forwarded-host", evil).json(&body).await;
        assert_eq!(reply.status, 200);
        seen.push(reply.json());
        let mail = app.mails("ada@example.com").await.remove(0);
        let everything = format!("{seen:?} {:?} {:?} {} {}", done.headers, reply.headers, mail.text, mail.html);
        assert!(!everything.contains("evil"), "{everything}");
    }
}

//! Spec 05 §4 and §5.1: how the token travels, in all settings, and which of several tokens counts.

use serde_json::json;

use super::{is_alive, sign_in_with};
use crate::support::{Doc, TestApp, TestUser};

/// The cookie line of an answer, with `…` in place of the token.
fn cookie_line(doc: &Doc) -> String {
    let line = doc.header("set-cookie");
    match (line.find('='), line.find(';')) {
        (Some(from), Some(to)) => format!("{}=…{}", &line[..from], &line[to..]),
        _ => line,
    }
}

async fn sign_in_remembered(app: &TestApp, user: &TestUser, remember: bool) -> Doc {
    let mut flow = app.login().await;
    flow.act("remember_me", json!({ "remember_me": remember })).await;
    flow.act("continue_with_login_identifier", json!({ "email": user.email })).await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("password_login", json!({ "password": user.password })).await
}

each_engine! {
    async fn s046_cookie_attributes_in_all_settings(app: AppBuilder) {
        for (settings, expected, retention) in [
            ("{}", "hanko=…; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Strict", "persistent"),
            (
                "{ cookie: { name: __Host-session, same_site: lax } }",
                "__Host-session=…; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Lax",
                "persistent",
            ),
            (
                "{ lifespan: 1h, cookie: { domain: .example.com, same_site: none } }",
                "hanko=…; Path=/; Domain=example.com; Max-Age=3600; HttpOnly; Secure; SameSite=None",
                "persistent",
            ),
            (
                "{ cookie: { http_only: false, secure: false, retention: session } }",
                "hanko=…; Path=/; SameSite=Strict",
                "session",
            ),
            ("{ cookie: { retention: prompt } }", "hanko=…; Path=/; HttpOnly; Secure; SameSite=Strict", "session"),
        ] {
            let app = app.clone().config(&format!("session: {settings}")).start().await;
            let ada = app.user("ada@example.com").password("correct horse").create().await;
            let done = app.sign_in(&ada).await;
            assert_eq!(cookie_line(&done), expected, "{settings}");
            assert_eq!(done.header("x-session-retention"), retention, "{settings}");
            assert_eq!(done.header("x-auth-token"), "", "{settings}");
            assert_eq!(done.header("cache-control"), "no-store", "{settings}");
            // It is read under the name under which it was set, and goes with the same attributes.
            let pair = done.header("set-cookie").split(';').next().unwrap().to_owned();
            let gone = app.post("/logout").header("cookie", &pair).await;
            let name = pair.split('=').next().unwrap();
            assert_eq!(gone.status, 204, "{settings}");
            let age = expected.split("; ").find(|part| part.starts_with("Max-Age")).unwrap_or("Path=/");
            let emptied = match age {
                "Path=/" => expected.replace("Path=/", "Path=/; Max-Age=0"),
                age => expected.replace(age, "Max-Age=0"),
            };
            assert_eq!(gone.header("set-cookie"), emptied.replace(&format!("{name}=…"), &format!("{name}=")));
        }
    }

    async fn s046_the_person_chooses_how_long_the_cookie_stays(app: AppBuilder) {
        let app = app.config("session: { cookie: { retention: prompt } }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        for (remember, age, retention) in [(true, true, "persistent"), (false, false, "session")] {
            let done = sign_in_remembered(&app, &ada, remember).await;
            assert_eq!(cookie_line(&done).contains("Max-Age=43200"), age, "{remember}");
            assert_eq!(done.header("x-session-retention"), retention);
            assert_eq!(done.header("x-session-lifetime"), "43200");
        }
    }

    async fn in_header_mode_there_is_no_cookie(app: AppBuilder) {
        let app = app.config("session: { enable_auth_token_header: true }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let done = app.sign_in(&ada).await;
        assert_eq!(done.header("set-cookie"), "");
        assert_eq!((done.header("x-session-lifetime").as_str(), done.header("x-session-retention").as_str()), ("43200", "persistent"));
        let token = done.header("x-auth-token");
        assert!(is_alive(&app, &token).await);
        let gone = app.post("/logout").bearer(&token).await;
        assert!(gone.header("set-cookie").starts_with("hanko=; Path=/; Max-Age=0"), "{:?}", gone.headers);
    }

    async fn the_first_good_token_wins(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let bob = app.user("bob@example.com").password("correct horse").create().await;
        let (ada_token, bob_token) = (app.token(&ada).await, app.token(&bob).await);
        let (a, b) = (ada_token.as_str(), bob_token.as_str());
        let many_bad = ["hanko=bad; "; 20].concat();
        let rows: [(&[&str], String, Option<&str>); 10] = [
            (&[&format!("Bearer {a}")], format!("hanko={b}"), Some("ada")),
            (&["Bearer bad"], format!("hanko={b}"), Some("bob")),
            (&["Basic YTpi"], format!("hanko={b}"), Some("bob")),
            (&["Bearer bad", &format!("bearer  {a}")], String::new(), Some("ada")),
            (&[], format!("hanko=bad; hanko={b}; hanko={a}"), Some("bob")),
            (&[], format!("hanko=\"{a}\""), Some("ada")),
            (&[], format!("other={a}; Hanko={b}"), None),
            (&[], format!("{many_bad}hanko={b}"), None),
            (&["Bearer"], String::new(), None),
            (&[&format!("Token {a}")], String::new(), None),
        ];
        for (headers, cookie, owner) in rows {
            let mut call = app.get("/me").header("cookie", &cookie);
            for header in headers {
                call = call.add_header("authorization", header.as_bytes());
            }
            let reply = call.await;
            let id = owner.map(|name| if name == "ada" { ada.id } else { bob.id }.to_string());
            let answer = (reply.status, reply.json()["id"].as_str().map(str::to_owned));
            assert_eq!(answer, (if id.is_some() { 200 } else { 401 }, id), "{headers:?} {}", &cookie[..20.min(cookie.len())]);
        }
        for path in [format!("/me?hanko={a}"), format!("/me?session_token={a}"), format!("/me?access_token={a}")] {
            app.get(&path).await.assert_error(401, "Unauthorized");
        }
    }

    async fn s047_planted_cookies_do_no_harm(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let mallory = app.user("mallory@example.com").password("battery staple").create().await;
        let (own, planted) = (app.token(&ada).await, app.token(&mallory).await);
        for junk in ["", "\"", "%00", "a.b.c", &"x".repeat(8000), "=;=;;", "null"] {
            let reply = app.get("/me").header("cookie", &format!("hanko={junk}; hanko={own}")).await;
            assert_eq!(reply.status, 200, "{}", &junk[..junk.len().min(20)]);
        }
        // A sign-in with the planted cookie beside the own one ends both, so the victim is nobody's guest.
        let both = format!("hanko={planted}; hanko={own}");
        let new = sign_in_with(&app, &ada, |call| call.header("cookie", &both)).await.token().unwrap();
        assert!(!is_alive(&app, &planted).await && !is_alive(&app, &own).await);
        let both = format!("hanko={planted}; hanko={new}");
        assert_eq!(app.get("/me").header("cookie", &both).await.json()["id"], ada.id.to_string());
    }
}

//! Which web pages may read answers (spec 13 §9, score items 12, 95, 120).

use http::Method;
use serde_json::json;

use crate::support::{Doc, Reply};

const ORIGINS: &str = "cors: { allow_origins: ['https://app.example.com', 'https://*.pages.example'] }";
const APP: &str = "https://app.example.com";

fn allowed(reply: &Reply) -> String {
    reply.header("access-control-allow-origin")
}

each_engine! {
    async fn s095_only_listed_origins_are_allowed(app: AppBuilder) {
        let app = app.config(ORIGINS).start().await;
        for origin in [APP, "https://a.pages.example", "https://a.b.pages.example"] {
            let reply = app.get("/me").origin(origin).await;
            assert_eq!((reply.status, allowed(&reply).as_str()), (401, origin));
            assert_eq!(reply.header("access-control-allow-credentials"), "true");
        }
        for origin in [
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://pages.example",
            "http://a.pages.example",
            "null",
            "*",
            "https://app.example.com https://evil.example",
            "file://",
        ] {
            for method in [Method::GET, Method::OPTIONS] {
                let reply = app.call(method, "/sessions/validate").origin(origin).await;
                assert!(reply.status < 300 && allowed(&reply).is_empty(), "{origin}: {:?}", reply.headers);
                assert_eq!(reply.header("access-control-allow-credentials"), "");
                assert_eq!(reply.header("vary"), "Origin");
            }
        }
        assert_eq!(allowed(&app.get("/me").origin(APP).add_header("origin", b"https://evil.example").await), APP);
    }

    async fn s120_hosts_are_compared_by_labels(app: AppBuilder) {
        let app = app.config(ORIGINS).start().await;
        for origin in [
            "https://badapp.example.com",
            "https://app.example.com.evil",
            "https://app.example.com.",
            "https://app.example.com@evil",
            "https://app.example.comevil",
            "https://app\u{ff0e}example.com",
            "https://\u{430}pp.example.com",
            "https://evilpages.example",
            "https://a.pages.example.evil",
            "https://a.pages.example.",
            "https://.pages.example",
        ] {
            let reply = app.get("/sessions/validate").origin(origin).await;
            assert!(allowed(&reply).is_empty(), "{origin}");
        }
    }

    async fn c23_cors_is_on_every_status_and_options_needs_no_database(app: AppBuilder) {
        let app = app.config(ORIGINS).limits(|limits| limits.body = 1000).start().await;
        app.expect_errors();
        let big = "x".repeat(2000);
        let flow = app.login().await;
        let replies = [
            app.post("/login").origin(APP).await,
            app.post(&flow.href("back")).origin(APP).json(&json!({})).await,
            app.post("/login?action=x").origin(APP).await,
            app.post("/login").origin(APP).body("application/json", big).await,
            app.get("/me").origin(APP).await,
            app.get("/nothing").origin(APP).await,
            app.get("/logout").origin(APP).await,
        ];
        assert_eq!(replies.each_ref().map(|reply| reply.status), [200, 403, 400, 413, 401, 404, 405]);
        for reply in &replies {
            assert_eq!(allowed(reply), APP);
            assert!(reply.header("access-control-expose-headers").contains("X-Session-Lifetime,X-Session-Retention"));
        }

        app.domain().store.close().await;
        assert_eq!(allowed(&app.get("/health/ready").origin(APP).await), APP);
        let asked = "content-type,x-language,authorization";
        for path in ["/login?action=x%40y", "/nothing", "/"] {
            let reply = app.call(Method::OPTIONS, path).origin(APP).header("access-control-request-headers", asked).await;
            assert_eq!((reply.status, reply.body.len(), allowed(&reply).as_str()), (204, 0, APP));
            assert_eq!(reply.header("access-control-allow-headers"), asked);
            assert_eq!(reply.header("access-control-allow-methods"), "GET,POST,PUT,PATCH,DELETE,OPTIONS");
            assert_eq!(reply.header("access-control-max-age"), "7200");
            assert_eq!(reply.header("vary"), "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
        }
    }

    async fn options_without_an_origin_says_nothing_about_cors(app: AppBuilder) {
        let app = app.start().await;
        let reply = app.call(Method::OPTIONS, "/login").await;
        assert_eq!(reply.status, 204);
        assert!(reply.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
    }

    async fn the_wildcard_echoes_any_origin(app: AppBuilder) {
        let app = app.config("cors: { allow_origins: ['*'], unsafe_wildcard_origin_allowed: true }").start().await;
        for origin in ["null", "https://anything.example"] {
            assert_eq!(allowed(&app.get("/me").origin(origin).await), origin);
        }
    }

    async fn s012_forms_of_foreign_pages_change_nothing(app: AppBuilder) {
        let app = app.config(ORIGINS).start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        let evil = "https://evil.example";
        let form = "application/x-www-form-urlencoded";
        for call in [
            app.post("/logout").cookie(&token).origin(evil),
            app.post("/logout").cookie(&token).origin("null").header("sec-fetch-site", "cross-site"),
            app.post("/logout").cookie(&token).header("sec-fetch-site", "cross-site"),
            app.post("/logout").cookie(&token).origin(evil).body(form, "a=b"),
        ] {
            call.await.assert_error(403, "Forbidden");
        }
        let flow = app.login().await;
        let forged = app.post(&flow.href("continue_with_login_identifier")).origin(evil).body(form, "csrf_token=&email=a");
        assert_eq!(Doc::new(forged.await).outline(), "403 error operation_not_permitted_error");
        assert_eq!(app.get("/sessions/validate").cookie(&token).await.json()["is_valid"], true);

        let own = format!("http://localhost:{}", app.public().port());
        assert_eq!(app.post("/logout").cookie(&token).origin(&own).await.status, 204);
    }

    async fn s012_allowed_pages_and_other_clients_may_sign_out(app: AppBuilder) {
        let app = app.config(ORIGINS).start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        for kind in 0..4 {
            let token = app.token(&ada).await;
            let call = app.post("/logout");
            let call = match kind {
                0 => call.cookie(&token),
                1 => call.cookie(&token).origin(APP).header("sec-fetch-site", "cross-site"),
                2 => call.cookie(&token).origin("https://x.example").header("sec-fetch-site", "same-site"),
                _ => call.bearer(&token).origin("https://evil.example"),
            };
            assert_eq!(call.await.status, 204, "{kind}");
        }
    }
}

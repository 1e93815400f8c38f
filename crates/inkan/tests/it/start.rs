//! `GET /`, its files, `/health/*`, `/.well-known/jwks.json`.

use http::Method;

const HOSTILE: &str = "service: { name: '<script>alert(1)</script>' }";

each_engine! {
    async fn health_and_keys(app: AppBuilder) {
        let app = app.start().await;
        assert_eq!(app.get("/health/alive").await.text(), "{\"alive\":true}\n");
        assert_eq!(app.get("/health/ready").await.text(), "{\"ready\":true}\n");

        let jwks = app.get("/.well-known/jwks.json").await;
        assert_eq!(jwks.header("cache-control"), "max-age=600");
        assert_eq!(jwks.json()["keys"].as_array().unwrap().len(), 1);
        assert!(jwks.json()["keys"][0]["d"].is_null());
    }

    async fn w03_readiness_asks_the_database(app: AppBuilder) {
        let app = app.start().await;
        app.expect_errors();
        app.domain().store.close().await;

        let ready = app.get("/health/ready").await;
        ready.assert_error(503, "Service Unavailable");
        assert_eq!(ready.header("retry-after"), "1");
        assert_eq!(app.get("/health/alive").await.status, 200);
        let page = app.get("/").await;
        assert_eq!((page.status, page.header("content-type").as_str()), (500, "text/html; charset=UTF-8"));
        assert_eq!(app.admin("/health/ready").await.status, 503);
    }

    async fn the_start_page_links_to_the_mailbox_while_there_is_no_smtp_server(app: AppBuilder) {
        let app = app.start().await;
        let page = app.get("/").await;
        assert_eq!((page.status, page.header("content-type").as_str()), (200, "text/html; charset=UTF-8"));
        let html = page.text().replace("&#x2f;", "/");
        assert!(html.contains(&app.running().mailbox_url().unwrap()), "{html}");
    }

    async fn the_start_page_does_not_speak_of_a_mailbox_that_is_not_there(app: AppBuilder) {
        let app = app.config("email_delivery: { smtp: { host: 127.0.0.1, port: 1 } }").start().await;
        assert!(!app.get("/").await.text().contains("mailbox"));
        assert_eq!(app.admin("/mailbox").await.status, 404);
        assert_eq!(app.admin("/mailbox.json").await.status, 404);
    }

    async fn s094_pages_run_nothing_but_their_own_files(app: AppBuilder) {
        let app = app.config(HOSTILE).start().await;
        app.user("ada@example.com").create().await;
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", serde_json::json!({ "email": "ada@example.com" })).await;
        flow.act("continue_to_passcode_confirmation", serde_json::json!({})).await;
        app.deliver().await;

        for page in [app.get("/").await, app.admin("/mailbox").await] {
            let csp = page.header("content-security-policy");
            assert!(csp.starts_with("default-src 'none'; script-src 'self'") && !csp.contains("unsafe"), "{csp}");
            assert!(csp.contains("frame-ancestors 'none'") && csp.contains("base-uri 'none'"), "{csp}");
            assert_eq!(page.header("x-frame-options"), "DENY");
            assert_eq!(page.header("x-content-type-options"), "nosniff");
            assert_eq!(page.header("referrer-policy"), "no-referrer");
            assert!(!page.text().contains("<script>alert"), "{}", page.text());
        }
        assert!(app.admin("/mailbox").await.text().contains("&lt;script&gt;alert"));
    }

    async fn s094_the_script_of_the_page_writes_text_only(app: AppBuilder) {
        let app = app.start().await;
        let script = app.get("/assets/signin.js").await;
        assert_eq!(script.header("content-type"), "text/javascript; charset=UTF-8");
        for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc"] {
            assert!(!script.text().contains(way), "{way}");
        }
        assert_eq!(app.get("/assets/signin.css").await.header("content-type"), "text/css; charset=UTF-8");
    }

    async fn s090_a_foreign_host_header_gets_into_no_page_mail_or_header(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let poison = |call: crate::support::Call| {
            call.header("host", "evil.example").header("x-forwarded-host", "evil.example").header("forwarded", "host=evil.example")
        };
        for path in ["/", "/.well-known/jwks.json", "/me", "/sessions/validate", "/nothing"] {
            let reply = poison(app.get(path)).await;
            assert!(!format!("{:?}{}", reply.headers, reply.text()).contains("evil.example"), "{path}");
        }
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", serde_json::json!({ "email": "ada@example.com" })).await;
        let body = serde_json::json!({ "csrf_token": flow.doc.csrf() });
        let href = flow.href("continue_to_passcode_confirmation");
        let reply = poison(app.call(Method::POST, &href)).json(&body).await;
        assert!(reply.status == 200 && !reply.text().contains("evil.example"), "{}", reply.text());
        let mails = app.mails("ada@example.com").await;
        assert!(!mails.is_empty() && mails.iter().all(|mail| !mail.html.contains("evil.example")));
    }
}

//! What holds for all paths: methods, unknown paths, request ids, the access log, odd headers; and the rows of spec 13 §16
//! that are about requests in general.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Doc, raw};

/// Every path of the public API with its methods.
const ROUTES: [(&str, &str); 12] = [
    ("/", "GET,HEAD"),
    ("/assets/signin.js", "GET,HEAD"),
    ("/assets/signin.css", "GET,HEAD"),
    ("/health/alive", "GET,HEAD"),
    ("/health/ready", "GET,HEAD"),
    ("/.well-known/jwks.json", "GET,HEAD"),
    ("/.well-known/webauthn", "GET,HEAD"),
    ("/login", "POST"),
    ("/registration", "POST"),
    ("/me", "GET,HEAD"),
    ("/logout", "POST"),
    ("/sessions/validate", "GET,HEAD,POST"),
];

each_engine! {
    async fn s098_unknown_paths_and_methods_say_nothing_but_that(app: AppBuilder) {
        let app = app.start().await;
        for path in [
            "/nothing", "/login/", "/Login", "/%6Cogin", "/login/x", "/..", "/../etc/passwd", "/health", "/me/",
            "/mailbox", "/mailbox.json", "/assets/", "/assets/../login", "/.env", "/login%00",
        ] {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "TRACE", "PURGE"] {
                let reply = app.call(Method::from_bytes(method.as_bytes()).unwrap(), path).await;
                if method == "HEAD" {
                    assert_eq!((reply.status, reply.body.len()), (404, 0), "{path}");
                } else {
                    reply.assert_error(404, "Not Found");
                }
            }
        }
        for (path, methods) in ROUTES {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE"] {
                let reply = app.call(Method::from_bytes(method.as_bytes()).unwrap(), path).await;
                if methods.split(',').any(|known| known == method) {
                    assert!(reply.status != 404 && reply.status < 500, "{method} {path}: {}", reply.status);
                } else {
                    reply.assert_error(405, "Method Not Allowed");
                    assert_eq!(reply.header("allow"), format!("{methods},OPTIONS"), "{method} {path}");
                }
                assert_eq!(reply.header("server"), "");
            }
        }
    }

    async fn head_is_answered_like_get_without_a_body(app: AppBuilder) {
        let app = app.start().await;
        for path in ["/", "/health/ready", "/.well-known/jwks.json", "/sessions/validate"] {
            let (head, get) = (app.call(Method::HEAD, path).await, app.get(path).await);
            assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
            assert_eq!(head.header("content-type"), get.header("content-type"));
            assert_eq!(head.header("content-length"), get.header("content-length"));
        }
    }

    async fn w20_request_ids_are_taken_over_only_if_harmless(app: AppBuilder) {
        let app = app.start().await;
        let id = async |id: &[u8]| app.get("/me").add_header("x-request-id", id).await.header("x-request-id");
        assert_eq!(id(b"trace-17/a").await, "trace-17/a");
        for odd in [&b""[..], b"a b", b"\xff", &[b'x'; 129]] {
            let own = id(odd).await;
            assert!(own.len() == 32 && own.bytes().all(|byte| byte.is_ascii_alphabetic()), "{own}");
        }
    }

    async fn w20_each_request_is_logged_once_without_its_query(app: AppBuilder) {
        let app = app.start().await;
        app.get("/me?code=secret-in-query").bearer("secret-in-header").header("x-request-id", "once").await;
        app.get("/health/ready").header("x-request-id", "probe").await;
        app.get("/x").header("user-agent", "evil\\\"\u{85} agent").header("x-request-id", "agent").await;

        let log = app.log.text();
        let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of = |id: &str| lines.iter().filter(|line| line["fields"]["request.id"] == id).collect::<Vec<_>>();
        assert_eq!(of("once").len(), 1, "{log}");
        assert_eq!(of("once")[0]["fields"]["http.path"], "/me");
        assert_eq!(of("once")[0]["fields"]["client.address"], "203.0.113.1");
        assert_eq!((of("probe").len(), of("agent").len()), (0, 1));
        assert!(!log.contains("secret-in-"), "{log}");
    }

    async fn w20_health_requests_are_logged_when_wished(app: AppBuilder) {
        let app = app.config("log: { log_health_and_metrics: true }").start().await;
        app.get("/health/ready").header("x-request-id", "probe").await;
        assert!(app.log.text().contains("\"request.id\":\"probe\""));
    }

    async fn s089_the_client_address_comes_from_trusted_hops_only(app: AppBuilder) {
        let app = app.start().await;
        let seen = async |value: &[u8]| {
            let reply = app.get("/me").ip("").add_header("x-real-ip", b"6.6.6.6").add_header("forwarded", b"for=7.7.7.7");
            let id = reply.add_header("x-forwarded-for", value).await.header("x-request-id");
            let log = app.log.text();
            let line = log.lines().find(|line| line.contains(&id)).unwrap();
            let line: Value = serde_json::from_str(line).unwrap();
            line["fields"]["client.address"].as_str().unwrap().to_owned()
        };
        assert_eq!(seen(b"8.8.8.8, 1.2.3.4, 127.0.0.9").await, "1.2.3.4");
        assert_eq!(seen(b"garbage, 1.2.3.4").await, "1.2.3.4");
        assert_eq!(seen(b"1.2.3.4, garbage").await, "127.0.0.1");
        assert_eq!(seen(b"1.2.3.4, \xff").await, "127.0.0.1");
    }

    async fn s089_an_unreadable_address_does_not_skip_the_limits(app: AppBuilder) {
        let app = app.config("rate_limiter: { password_limits: { tokens: 2, interval: 1m } }").start().await;
        app.user("ada@example.com").password("correct horse").create().await;
        let mut outlines = Vec::new();
        for attempt in 0..6 {
            let mut flow = app.login().ip(&format!("9.9.9.{attempt}, garbage{attempt}")).await;
            flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
            flow.act("continue_to_password_login", json!({})).await;
            outlines.push(flow.act("password_login", json!({ "password": "wrong horse" })).await.status);
        }
        assert!(outlines[..2].iter().all(|status| *status == 400 || *status == 401), "{outlines:?}");
        assert!(outlines[2..].iter().all(|status| *status == 429), "{outlines:?}");
    }

    async fn s124_odd_headers_are_never_a_server_error(app: AppBuilder) {
        let app = app.start().await;
        let long = vec![b'a'; 20_000];
        let values: [&[u8]; 8] =
            [b"", b"\xff\xfe\x80", b";;;,,,===", b"Bearer", b"Bearer \xf0\x9f", b"\"", b"q=;q=9;*", &long];
        for name in ["authorization", "cookie", "content-type", "accept-language", "x-language", "accept", "origin"] {
            for value in values {
                for (method, path) in
                    [("POST", "/login"), ("GET", "/me"), ("POST", "/sessions/validate"), ("POST", "/logout")]
                {
                    let call = app.call(Method::from_bytes(method.as_bytes()).unwrap(), path);
                    let call = call.body("application/json", "{}").header(name, "x").add_header(name, value);
                    let reply = call.add_header(name, value).await;
                    assert!(reply.status < 500, "{method} {path} {name}: {value:?}: {}", reply.status);
                }
            }
        }
        assert!(raw(&app, b"GET / HTTP/1.1\r\nHost: a\r\nX\x01: y\r\n\r\n").await.starts_with("HTTP/1.1 400"));
        assert!(raw(&app, b"\x16\x03\x01\x02\x00").await.starts_with("HTTP/1.1 400"));
        assert_eq!(app.get("/health/ready").await.status, 200);
    }

    async fn s092_hostile_json_is_refused(app: AppBuilder) {
        let app = app.start().await;
        let flow = app.login().await;
        let csrf = flow.doc.csrf();
        let texts = [
            "[".repeat(10_000),
            "{\"a\":".repeat(10_000),
            format!("{{\"csrf_token\":\"{csrf}\",\"input_data\":{{\"email\":{}1{}}}}}", "[".repeat(200), "]".repeat(200)),
            "NaN".to_owned(),
            "{\"session_token\":NaN}".to_owned(),
            "{\"session_token\":\"\\ud800\",\"csrf_token\":\"\\ud800\"}".to_owned(),
            format!("{{\"session_token\":{0},\"csrf_token\":{0}}}", "9".repeat(30_000)),
            format!("{{\"x\":{}}}", "9".repeat(1_000_000)),
            "{\"csrf_token\":\"a\",\"csrf_token\":\"b\"}".to_owned(),
            "\u{feff}{}".to_owned(),
            "{}{}".to_owned(),
            "\0".to_owned(),
        ];
        for text in texts {
            let start: String = text.chars().take(20).collect();
            let action = app.post(&flow.href("continue_with_login_identifier")).body("application/json", text.clone()).await;
            let action = Doc::new(action);
            assert!((400..500).contains(&action.status), "{start}: {}", action.status);
            let validate = app.post("/sessions/validate").body("application/json", text).await;
            assert!((400..500).contains(&validate.status), "{start}: {}", validate.status);
        }
        let number = "9".repeat(10_000_000);
        let head = format!("POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", number.len());
        assert!(raw(&app, head.as_bytes()).await.starts_with("HTTP/1.1 413"));
        let invalid_utf8 = app.post("/login?action=x%40y").body("application/json", &b"{\"a\":\"\xff\"}"[..]).await;
        assert_eq!(Doc::new(invalid_utf8).outline(), "400 error form_data_invalid_error");
    }

    async fn c01_flow_paths_always_answer_with_a_flow_document(app: AppBuilder) {
        let app = app.limits(|limits| limits.body = 1000).start().await;
        let flow = app.login().await;
        let href = flow.href("continue_with_login_identifier");
        let big = format!("{{\"csrf_token\":\"{}\"}}", "x".repeat(2000));
        let many = (0..150).fold(app.post("/login"), |call, number| call.add_header(&format!("x-{number}"), b"y"));
        for (reply, status) in [
            (app.post(&href).body("application/json", "{").await, 400),
            (app.post(&href).body("text/plain", "{}").await, 400),
            (app.post("/login?action=nonsense").await, 400),
            (app.post("/login?action=%zz").await, 400),
            (app.post("/login?action=x%4001a20ff1-5f60-7c78-8a74-0c40af66ff15").await, 403),
            (app.post(&href).body("application/json", "{}").await, 403),
            (app.post(&href).body("application/json", big.clone()).await, 413),
            (app.post("/registration").body("application/json", big).await, 413),
            (many.await, 431),
        ] {
            let doc = Doc::new(reply);
            assert_eq!(doc.status, status, "{}", doc.json);
            assert!(!doc.error().is_empty());
        }
    }

    async fn c03_an_empty_body_with_the_json_type_is_no_error(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        assert_eq!(Doc::new(app.post("/login").body("application/json", "").await).outline(), "200 preflight");
        let token = app.token(&ada).await;
        assert_eq!(app.get("/sessions/validate").body("application/json", "").cookie(&token).await.status, 200);
        assert_eq!(app.post("/logout").body("application/json", "").cookie(&token).await.status, 204);
    }

    async fn c04_any_language_header_is_tolerated(app: AppBuilder) {
        let app = app.start().await;
        let long = vec![b'x'; 10_000];
        for language in [&b"undefined"[..], b"", b"\xff", b"de;q=zzz", &long] {
            assert_eq!(app.post("/login").add_header("x-language", language).await.status, 200);
        }
        let mut subjects = Vec::new();
        for (address, language, accepted) in
            [("a@example.com", "undefined", "de"), ("b@example.com", "de-AT", "en"), ("c@example.com", "xx", "")]
        {
            let flow = app.registration().await;
            let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": { "email": address } });
            let call = app.post(&flow.href("register_login_identifier")).json(&body);
            assert_eq!(call.header("x-language", language).header("accept-language", accepted).await.status, 200);
            subjects.push(app.mails(address).await[0].subject.replace(&app.code(address).await, "CODE"));
        }
        assert!(subjects[0] == subjects[1] && subjects[0] != subjects[2], "{subjects:?}");
    }

    async fn c05_an_href_is_relative_and_stable(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let mut flow = app.login().await;
        let href = flow.href("continue_with_login_identifier");
        assert!(href.starts_with("/login?action=continue_with_login_identifier%40"), "{href}");
        flow.act("continue_with_login_identifier", json!({ "email": "" })).await;
        assert_eq!(flow.href("continue_with_login_identifier"), href);

        // A base with a slash at its end: `http://host/` + `/login?…`.
        let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": { "email": "ada@example.com" } });
        let doc = Doc::new(app.post(&format!("/{href}")).json(&body).await);
        assert_eq!(doc.outline(), "200 login_method_chooser");
    }

    async fn c06_undeclared_inputs_are_ignored_and_null_is_missing(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let mut flow = app.login().await;
        let missing = flow.act("continue_with_login_identifier", json!({ "email": null, "more": 1 })).await;
        assert_eq!(missing.outline(), "400 login_init form_data_invalid_error email=value_missing_error");
        let found =
            flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com", "more": { "x": [] } })).await;
        assert_eq!(found.outline(), "200 login_method_chooser");
    }
}

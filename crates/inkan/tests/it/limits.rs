//! What one client may take of the server (score item 91, spec 01 W12), and what an overloaded or broken server says.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Doc, raw};

const SHORT: Duration = Duration::from_millis(200);

each_engine! {
    async fn s091_a_big_body_is_refused_before_it_is_sent(app: AppBuilder) {
        let app = app.start().await;
        let head = "POST /login HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:8888\r\n\
                    Content-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n{";
        let answer = raw(&app, head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        assert!(answer.contains("access-control-allow-origin: http://localhost:8888"), "{answer}");
        assert!(answer.contains("\"actions\":{}"), "{answer}");
    }

    async fn s091_an_endless_body_is_cut(app: AppBuilder) {
        let app = app.start().await;
        let mut bytes = b"POST /sessions/validate HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for _ in 0..20 {
            bytes.extend_from_slice(b"4000\r\n");
            bytes.extend_from_slice(&[b'x'; 0x4000]);
            bytes.extend_from_slice(b"\r\n");
        }
        let answer = raw(&app, &bytes).await;
        assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("connection: close"), "{answer}");
    }

    async fn s091_a_slow_body_is_not_waited_for(app: AppBuilder) {
        let app = app.limits(|limits| limits.body_timeout = SHORT).start().await;
        let head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
        let answer = raw(&app, head).await;
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"status\":408"), "{answer}");
    }

    async fn s091_a_slow_head_is_not_waited_for(app: AppBuilder) {
        let app = app.limits(|limits| limits.head_timeout = SHORT).start().await;
        assert_eq!(raw(&app, b"GET / HTTP/1.1\r\nHost: lo").await, "");
        assert_eq!(raw(&app, b"").await, "");
    }

    async fn s091_a_connection_may_pause_for_longer_than_a_head_may_take(app: AppBuilder) {
        let app = app.limits(|limits| limits.head_timeout = SHORT).start().await;
        let mut stream = TcpStream::connect(app.public()).await.unwrap();
        for _ in 0..2 {
            stream.write_all(b"GET /health/alive HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
            let mut answer = [0; 2048];
            let read = stream.read(&mut answer).await.unwrap();
            assert!(answer[..read].starts_with(b"HTTP/1.1 200"));
            tokio::time::sleep(SHORT * 2).await;
        }
    }

    async fn s091_many_headers_are_refused(app: AppBuilder) {
        let app = app.start().await;
        for lines in [150, 1000] {
            let headers = "X-Same: y\r\n".repeat(lines);
            let answer = raw(&app, format!("POST /login HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n").as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        }
        let large = format!("GET /me HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: {}\r\n\r\n", "y".repeat(40_000));
        assert!(raw(&app, large.as_bytes()).await.starts_with("HTTP/1.1 431"));
    }

    async fn s091_silent_connections_keep_nobody_out(app: AppBuilder) {
        let app = app.limits(|limits| limits.connections = 20).start().await;
        let mut silent = Vec::new();
        for number in 0..200 {
            let mut stream = TcpStream::connect(app.public()).await.unwrap();
            if number % 2 == 0 {
                stream.write_all(b"GET / HT").await.unwrap();
            }
            silent.push(stream);
        }
        for _ in 0..20 {
            assert_eq!(app.get("/health/ready").await.status, 200);
        }
    }

    async fn s091_too_many_requests_at_once_are_turned_away_at_once(app: AppBuilder) {
        let app = app.limits(|limits| limits.requests = 0).start().await;
        let flow = Doc::new(app.post("/login").origin("http://localhost:8888").await);
        assert_eq!(flow.outline(), "503 error technical_error");
        assert_ne!(flow.header("retry-after"), "");
        assert_eq!(flow.header("access-control-allow-origin"), "http://localhost:8888");
        let rest = app.get("/me").await;
        rest.assert_error(503, "Service Unavailable");
        assert_ne!(rest.header("retry-after"), "");
        assert_eq!(app.get("/health/alive").await.status, 200);
    }

    async fn c02_a_client_hears_of_an_overloaded_server_before_it_gives_up(app: AppBuilder) {
        assert!(inkan_api::Limits::default().deadline < Duration::from_secs(13));
        let app = app.limits(|limits| limits.deadline = Duration::ZERO).start().await;
        let doc = Doc::new(app.post("/login?action=back%4001a20ff1-5f60-7c78-8a74-0c40af66ff15").await);
        assert_eq!(doc.outline(), "503 error technical_error");
    }

    async fn w12_trouble_of_the_database_is_503_everywhere(app: AppBuilder) {
        let app = app.start().await;
        app.expect_errors();
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        let flow = app.login().await;
        app.domain().store.close().await;

        let doc = flow.send("continue_with_login_identifier", &serde_json::json!({ "csrf_token": flow.doc.csrf() })).await;
        assert_eq!(doc.outline(), "503 error technical_error");
        assert_ne!(doc.header("retry-after"), "");
        let (me, logout) = (app.get("/me").cookie(&token).await, app.post("/logout").cookie(&token).await);
        for reply in [me, logout] {
            reply.assert_error(503, "Service Unavailable");
            assert_eq!(reply.header("retry-after"), "1");
        }
        let body = serde_json::json!({ "session_token": token });
        assert_eq!(app.post("/sessions/validate").json(&body).await.status, 503);
        assert_eq!(app.get("/sessions/validate").cookie(&token).await.status, 503);
    }
}

//! What operators see: metrics, log lines and traces (spec 11 §9 and §10; score item 115).

#![expect(clippy::float_cmp, reason = "counts are whole numbers")]

use std::{collections::HashMap, fmt::Write as _, sync::atomic::Ordering, time::Duration};

use http::Method;
use inkan_auth::{OutboxWorker, metrics::catalogue};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value as Any, trace::v1::Span,
};
use prost::Message as _;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::support::{Flow, TestApp};

/// The series and their values.
async fn scrape(app: &TestApp) -> HashMap<String, f64> {
    let page = app.admin("/metrics").await;
    assert_eq!(page.status, 200);
    let text = page.text();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let series = lines.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        (series.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
    });
    let all: Vec<(String, f64)> = series.collect();
    let map: HashMap<_, _> = all.iter().cloned().collect();
    assert_eq!(map.len(), all.len(), "a series stands there twice:\n{text}");
    map
}

/// Fails unless the metric, with exactly its labels, is in the catalogue.
#[track_caller]
fn assert_declared(series: &str) {
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let labels = labels.trim_end_matches('}').split("\",").filter(|label| !label.is_empty());
    let labels: Vec<&str> =
        labels.map(|label| label.split_once('=').unwrap().0).filter(|name| *name != "le").collect();
    let base = |suffix| name.strip_suffix(suffix).unwrap_or(name);
    let names = [name, base("_bucket"), base("_sum"), base("_count")];
    let metric = catalogue::ALL.iter().find(|metric| names.contains(&metric.name));
    assert_eq!(metric.map(|metric| metric.labels), Some(&labels[..]), "{series}");
}

async fn begin_with_code(app: &TestApp, address: &str) {
    let mut flow: Flow<'_> = app.login().await;
    flow.act("continue_with_login_identifier", json!({ "email": address })).await;
    if flow.doc.name() == "login_method_chooser" {
        flow.act("continue_to_passcode_confirmation", json!({})).await;
    }
    assert_eq!(flow.doc.name(), "passcode_confirmation");
}

/// Waits for what happens in the background.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not happen");
}

/// Takes requests like a collector; what they carry comes out.
async fn collector() -> (String, tokio::sync::mpsc::UnboundedReceiver<ExportTraceServiceRequest>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/otel/", listener.local_addr().unwrap());
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            let (head, length) = loop {
                assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
                let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
                let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
                let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
                let length: usize = length.trim().parse().unwrap();
                if bytes.len() >= end + 4 + length {
                    break (head, length);
                }
            };
            assert!(head.starts_with("post /otel/v1/traces http/1.1"), "{head}");
            assert!(head.contains("content-type: application/x-protobuf"), "{head}");
            let body = &bytes[bytes.len() - length..];
            sender.send(ExportTraceServiceRequest::decode(body).unwrap()).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        }
    });
    (endpoint, receiver)
}

fn attributes(span: &Span) -> Value {
    let value = |any: &Any| match any {
        Any::StringValue(text) => json!(text),
        Any::IntValue(whole) => json!(whole),
        other => panic!("{other:?}"),
    };
    let all = span.attributes.iter();
    all.map(|one| (one.key.clone(), value(one.value.as_ref().unwrap().value.as_ref().unwrap()))).collect()
}

each_engine! {
    async fn metrics_are_for_operators_only(app: AppBuilder) {
        let hash = inkan_config::ApiKeyHash::from(inkan_crypto::sha256(b"the-key")).to_string();
        let app = app.config(&format!("admin: {{ api_keys: ['{hash}'] }}")).start().await;
        app.admin("/metrics").await.assert_error(401, "Unauthorized");
        app.get("/metrics").await.assert_error(404, "Not Found");
        let page = app.admin("/metrics").bearer("the-key").await;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        assert_eq!(page.header("cache-control"), "no-store");
    }

    async fn every_series_is_declared(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        app.token(&ada).await;
        begin_with_code(&app, "ada@example.com").await;
        let series = scrape(&app).await;
        for name in series.keys() {
            assert_declared(name);
        }
        let text = app.admin("/metrics").await.text();
        for metric in catalogue::ALL.iter().filter(|metric| metric.labels.is_empty()) {
            assert!(series.contains_key(metric.name), "{} is missing", metric.name);
            let kind = format!("# TYPE {} {}\n", metric.name, metric.kind.as_str());
            assert_eq!(text.matches(&kind).count(), 1, "{kind}");
        }
        assert!(series["process_resident_memory_bytes"] > 1e6 && series["process_open_fds"] > 3.0);
        assert!(series["process_start_time_seconds"] > 1.6e9);
    }

    async fn counters_move(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let eve = app.user("eve@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        for _ in 0..2 {
            app.get("/me").cookie(&token).await;
        }
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": eve.email })).await;
        if flow.doc.name() == "login_method_chooser" {
            flow.act("continue_to_password_login", json!({})).await;
        }
        for _ in 0..6 {
            flow.act("password_login", json!({ "password": "wrong horse" })).await;
        }
        begin_with_code(&app, "ada@example.com").await;
        let queued = scrape(&app).await;
        app.deliver().await;
        let series = scrape(&app).await;
        for (name, expected) in [
            ("inkan_sign_ins_total{method=\"password\"}", 1.0),
            ("inkan_sign_ins_total{method=\"passcode\"}", 0.0),
            ("inkan_account_events_total{event=\"login_success\"}", 1.0),
            ("inkan_limiter_refusals_total{budget=\"passwords_of_client_for_identifier\"}", 1.0),
            ("inkan_session_cache_total{outcome=\"miss\"}", 1.0),
            ("inkan_mails_total{outcome=\"sent\"}", 1.0),
            ("inkan_outbox_messages", 0.0),
            ("inkan_handler_panics_total", 0.0),
            ("inkan_database_refusals_total{kind=\"write\"}", 0.0),
            ("hanko_requests_total{code=\"200\",method=\"GET\",url=\"/me\"}", 2.0),
            ("hanko_request_duration_seconds_count{code=\"200\",method=\"GET\",url=\"/me\"}", 2.0),
            ("inkan_flow_actions_total{flow=\"login\",state=\"login_password\",action=\"password_login\",outcome=\"ok\"}", 1.0),
            ("inkan_flow_actions_total{flow=\"login\",state=\"login_password\",action=\"password_login\",outcome=\"rate_limit_exceeded\"}", 1.0),
        ] {
            assert_eq!(series.get(name).copied(), Some(expected), "{name} in {series:#?}");
        }
        let failures = series.iter().filter(|(name, _)| name.starts_with("inkan_sign_in_failures_total"));
        assert_eq!(failures.map(|(_, count)| count).sum::<f64>(), 5.0, "{series:#?}");
        assert_eq!(queued["inkan_outbox_messages"], 1.0);
        assert!(series["inkan_password_hashes_total"] >= 6.0);
        assert!(series["inkan_database_transactions_total{kind=\"write\"}"] > 5.0);
        assert!(series["inkan_database_seconds_total{kind=\"write\"}"] > 0.0);
    }

    async fn d11_10_a_crawl_makes_no_series(app: AppBuilder) {
        let app = app.start().await;
        let known = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW", "QQ"];
        let before = scrape(&app).await.len();
        for number in 0..1000 {
            let method = match known.get(number % 10) {
                Some(known) => (*known).to_owned(),
                None => format!("ZZ{number}"),
            };
            let path = ["/zz", "/login/zz", "/me/zz", "/.well-known/zz", "//zz"][number % 5];
            let mut path = format!("{path}{number}");
            if number % 3 == 0 {
                write!(path, "?zz{number}=1").unwrap();
            }
            let call = app.call(Method::from_bytes(method.as_bytes()).unwrap(), &path);
            call.header("host", &format!("zz{number}.example")).header("origin", "http://zz.example").await;
        }
        let series = scrape(&app).await;
        assert!(!series.keys().any(|name| name.contains("zz") || name.contains("ZZ")), "{series:#?}");
        let unknown = series.iter().filter(|(name, _)| {
            name.starts_with("hanko_requests_total") && name.contains("url=\"/*\"")
        });
        assert_eq!(unknown.clone().map(|(_, count)| count).sum::<f64>(), 1000.0, "{series:#?}");
        // Six methods and `other`, with one or two statuses each.
        assert!(unknown.count() <= 10, "{series:#?}");
        assert!(series.len() - before < 500, "{} series were made", series.len() - before);
    }

    async fn every_line_of_a_failing_request_carries_its_id(app: AppBuilder) {
        let app = app.start().await;
        app.expect_errors();
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        app.domain().store.close().await;
        app.get("/me").cookie(&token).header("x-request-id", "failing-77").await.assert_error(503, "Service Unavailable");

        let log = app.log.text();
        let line = log.lines().find(|line| line.contains("the database could not serve a request")).unwrap();
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["span"]["request.id"], "failing-77", "{line}");
        assert_eq!(log.lines().filter(|line| line.contains("failing-77")).count(), 2, "{log}");
    }

    async fn no_line_tells_a_secret_or_a_whole_address(app: AppBuilder) {
        let app = app.config("audit_log: { console_output: { enabled: false } }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        app.get("/me").bearer(&token).await;
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
        flow.act("continue_to_passcode_confirmation", json!({})).await;
        let code = app.code("ada@example.com").await;
        flow.act("verify_passcode", json!({ "code": "000000" })).await;
        let done = flow.act("verify_passcode", json!({ "code": code })).await;
        assert_eq!(done.name(), "success");
        app.get(&format!("/me?code={code}&token={token}")).await;

        let log = app.log.text();
        for secret in [&code, &token, &done.token().unwrap(), "correct horse", "ada@example.com", done.csrf()] {
            assert!(!log.contains(secret), "{secret} is in the log");
        }
    }

    async fn s115_a_panic_in_a_worker_is_survived_and_counted(app: AppBuilder) {
        let trap = app.trap();
        let app = app.workers().start().await;
        app.expect_errors();
        app.user("ada@example.com").create().await;
        trap.clock.store(true, Ordering::SeqCst);
        app.domain().store.outbox_wakeups().notify_one();
        until("the panic", || app.log.text().contains("background work panicked and is tried again")).await;

        begin_with_code(&app, "ada@example.com").await;
        let mailbox = app.running().mailbox().unwrap();
        until("the delivery", || mailbox.list().iter().any(|mail| mail.to == "ada@example.com")).await;
        let series = scrape(&app).await;
        assert_eq!(series["inkan_worker_restarts_total{worker=\"outbox\",reason=\"panic\"}"], 1.0);
    }

    async fn s115_a_panic_while_a_mail_is_sent_is_survived_and_counted(app: AppBuilder) {
        let trap = app.trap();
        let app = app.start().await;
        app.expect_errors();
        app.user("ada@example.com").create().await;
        begin_with_code(&app, "ada@example.com").await;
        trap.rng.store(true, Ordering::SeqCst);
        let worker = OutboxWorker::new(app.running().app.clone(), app.running().mailer.clone());
        worker.run(until("the panic", || app.log.text().contains("the delivery of a mail panicked"))).await;
        assert_eq!(app.queued().await, 1);

        app.clock.advance(Duration::from_secs(31));
        app.deliver().await;
        let series = scrape(&app).await;
        assert_eq!(series["inkan_worker_restarts_total{worker=\"delivery\",reason=\"panic\"}"], 1.0);
        assert_eq!(series["inkan_outbox_messages"], 0.0);
    }

    async fn s115_a_panic_in_a_handler_is_survived_and_counted(app: AppBuilder) {
        let trap = app.trap();
        let app = app.start().await;
        app.expect_errors();
        trap.rng.store(true, Ordering::SeqCst);
        let doc = app.post("/login").header("x-request-id", "panicking-1").await.json();
        assert_eq!((&doc["status"], &doc["error"]["code"]), (&json!(500), &json!("technical_error")));
        let log = app.log.text();
        let line = log.lines().find(|line| line.contains("a request handler panicked")).unwrap();
        assert!(line.contains("panicking-1"), "{line}");

        assert_eq!(app.login().await.doc.name(), "login_init");
        assert_eq!(scrape(&app).await["inkan_handler_panics_total"], 1.0);
    }

    async fn traces_reach_a_collector(app: AppBuilder) {
        let (endpoint, mut requests) = collector().await;
        let mut app = app.config(&format!("tracing: {{ otlp: {{ endpoint: '{endpoint}' }} }}")).start().await;
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
        let call = app.get("/me?secret=1").header("traceparent", parent).header("x-request-id", "traced-1");
        call.await.assert_error(401, "Unauthorized");
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": "nobody@example.com" })).await;
        app.deliver().await;
        assert!(app.take_running().shutdown().await);

        let mut spans = Vec::new();
        while let Ok(request) = requests.try_recv() {
            let resource = request.resource_spans.into_iter().next().unwrap();
            assert_eq!(resource.resource.unwrap().attributes[0].key, "service.name");
            spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
        let me = &spans[0];
        assert_eq!((me.name.as_str(), me.kind), ("GET /me", 2));
        assert_eq!(me.trace_id[..2], [0x0a, 0xf7]);
        assert_eq!(me.parent_span_id, [0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31]);
        assert_eq!(me.start_time_unix_nano, 1_795_323_600_000_000_000);
        assert!(me.end_time_unix_nano > me.start_time_unix_nano);
        let told = attributes(me);
        assert_eq!(told["http.response.status_code"], 401);
        assert_eq!(told["inkan.request.id"], "traced-1");
        let last = attributes(spans.last().unwrap());
        assert_eq!(last["http.route"], "/login");
        assert_eq!(last["inkan.flow.state"], "login_init");
        assert_eq!(last["inkan.flow.action"], "continue_with_login_identifier");
        assert!(last["inkan.database.us"].as_i64().unwrap() > 0);
        assert_eq!(spans.len(), 4, "{spans:#?}");
    }

    async fn traces_are_sampled_and_a_missing_collector_harms_nobody(app: AppBuilder) {
        let app = app
            .config("tracing: { otlp: { endpoint: 'http://127.0.0.1:9', sample_ratio: 0.25 } }")
            .start()
            .await;
        for _ in 0..200 {
            assert_eq!(app.get("/health/alive").await.status, 200);
        }
        until("the warning", || app.log.text().contains("traces cannot be exported")).await;
        let failed = scrape(&app).await["inkan_trace_spans_total{outcome=\"failed\"}"];
        assert!((20.0..90.0).contains(&failed), "{failed} of 200");
    }
}

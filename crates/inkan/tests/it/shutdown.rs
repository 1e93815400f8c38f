//! The end of the server, in process and as a program (score item 116).

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

each_engine! {
    async fn s116_requests_under_way_are_finished_and_mails_are_sent(app: AppBuilder) {
        let mut app = app.workers().start().await;
        app.user("ada@example.com").create().await;
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
        let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": {} }).to_string();
        let (now, later) = body.split_at(10);
        let mut under_way = TcpStream::connect(app.public()).await.unwrap();
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{now}",
            flow.href("continue_to_passcode_confirmation"),
            body.len()
        );
        under_way.write_all(head.as_bytes()).await.unwrap();
        let idle = TcpStream::connect(app.public()).await.unwrap();
        assert_eq!(app.get("/health/ready").await.status, 200); // so the connections before it were accepted

        let address = app.public();
        let running = app.take_running();
        let mailbox = running.mailbox().unwrap().clone();
        let stopping = tokio::spawn(running.shutdown());
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        under_way.write_all(later.as_bytes()).await.unwrap();
        let mut answer = String::new();
        under_way.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("passcode_confirmation"), "{answer}");
        assert!(stopping.await.unwrap());
        assert_eq!(mailbox.list().len(), 1);
        drop(idle);
    }

    async fn s116_a_terminated_program_loses_nothing(app: AppBuilder) {
        let place = Arc::new(program::Place::new(&app).await);
        let mut server = place.start().await;
        let clients: Vec<_> = (0..8)
            .map(|client| {
                let place = place.clone();
                tokio::spawn(async move {
                    let mut tokens = Vec::new();
                    while let Some(token) = place.register(&format!("u{client}-{}@example.com", tokens.len())).await {
                        tokens.push(token);
                    }
                    tokens
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_secs(1)).await;
        program::terminate(&server).await;
        let status = tokio::time::timeout(Duration::from_secs(31), server.wait()).await.expect("ends in time").unwrap();
        assert_eq!(status.code(), Some(0));

        let _again = place.start().await;
        let mut acknowledged = 0;
        for client in clients {
            for token in client.await.unwrap() {
                assert!(place.is_valid(&token).await);
                acknowledged += 1;
            }
        }
        assert!(acknowledged > 0);
    }
}

/// The program itself, with a configuration file of its own.
mod program {
    use std::{
        fs,
        path::{Path, PathBuf},
        process::Stdio,
        time::Duration,
    };

    use http::{Method, Request};
    use http_body_util::{BodyExt as _, Full};
    use hyper_util::rt::TokioIo;
    use inkan_test_support::{PostgresCluster, TempDir, TestDatabase, temporary_directory};
    use serde_json::{Value, json};
    use tokio::{
        net::{TcpListener, TcpStream},
        process::{Child, Command},
    };

    use crate::support::{AppBuilder, Engine};

    /// A place for the program to run in, again and again.
    pub(super) struct Place {
        directory: TempDir,
        _database: Option<TestDatabase>,
        port: u16,
    }

    impl Place {
        pub(super) async fn new(app: &AppBuilder) -> Self {
            let directory = temporary_directory();
            let database = match app.engine() {
                Engine::Sqlite => None,
                Engine::Postgres => Some(PostgresCluster::shared().await.empty_database().await),
            };
            let port = free_port().await;
            let url = database
                .as_ref()
                .map(|database| format!("database: {{ url: '{}' }}\n", as_url(&database.url())));
            let config = format!(
                "data_dir: {}\n{}server: {{ public: {{ address: '127.0.0.1:{port}' }}, admin: {{ address: '127.0.0.1:{}' }} }}\n\
                 jwt: {{ algorithm: ES256 }}\nemail: {{ require_verification: false }}\naudit_log: {{ console_output: {{ enabled: false }} }}\n",
                directory.path().join("data").display(),
                url.unwrap_or_default(),
                free_port().await,
            );
            fs::write(directory.path().join("config.yaml"), config).unwrap();
            Self { directory, _database: database, port }
        }

        fn config(&self) -> PathBuf {
            self.directory.path().join("config.yaml")
        }

        pub(super) async fn start(&self) -> Child {
            let child = inkan(&self.config()).arg("serve").kill_on_drop(true).spawn().unwrap();
            for _ in 0..600 {
                if inkan(&self.config()).args(["isready", "public"]).status().await.unwrap().success() {
                    return child;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            panic!("the server did not start");
        }

        /// A request; `None` when the server does not take it any more.
        async fn ask(&self, method: Method, path: &str, body: &Value) -> Option<(http::HeaderMap, Value)> {
            let stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
            tokio::spawn(connection);
            let request =
                Request::builder().method(method).uri(path).header("content-type", "application/json");
            let request =
                request.header("host", "localhost").body(Full::new(bytes::Bytes::from(body.to_string())));
            let (parts, body) = sender.send_request(request.unwrap()).await.ok()?.into_parts();
            assert!(parts.status.as_u16() < 500, "{path}: {}", parts.status);
            let body = body.collect().await.expect("an answer that was begun is finished").to_bytes();
            Some((parts.headers, serde_json::from_slice(&body).unwrap()))
        }

        /// One registration; the token of its session if the server said `success`.
        pub(super) async fn register(&self, address: &str) -> Option<String> {
            let (_, mut doc) = self.ask(Method::POST, "/registration", &json!({})).await?;
            for (action, input) in [
                ("register_client_capabilities", json!({ "webauthn_available": false })),
                ("register_login_identifier", json!({ "email": address })),
                ("register_password", json!({ "new_password": "correct horse" })),
                ("skip", json!({})), // no second factor
            ] {
                let href =
                    doc["actions"][action]["href"].as_str().unwrap_or_else(|| panic!("{doc}")).to_owned();
                let body = json!({ "csrf_token": doc["csrf_token"], "input_data": input });
                let (headers, next) = self.ask(Method::POST, &href, &body).await?;
                doc = next;
                if doc["name"] == "success" {
                    let cookie = headers["set-cookie"].to_str().unwrap();
                    return Some(cookie["hanko=".len()..cookie.find(';').unwrap()].to_owned());
                }
            }
            panic!("{doc}");
        }

        pub(super) async fn is_valid(&self, token: &str) -> bool {
            let body = json!({ "session_token": token });
            self.ask(Method::POST, "/sessions/validate", &body).await.unwrap().1["is_valid"] == true
        }
    }

    pub(super) async fn terminate(child: &Child) {
        let id = child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    }

    fn inkan(config: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inkan"));
        command.arg("--config").arg(config).env_clear().stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    async fn free_port() -> u16 {
        TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
    }

    /// `host=/dir user=postgres dbname=x` as a URL.
    fn as_url(address: &str) -> String {
        if address.contains("://") {
            return address.to_owned();
        }
        let part = |name: &str| {
            address.split(' ').find_map(|pair| pair.strip_prefix(name)).unwrap().replace('/', "%2F")
        };
        format!("postgres://{}@{}/{}", part("user="), part("host="), part("dbname="))
    }
}

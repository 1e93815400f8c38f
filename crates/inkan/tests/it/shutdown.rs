//! The end of the server, in process and as a program (score item 116).

use std::time::Duration;

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
}

//! The admin port (decision 16, score item 97).

use inkan_config::ApiKeyHash;
use inkan_crypto::sha256;
use serde_json::json;

use crate::support::TestApp;

async fn mail_to_ada(app: &TestApp) {
    app.user("ada@example.com").create().await;
    let mut flow = app.login().await;
    flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
    flow.act("continue_to_passcode_confirmation", json!({})).await;
    app.deliver().await;
}

each_engine! {
    async fn the_mailbox_shows_mails_to_developers(app: AppBuilder) {
        let app = app.start().await;
        mail_to_ada(&app).await;
        let mails = app.admin("/mailbox.json?to=Ada%40example.com").await.json();
        let code = app.code("ada@example.com").await;
        assert!(mails["mails"][0]["text"].as_str().unwrap().contains(&code), "{mails}");
        assert_eq!(mails["mails"][0]["date"], "2026-11-22T05:00:00Z");
        assert_eq!(app.admin("/mailbox.json?to=eve@example.com").await.json(), json!({ "mails": [] }));
        assert!(app.admin("/mailbox").await.text().contains(&code));
        assert_eq!(app.get("/mailbox.json").await.status, 404);
    }

    async fn s097_with_keys_only_their_holders_get_in(app: AppBuilder) {
        let hash: String = ApiKeyHash::from(sha256(b"the-key")).to_string();
        let app = app.config(&format!("admin: {{ api_keys: ['{hash}'] }}")).start().await;
        for path in ["/", "/mailbox", "/mailbox.json", "/nothing"] {
            app.admin(path).await.assert_error(401, "Unauthorized");
            for key in ["wrong", "", "the-key2", &hash] {
                app.admin(path).bearer(key).await.assert_error(401, "Unauthorized");
            }
        }
        assert_eq!(app.admin("/mailbox.json").bearer("the-key").await.status, 200);
        assert_eq!(app.admin("/health/ready").await.status, 200);
    }

    async fn s097_without_keys_foreign_host_names_are_refused(app: AppBuilder) {
        let app = app.start().await;
        for path in ["/", "/mailbox", "/mailbox.json"] {
            app.admin(path).header("host", "evil.example:8001").await.assert_error(401, "Unauthorized");
            assert_eq!(app.admin(path).header("host", "127.0.0.1:8001").await.status, 200);
        }
    }

    async fn the_admin_port_has_no_cors(app: AppBuilder) {
        let app = app.start().await;
        let reply = app.admin("/mailbox.json").origin("http://localhost:8888").await;
        assert_eq!(reply.header("access-control-allow-origin"), "");
    }
}
